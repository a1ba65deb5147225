package kernel

import (
	"math"
	"testing"

	"github.com/klauspost/cpuid/v2"

	"slm/model/kernel/internal/amx"
	"slm/model/kernel/internal/avx512"
)

// tileArena needs AMX: what is checked here is written for its layouts.
func tileArena(t *testing.T) *arena {
	t.Helper()
	if _, err := openAMX(); err != nil {
		t.Skip(err)
	}
	return newArena(t)
}

// vectorArena needs vectors that convert to bf16, but no tiles.
func vectorArena(t *testing.T) *arena {
	t.Helper()
	if !avx512Level.supported() || !cpuid.CPU.Has(cpuid.AVX512BF16) {
		t.Skip("this machine has no vectors that convert to bf16")
	}
	return newArena(t)
}

// half is what v becomes in bf16 by the processor's own rounding, which takes denormals for 0.
func half(v float64) float64 { return float64(widenBF16(roundBF16(float32(v)))) }

const (
	halfStep  = 0x1p-8 // of bf16, relative
	roughExp2 = 4e-6   // of the polynomial of 2^f, and of float32 around it
	denormal  = 0x1p-126
)

// A row sees all keys before its block and those of the block up to itself; beyond, shares are 0, whatever the scores there are.
func TestAttnShares_EqualTheirReference(t *testing.T) {
	a := vectorArena(t)
	for _, c := range []struct{ first, seen, rows int }{{0, 0, 32}, {0, 32, 32}, {64, 32, 7}, {128, 0, 1}} {
		a.start(uint64(c.first+c.rows), c.rows%2 == 1)
		keys := c.first + queryBlock
		panels := keys / tileSide
		s := make([]float32, panels*scorePanel)
		for i := range s {
			s[i] = float32(a.rng.NormFloat64() * 30)
		}
		s[(panels-1)*scorePanel+31] = float32(math.NaN()) // row 0 never sees the last key
		score := func(row, key int) float64 { return float64(s[key/tileSide*scorePanel+row*tileSide+key%tileSide]) }
		p, high, sum := a.halves(c.rows*keys), a.floats(c.rows), a.floats(c.rows)
		const scale = 0.18
		avx512.AttnShares(&p[0], &s[0], &high[0], &sum[0], c.first, c.seen, c.rows, scale)
		a.intact()
		for i := range c.rows {
			valid := c.first + c.seen + i + 1
			top, total := math.Inf(-1), 0.0
			for k := range valid {
				top = max(top, score(i, k))
			}
			near(t, "maximum", i, high[i], top*float64(float32(scale)), 1e-7, 0)
			for k := range keys {
				want := 0.0
				if k < valid {
					want = math.Exp2(float64(float32(scale))*score(i, k) - float64(high[i]))
					total += want
				}
				near(t, "share", k, widenBF16(p[i*keys+k]), want, halfStep, denormal)
			}
			near(t, "sum", i, sum[i], total, roughExp2, 0)
		}
	}
}

// attnGrad's results lie as operands of the next products: P and dS as panels, dS as rows as well.
func TestAttnGrad_EqualsItsReference(t *testing.T) {
	a := tileArena(t)
	const hd, ld, scale2, scale = tileHead, tileHead + 32, 0.18, 0.125
	for _, first := range []int{0, 64, 128} {
		a.start(uint64(first), first == 64)
		keys := first + queryBlock
		q, do, k, v := a.bf16(queryBlock*ld, 1), a.bf16(queryBlock*ld, 1), a.bf16(keys*hd, 1), a.bf16(keys*hd, 1)
		stats := a.floats(2 * queryBlock)
		for i := range queryBlock {
			stats[i], stats[queryBlock+i] = float32(3+a.rng.Float64()), float32(a.rng.NormFloat64())
		}
		var kT, vT, p, ds amxPanels
		kT.take(k, keys, hd, hd, true)
		vT.take(v, keys, hd, hd, true)
		p.fit(keys, queryBlock)
		ds.fit(keys, queryBlock)
		rows := a.halves(queryBlock * keys)
		var memory []byte
		room := aligned(&memory, 4*stepSize*4)
		amx.AttnGrad(&p.data[0], &ds.data[0], &rows[0], &q[0], &do[0], &kT.data[0], &vT.data[0], &stats[0], &room[0], 2*ld, 2*ld, first, scale2, scale)
		a.intact()
		dot := func(x, y []uint16) (sum float64) {
			for i := range hd {
				sum += float64(widenBF16(x[i])) * float64(widenBF16(y[i]))
			}
			return sum
		}
		for i := range queryBlock {
			for j := range keys {
				var share, grad float64
				if j <= first+i {
					share = math.Exp2(scale2*dot(q[i*ld:], k[j*hd:]) - float64(stats[i]))
					grad = share * (scale*dot(do[i*ld:], v[j*hd:]) - float64(stats[queryBlock+i]))
				}
				at := (j/tileSide*2+i/tileSide)*stepSize + j%tileSide/16*512 + i%tileSide/2*32 + j%16*2 + i%2
				near(t, "P", i*keys+j, widenBF16(p.data[at]), share, halfStep, denormal)
				// the difference cancels: it is as good as float32 sums of its size are
				near(t, "dS in panels", i*keys+j, widenBF16(ds.data[at]), grad, halfStep, 1e-5*share+denormal)
				if rows[i*keys+j] != ds.data[at] {
					t.Fatalf("dS of row %d, key %d: %#x in rows and %#x in panels", i, j, rows[i*keys+j], ds.data[at])
				}
			}
		}
	}
}

func TestAttnProduct_EqualsItsReference(t *testing.T) {
	a := tileArena(t)
	for _, c := range []struct{ strips, panels, steps int }{{1, 1, 1}, {2, 2, 3}, {2, 3, 2}} {
		for _, plus := range []bool{false, true} {
			a.start(uint64(c.panels), plus)
			m, n, k := c.strips*tileSide, c.panels*tileSide, c.steps*tileSide
			left, b := a.bf16(m*k, 1), a.bf16(k*n, 1)
			var right amxPanels
			right.take(b, n, k, n, false)
			sums := a.normal(m*n, 1)
			before := append([]float32(nil), sums...)
			f := amx.AttnProduct
			if plus {
				f = amx.AttnProductPlus
			}
			f(&sums[0], &left[0], &right.data[0], 4*n, 128, 2*k, 64, 32*k, 64*k, 2*c.steps*stepSize, c.steps, c.panels, c.strips)
			a.intact()
			for i := range m {
				for j := range n {
					want := 0.0
					if plus {
						want = float64(before[i*n+j])
					}
					for l := range k {
						want += float64(widenBF16(left[i*k+l])) * float64(widenBF16(b[l*n+j]))
					}
					near(t, "sum", i*n+j, sums[i*n+j], want, 1e-5, 1e-4)
				}
			}
		}
	}
}

func TestHeadRows_EqualTheirReferences(t *testing.T) {
	a := vectorArena(t)
	const hd, ld, rows = tileHead, tileHead + 32, 5
	a.start(7, true)
	src, factors, dst := a.normal(rows*hd, 1), a.normal(rows, 2), a.halves((rows-1)*ld+hd)
	avx512.ScaleRows64(&dst[0], &src[0], &factors[0], 2*ld, rows)
	a.intact()
	for i := range rows {
		for j := range hd {
			near(t, "scaled", i*hd+j, widenBF16(dst[i*ld+j]), half(float64(src[i*hd+j]*factors[i])), 0, denormal)
		}
	}
	a.start(8, false)
	rope := NewRotary(rows, hd, 10000)
	src, dst = a.normal(rows*hd, 1), a.halves((rows-1)*ld+hd)
	avx512.RotateBack64(&dst[0], &src[0], &rope.cos[0], &rope.sin[0], 2*ld, rows)
	a.intact()
	for i := range rows {
		want := make([]uint16, hd)
		ropeToBF16Go(&want[hd/2], &want[0], &src[i*hd+hd/2], &src[i*hd], &rope.Cos(i)[0], &rope.Sin(i)[0], hd/2)
		for j, w := range want {
			near(t, "rotated", i*hd+j, widenBF16(dst[i*ld+j]), float64(widenBF16(w)), halfStep, 1e-6)
		}
	}
	x := a.bf16(3*hd, 1)
	want := append([]uint16(nil), x...)
	avx512.Rotate64(&x[0], &rope.Cos(2)[0], &rope.Sin(2)[0], 3)
	a.intact()
	for at := 0; at < len(x); at += hd {
		ropeBF16Go(&want[at], &want[at+hd/2], &want[at], &want[at+hd/2], &rope.Cos(2)[0], &rope.Sin(2)[0], hd/2)
	}
	for i, w := range want {
		near(t, "rotated head", i, widenBF16(x[i]), float64(widenBF16(w)), halfStep, 1e-6)
	}
	for _, n := range []int{1, 31, 64, 70} {
		a.start(uint64(n), n%2 == 0)
		x, y, dots := a.bf16((rows-1)*ld+n, 1), a.bf16((rows-1)*ld+n, 1), a.floats(rows)
		avx512.RowDotsBF16(dots, &x[0], &y[0], n, ld)
		a.intact()
		for i := range rows {
			want := 0.0
			for j := range n {
				want += float64(widenBF16(x[i*ld+j])) * float64(widenBF16(y[i*ld+j]))
			}
			near(t, "dot", i, dots[i], want, 1e-6, 1e-5)
		}
	}
}

// What lies behind a document's end must not matter: a block that is not full is filled up with zeros.
func TestTileAttention_ReadsItsDocumentOnly(t *testing.T) {
	a := tileArena(t)
	be, err := openAMX()
	if err != nil {
		t.Fatal(err)
	}
	sh := AttnShape{1, 1, tileHead}
	for _, length := range []int{1, 63, 65} {
		a.start(uint64(length), false)
		qkv, dout := a.bf16(length*sh.qkvWidth(), 1), a.bf16(length*sh.outWidth(), 1)
		out, dqkv, lse := a.halves(len(dout)), a.halves(len(qkv)), a.floats(length)
		rope := NewRotary(length, sh.HeadDim, 10000)
		AttendForward(be, sh, qkv, out, lse, length, 0)
		AttendBackward(be, sh, rope, qkv, out, dout, dqkv, lse, length, 0)
		a.intact()
	}
}
