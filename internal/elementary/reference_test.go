package elementary

import (
	"math"
	"math/big"
	"sync"
)

// The references have 200 bits and more, by slow series of package math/big.

const bits = 220

func num(x float64) *big.Float       { return new(big.Float).SetPrec(bits).SetFloat64(x) }
func add(a, b *big.Float) *big.Float { return new(big.Float).SetPrec(bits).Add(a, b) }
func sub(a, b *big.Float) *big.Float { return new(big.Float).SetPrec(bits).Sub(a, b) }
func mul(a, b *big.Float) *big.Float { return new(big.Float).SetPrec(bits).Mul(a, b) }
func div(a, b *big.Float) *big.Float { return new(big.Float).SetPrec(bits).Quo(a, b) }

func small(term, sum *big.Float) bool {
	return term.Sign() == 0 || sum.Sign() != 0 && term.MantExp(nil) < sum.MantExp(nil)-bits
}

var bigLn2 = sync.OnceValue(func() *big.Float { return atanhSeries(div(num(1), num(3))) })

// atanhSeries is 2·atanh(s).
func atanhSeries(s *big.Float) *big.Float {
	z, p, sum := mul(s, s), s, s
	for n := 3.0; ; n += 2 {
		p = mul(p, z)
		term := div(p, num(n))
		if sum = add(sum, term); small(term, sum) {
			return mul(num(2), sum)
		}
	}
}

var bigPi = sync.OnceValue(func() *big.Float { // Machin: π/4 = 4·atan(1/5) − atan(1/239)
	atan := func(n float64) *big.Float {
		x := div(num(1), num(n))
		z, p, sum := mul(x, x), x, x
		for k := 3.0; ; k += 2 {
			p = mul(p, z)
			term := div(p, num(k))
			if int(k)%4 == 3 {
				term.Neg(term)
			}
			if sum = add(sum, term); small(term, sum) {
				return sum
			}
		}
	}
	return mul(num(4), sub(mul(num(4), atan(5)), atan(239)))
})

func bigExp(x *big.Float) *big.Float {
	f, _ := div(x, bigLn2()).Float64()
	n := math.Round(f)
	r := sub(x, mul(num(n), bigLn2()))
	term, sum := num(1), num(1)
	for k := 1.0; ; k++ {
		term = div(mul(term, r), num(k))
		if sum = add(sum, term); small(term, sum) {
			return sum.SetMantExp(sum, int(n))
		}
	}
}

func bigLog(x *big.Float) *big.Float {
	m := new(big.Float).SetPrec(bits)
	e := x.MantExp(m)
	if m.Cmp(num(math.Sqrt2/2)) < 0 {
		m, e = mul(m, num(2)), e-1
	}
	return add(mul(num(float64(e)), bigLn2()), atanhSeries(div(sub(m, num(1)), add(m, num(1)))))
}

// bigSin is sin(x + quarters·π/2).
func bigSin(x float64, quarters int) *big.Float {
	half := mul(bigPi(), num(0.5))
	f, _ := div(num(x), half).Float64()
	n := math.Round(f)
	r := sub(num(x), mul(num(n), half))
	quarters = (quarters + int(math.Mod(n, 4)) + 8) % 4
	term, sum, k := r, r, 1.0
	if quarters%2 == 1 {
		term, sum, k = num(1), num(1), 0
	}
	for z := mul(r, r); ; k += 2 {
		term = div(mul(term, z), num(-(k+1)*(k+2)))
		if sum = add(sum, term); small(term, sum) {
			break
		}
	}
	if quarters >= 2 {
		return sum.Neg(sum)
	}
	return sum
}

// bigErf is 2/√π·e^(−x²)·Σ 2ⁿ·x^(2n+1)/(2n+1)!!
func bigErf(x *big.Float) *big.Float {
	z := mul(x, x)
	term, sum := x, x
	for k := 3.0; ; k += 2 {
		term = div(mul(mul(term, z), num(2)), num(k))
		if sum = add(sum, term); small(term, sum) {
			break
		}
	}
	root := new(big.Float).SetPrec(bits).Sqrt(bigPi())
	return mul(div(mul(num(2), sum), root), bigExp(mul(num(-1), z)))
}

// bigErfcx is e^(x²)·erfc(x), x ≥ 0: beyond 3 by Laplace's continued fraction.
func bigErfcx(x float64) *big.Float {
	if x < 3 {
		return mul(bigExp(mul(num(x), num(x))), sub(num(1), bigErf(num(x))))
	}
	f := num(x)
	for k := 400.0; k > 0; k-- {
		f = add(num(x), div(num(k/2), f))
	}
	return div(num(1), mul(f, new(big.Float).SetPrec(bits).Sqrt(bigPi())))
}

func bigErfc(x float64) *big.Float {
	if x < 0 {
		return sub(num(2), bigErfc(-x))
	}
	return mul(bigErfcx(x), bigExp(mul(num(-x), num(x))))
}

// bigErfinv is one step of Newton from a float64 that is almost there.
func bigErfinv(y float64) *big.Float {
	x := math.Erfinv(y)
	off := sub(sub(num(1), num(y)), bigErfc(x))
	return sub(num(x), div(off, div(mul(num(2), bigExp(mul(num(-x), num(x)))), new(big.Float).SetPrec(bits).Sqrt(bigPi()))))
}

// bigLgamma moves x beyond 60 and takes Stirling's series there.
func bigLgamma(v float64) *big.Float {
	x, shift := num(v), num(1)
	for ; x.Cmp(num(60)) < 0; x = add(x, num(1)) {
		shift = mul(shift, x)
	}
	sum := mul(num(0.5), bigLog(mul(num(2), bigPi())))
	sum = add(sum, sub(mul(sub(x, num(0.5)), bigLog(x)), x))
	bernoulli := [][2]float64{{1, 6}, {-1, 30}, {1, 42}, {-1, 30}, {5, 66}, {-691, 2730}, {7, 6}, {-3617, 510}, {43867, 798}, {-174611, 330}, {854513, 138}, {-236364091, 2730}}
	power := div(num(1), x)
	for i, b := range bernoulli {
		k := float64(2 * (i + 1))
		sum = add(sum, mul(power, div(num(b[0]), num(b[1]*k*(k-1)))))
		power = div(power, mul(x, x))
	}
	return sub(sum, bigLog(shift))
}

// ulps is how far a result is from its reference, in units in the last place of the reference.
func ulps(got float64, want *big.Float) float64 {
	if want.Sign() == 0 {
		return math.Abs(got) / 0x1p-1074
	}
	unit := max(want.MantExp(nil)-53, -1074)
	off, _ := new(big.Float).SetMantExp(sub(num(got), want), -unit).Float64()
	return math.Abs(off)
}
