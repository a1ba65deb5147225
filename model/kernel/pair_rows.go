package kernel

import "math"

// Rows of scores of attention in pairs, step by step as the assembly does them. Values are taken 16 at a time; maxima and sums have 16 lanes, which
// are joined by halves. Every product that is added to is one fused step.

// rowLanes is the number of lanes.
const rowLanes = 16

// joinLanes combines lanes 0 … 7 with 8 … 15, then 0 … 3 with 4 … 7, and so on.
func joinLanes(x [rowLanes]float32, combine func(a, b float32) float32) float32 {
	for half := rowLanes / 2; half > 0; half /= 2 {
		for i := range half {
			x[i] = combine(x[i], x[i+half])
		}
	}
	return x[0]
}

// higher is the processor's maximum: b unless a is greater, so that NaN in a is passed over.
func higher(a, b float32) float32 {
	if a > b {
		return a
	}
	return b
}

func plus(a, b float32) float32 { return a + b }

// power2 is 2^t for t below 128, and 2^−125 for what is less; t = n + f with n whole and |f| ≤ ½. The polynomial errs by 7.5e-8.
func power2(t float32) float32 {
	const magic = 3 << 22 // added to, it rounds to a whole number
	t = higher(-125, t)
	z := float32(t + magic)
	f := float32(t - float32(z-magic))
	p := float32(0.0013276471992533978)
	for _, c := range [...]float32{0.009675541334453752, 0.055507132734978495, 0.24022119723839974, 0.6931469670647609, 1.0000000716546849} {
		p = fma32(p, f, c)
	}
	return math.Float32frombits(math.Float32bits(p) + math.Float32bits(z)<<23)
}

// rowSharesGo makes the first n ≥ 1 scores into shares 2^(scale·s − high), rounded to bf16. stats are high, the maximum of scale·s, and the sum of the
// shares before they are rounded. Behind them p has zeros up to the next multiple of 16, as far as s must reach.
func rowSharesGo(p []uint16, s []float32, n int, scale float32, stats *[2]float32) {
	var highest, sum [rowLanes]float32
	for i := range highest {
		highest[i] = float32(math.Inf(-1))
	}
	for i, v := range s[:n] {
		highest[i%rowLanes] = higher(highest[i%rowLanes], v)
	}
	stats[0] = scale * joinLanes(highest, higher)
	for i, v := range s[:n] {
		share := power2(fma32(scale, v, -stats[0]))
		sum[i%rowLanes] += share
		p[i] = roundBF16(share)
	}
	clear(p[n:roundUp16(n)])
	stats[1] = joinLanes(sum, plus)
}

// rowGrad are the numbers of a row that rowGrads takes.
type rowGrad struct{ scale2, shift, scale, mean float32 }

// rowGradsGo computes P = 2^(scale2·s − shift) and dS = P·(scale·dp − mean) of the first n ≥ 1 scores, rounded to bf16, with zeros as rowSharesGo.
func rowGradsGo(p, ds []uint16, s, dp []float32, n int, r rowGrad) {
	for i, v := range s[:n] {
		share := power2(fma32(r.scale2, v, -r.shift))
		p[i], ds[i] = roundBF16(share), roundBF16(share*fma32(r.scale, dp[i], -r.mean))
	}
	clear(p[n:roundUp16(n)])
	clear(ds[n:roundUp16(n)])
}

func roundUp16(n int) int { return (n + 15) &^ 15 }

// binaryLog is log₂ x for normal x > 0 to 1e-11, in steps that every processor rounds alike: x = 2^e·m with m in [√½, √2), and
// ln m = 2·artanh((m−1)/(m+1)).
func binaryLog(x float32) float64 {
	m, e := math.Frexp(float64(x)) // exact
	if m < math.Sqrt2/2 {
		m, e = 2*m, e-1
	}
	s := float64((m - 1) / (m + 1))
	square := float64(s * s)
	series := 0.0
	for n := 13; n > 0; n -= 2 {
		series = float64(1/float64(n)) + float64(square*series)
	}
	return float64(e) + float64(float64(2*log2e*s)*series)
}
