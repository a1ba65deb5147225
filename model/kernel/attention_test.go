package kernel

import (
	"math"
	"testing"
)

// plainAttention is the reference in float64: whole matrices, O(L²), the softmax's Jacobian written out. out is [L, H·hd]; dqkv is the
// gradient of Σ out·dout, [L, (H+2KV)·hd].
func plainAttention(sh AttnShape, theta float64, qkv, dout []float64, length int) (out, lse, dqkv []float64) {
	hd, ld, ow, group := sh.HeadDim, sh.qkvWidth(), sh.outWidth(), sh.Heads/sh.KVHeads
	out, lse, dqkv = make([]float64, length*ow), make([]float64, length*sh.Heads), make([]float64, length*ld)
	scale := 1 / math.Sqrt(float64(hd))
	cut := func(x []float64, row, width, at int) []float64 { return x[row*width+at : row*width+at+hd] }
	dot := func(a, b []float64) (sum float64) {
		for i := range a {
			sum += a[i] * b[i]
		}
		return sum
	}
	axpy := func(y, x []float64, f float64) {
		for i := range y {
			y[i] += f * x[i]
		}
	}
	for head := range sh.Heads {
		qAt, kAt, vAt := head*hd, (sh.Heads+head/group)*hd, (sh.Heads+sh.KVHeads+head/group)*hd
		q, k := make([][]float64, length), make([][]float64, length)
		for i := range length {
			q[i], k[i] = rotate64(cut(qkv, i, ld, qAt), i, theta), rotate64(cut(qkv, i, ld, kAt), i, theta)
		}
		dq, dk := make([]float64, length*hd), make([]float64, length*hd)
		for i := range length {
			p, sum := make([]float64, i+1), 0.0
			for j := range p {
				p[j] = math.Exp(scale * dot(q[i], k[j]))
				sum += p[j]
			}
			lse[i*sh.Heads+head] = math.Log(sum)
			o, do, dp := cut(out, i, ow, head*hd), cut(dout, i, ow, head*hd), make([]float64, i+1)
			mean := 0.0
			for j := range p {
				p[j] /= sum
				v := cut(qkv, j, ld, vAt)
				axpy(o, v, p[j])
				axpy(cut(dqkv, j, ld, vAt), do, p[j])
				dp[j] = dot(do, v)
				mean += p[j] * dp[j]
			}
			for j := range p {
				ds := p[j] * (dp[j] - mean) * scale
				axpy(dq[i*hd:(i+1)*hd], k[j], ds)
				axpy(dk[j*hd:(j+1)*hd], q[i], ds)
			}
		}
		for i := range length { // the gradient rotates back
			axpy(cut(dqkv, i, ld, qAt), rotate64(dq[i*hd:(i+1)*hd], -i, theta), 1)
			axpy(cut(dqkv, i, ld, kAt), rotate64(dk[i*hd:(i+1)*hd], -i, theta), 1)
		}
	}
	return out, lse, dqkv
}

// rootMeanSquare scales the bounds: single elements may be next to nothing.
func rootMeanSquare(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v * v
	}
	return math.Sqrt(sum / float64(len(x)))
}

// counting is the positions of one document.
func counting(n int) []int32 {
	p := make([]int32, n)
	for i := range p {
		p[i] = int32(i)
	}
	return p
}

// checkAttention runs all key heads of one document and compares with the reference. The bounds are shares of the root mean square.
func checkAttention[T Elem](t *testing.T, be Backend, sh AttnShape, length int, forward, backward float64) {
	t.Helper()
	const theta = 10000
	qkv, dout := make([]T, length*sh.qkvWidth()), make([]T, length*sh.outWidth())
	Convert(qkv, normals(len(qkv), uint64(length)))
	Convert(dout, normals(len(dout), uint64(length)+1))
	// What stood in the results before must not matter.
	out, dqkv, lse := make([]T, len(dout)), make([]T, len(qkv)), make([]float32, length*sh.Heads)
	Convert(out, normals(len(out), 3))
	Convert(dqkv, normals(len(dqkv), 4))
	rope := NewRotary(length, sh.HeadDim, theta)
	rotated := append([]T(nil), qkv...)
	ApplyRotary(be, sh, rope, rotated, counting(length))
	for head := range sh.KVHeads {
		AttendForward(be, sh, rotated, out, lse, length, head)
	}
	for head := range sh.KVHeads {
		AttendBackward(be, sh, rope, rotated, out, dout, dqkv, lse, length, head)
	}
	wantOut, wantLSE, wantGrad := plainAttention(sh, theta, widen64(qkv), widen64(dout), length)
	compare := func(what string, got, want []float64, bound float64) {
		t.Helper()
		size := rootMeanSquare(want)
		for i := range want {
			if d := math.Abs(got[i] - want[i]); !(d <= bound*max(size, math.Abs(want[i]))+1e-7) {
				t.Fatalf("%+v, %d tokens: %s[%d] is %g, want %g: off by %.3g of the root mean square %.3g", sh, length, what, i, got[i], want[i], d/size, size)
			}
		}
	}
	compare("out", widen64(out), wantOut, forward)
	compare("lse", widen64(lse), wantLSE, forward)
	compare("dqkv", widen64(dqkv), wantGrad, backward)
}

// Bounds: float32 keeps about six digits through sums of 130 terms. bfloat16 keeps 8 bits, and every operand (rotated keys and
// queries, probabilities, their gradients) is rounded to it once, so errors of a few times 2⁻⁸ are its nature.
func TestAttention_EqualsItsReference(t *testing.T) {
	shapes := []AttnShape{{1, 1, 8}, {4, 2, 6}, {3, 1, 16}}
	eachBackend(t, func(t *testing.T, be Backend) {
		for i, length := range []int{1, 2, 63, 64, 65, 130} {
			sh := shapes[i%len(shapes)]
			if be.Precision() == BF16 {
				checkAttention[uint16](t, be, sh, length, 0.03, 0.06)
			} else {
				checkAttention[float32](t, be, sh, length, 1e-5+4*be.Traits().TermError, 2e-5+8*be.Traits().TermError)
			}
		}
		for _, length := range []int{1, 33, 64, 200} { // heads that have a way of their own on tiles
			if sh := (AttnShape{4, 2, 64}); be.Precision() == BF16 {
				checkAttention[uint16](t, be, sh, length, 0.03, 0.06)
			} else {
				checkAttention[float32](t, be, sh, length, 1e-5+4*be.Traits().TermError, 2e-5+8*be.Traits().TermError)
			}
		}
	})
}

func TestAttention_AKeyHeadWritesItsOwnColumnsOnly(t *testing.T) {
	eachBackend(t, func(t *testing.T, be Backend) {
		if be.Precision() == BF16 {
			checkColumns[uint16](t, be)
		} else {
			checkColumns[float32](t, be)
		}
	})
}

func checkColumns[T Elem](t *testing.T, be Backend) {
	sh, length, kvHead := AttnShape{6, 3, 4}, 70, 1
	qkv, out, dqkv, lse := make([]T, length*sh.qkvWidth()), make([]T, length*sh.outWidth()), make([]T, length*sh.qkvWidth()), make([]float32, length*sh.Heads)
	Convert(qkv, normals(len(qkv), 1))
	const mark = 7
	for _, x := range [][]T{out, dqkv} {
		for i := range x {
			x[i] = mark
		}
	}
	rope := NewRotary(length, sh.HeadDim, 10000)
	AttendForward(be, sh, qkv, out, lse, length, kvHead)
	AttendBackward(be, sh, rope, qkv, out, qkv[:len(out)], dqkv, lse, length, kvHead)
	own := func(x []T, i, width int, heads ...int) {
		t.Helper()
		at := i % width / sh.HeadDim
		mine := false
		for _, h := range heads {
			mine = mine || at == h
		}
		if (x[i] != mark) != mine {
			t.Fatalf("row %d, head column %d: written %v", i/width, at, x[i] != mark)
		}
	}
	for i := range out {
		own(out, i, sh.outWidth(), 2, 3)
	}
	for i := range dqkv {
		own(dqkv, i, sh.qkvWidth(), 2, 3, sh.Heads+kvHead, sh.Heads+sh.KVHeads+kvHead)
	}
}
