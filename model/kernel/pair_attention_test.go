package kernel

import (
	"math"
	"testing"
)

// scoreRow is a row of n scores and what stands behind them, up to the next 16: numbers that must not count, NaN among them.
func scoreRow(a *arena, n int, sd float64) []float32 {
	s := a.normal(roundUp16(n), sd)
	for i := range s[n:] {
		s[n+i] = float32(math.NaN())
	}
	return s
}

var rowLengths = []int{1, 2, 15, 16, 17, 31, 32, 33, 100}

// checkRowShares demands the reference's bits, and that the reference is a softmax.
func checkRowShares(a *arena) {
	for _, n := range rowLengths {
		for _, sd := range []float64{0, 1, 30, 3000} {
			a.start(uint64(n), n%2 == 1)
			s, p := scoreRow(a, n, sd), a.halves(roundUp16(n))
			want, wantStats := make([]uint16, len(p)), [2]float32{}
			const scale = 0.18
			rowSharesGo(want, s, n, scale, &wantStats)
			var stats [2]float32
			cpu.rowShares(p, s, n, scale, &stats)
			a.intact()
			if stats != wantStats {
				a.t.Fatalf("%d scores: maximum and sum are %v, want %v", n, stats, wantStats)
			}
			top := math.Inf(-1)
			for _, v := range s[:n] {
				top = max(top, float64(v))
			}
			near(a.t, "maximum", n, stats[0], top*float64(float32(scale)), 1e-7, 0)
			for i := range p {
				if p[i] != want[i] {
					a.t.Fatalf("%d scores: share %d is %#x, want %#x", n, i, p[i], want[i])
				}
				exact := 0.0
				if i < n {
					exact = math.Exp2(float64(float32(scale))*float64(s[i]) - float64(stats[0]))
				}
				near(a.t, "share", i, widenBF16(p[i]), exact, 0x1.1p-8, 0x1p-124)
			}
		}
	}
}

func checkRowGrads(a *arena) {
	for _, n := range rowLengths {
		a.start(uint64(n), n%2 == 0)
		s, dp, p, ds := scoreRow(a, n, 20), scoreRow(a, n, 1), a.halves(roundUp16(n)), a.halves(roundUp16(n))
		r := rowGrad{scale2: 0.18, shift: 9, scale: 0.125, mean: 0.01}
		wantP, wantDS := make([]uint16, len(p)), make([]uint16, len(p))
		rowGradsGo(wantP, wantDS, s, dp, n, r)
		cpu.rowGrads(p, ds, s, dp, n, r)
		a.intact()
		for i := range p {
			if p[i] != wantP[i] || ds[i] != wantDS[i] {
				a.t.Fatalf("%d scores: P and dS %d are %#x and %#x, want %#x and %#x", n, i, p[i], ds[i], wantP[i], wantDS[i])
			}
			var share, grad float64
			if i < n {
				share = math.Exp2(float64(r.scale2)*float64(s[i]) - float64(r.shift))
				grad = share * (float64(r.scale)*float64(dp[i]) - float64(r.mean))
			}
			near(a.t, "P", i, widenBF16(p[i]), share, 0x1.1p-8, 0x1p-124)
			near(a.t, "dS", i, widenBF16(ds[i]), grad, 0x1.1p-8, 1e-6*share+0x1p-124)
		}
	}
}

func TestBinaryLog_IsTheLogarithm(t *testing.T) {
	for _, x := range []float32{1, 1.0000001, 1.4142135, 1.4142137, 1.999999, 2, 3, 255.5, 4096, 0.7, 0x1p-126, math.MaxFloat32} {
		if got, want := binaryLog(x), math.Log2(float64(x)); math.Abs(got-want) > 1e-10*max(1, math.Abs(want)) {
			t.Errorf("%g: %.15g, want %.15g", x, got, want)
		}
	}
}

// The class's attention has the same bits at every level: what is between the products, and the products.
func TestPairAttention_HasTheSameBitsAtEveryLevel(t *testing.T) {
	sh, be := AttnShape{2, 1, pairHead}, pairBackend{name: "pair", order: pairByPair}
	for _, length := range []int{1, 31, 70} {
		qkv, dout := elements[uint16](normals(length*sh.qkvWidth(), 1)), elements[uint16](normals(length*sh.outWidth(), 2))
		rope := NewRotary(length, sh.HeadDim, 10000)
		var wantOut, wantGrad []uint16
		eachLevel(t, func(t *testing.T) {
			out, dqkv, lse := make([]uint16, len(dout)), make([]uint16, len(qkv)), make([]float32, length*sh.Heads)
			AttendForward(be, sh, qkv, out, lse, length, 0)
			AttendBackward(be, sh, rope, qkv, out, dout, dqkv, lse, length, 0)
			if wantOut == nil {
				wantOut, wantGrad = out, dqkv
			}
			for i := range out {
				if out[i] != wantOut[i] {
					t.Fatalf("%d tokens: output %d is %#x, and %#x in plain Go", length, i, out[i], wantOut[i])
				}
			}
			for i := range dqkv {
				if dqkv[i] != wantGrad[i] {
					t.Fatalf("%d tokens: gradient %d is %#x, and %#x in plain Go", length, i, dqkv[i], wantGrad[i])
				}
			}
		})
	}
}
