package kernel

import "unsafe"

// Rope rotates one head vector x [hd] in place, in the half-split layout: with x1 = x[:hd/2] and x2 = x[hd/2:], x1 becomes
// x1·cos − x2·sin and x2 becomes x2·cos + x1·sin. cos and sin are [hd/2] (Su et al. 2021; layout of LLaMA in transformers). The
// error is 2e-7 of the largest component of the pair.
func Rope(x []float32, cos, sin []float32) {
	if h := ropeHalf("Rope", len(x), len(cos), len(sin)); h > 0 {
		cpu.rope(&x[0], &x[h], &x[0], &x[h], &cos[0], &sin[0], h)
	}
}

// RopeGrad rotates back, which is the gradient of Rope.
func RopeGrad(x []float32, cos, sin []float32) {
	if h := ropeHalf("RopeGrad", len(x), len(cos), len(sin)); h > 0 {
		cpu.rope(&x[h], &x[0], &x[h], &x[0], &cos[0], &sin[0], h)
	}
}

// RopeBF16 is Rope from a bf16 vector into a bf16 one, computed in float32 and rounded once; dst and src may be the same.
func RopeBF16(dst, src []uint16, cos, sin []float32) {
	sameLen("RopeBF16", len(dst), len(src))
	if h := ropeHalf("RopeBF16", len(dst), len(cos), len(sin)); h > 0 {
		cpu.ropeBF16(&dst[0], &dst[h], &src[0], &src[h], &cos[0], &sin[0], h)
	}
}

// RopeGradBF16 rotates a float32 gradient back and rounds it to bf16.
func RopeGradBF16(dst []uint16, src []float32, cos, sin []float32) {
	sameLen("RopeGradBF16", len(dst), len(src))
	if h := ropeHalf("RopeGradBF16", len(dst), len(cos), len(sin)); h > 0 {
		cpu.ropeToBF16(&dst[h], &dst[0], &src[h], &src[0], &cos[0], &sin[0], h)
	}
}

func ropeHalf(name string, hd, cos, sin int) int {
	if hd%2 != 0 {
		lengthPanic(name, hd, hd+1)
	}
	sameLen(name, hd/2, cos, sin)
	return hd / 2
}

// ropeGo computes y1 = x1·cos − x2·sin, y2 = x2·cos + x1·sin. With the halves exchanged it rotates the other way.
func ropeGo(y1, y2, x1, x2, cos, sin *float32, n int) {
	r := rotation{unsafe.Slice(cos, n), unsafe.Slice(sin, n)}
	u1, u2, v1, v2 := unsafe.Slice(x1, n), unsafe.Slice(x2, n), unsafe.Slice(y1, n), unsafe.Slice(y2, n)
	for i := range n {
		v1[i], v2[i] = r.pair(i, u1[i], u2[i])
	}
}

func ropeBF16Go(y1, y2, x1, x2 *uint16, cos, sin *float32, n int) {
	r := rotation{unsafe.Slice(cos, n), unsafe.Slice(sin, n)}
	u1, u2, v1, v2 := unsafe.Slice(x1, n), unsafe.Slice(x2, n), unsafe.Slice(y1, n), unsafe.Slice(y2, n)
	for i := range n {
		a, b := r.pair(i, widenBF16(u1[i]), widenBF16(u2[i]))
		v1[i], v2[i] = roundBF16(a), roundBF16(b)
	}
}

func ropeToBF16Go(y1, y2 *uint16, x1, x2, cos, sin *float32, n int) {
	r := rotation{unsafe.Slice(cos, n), unsafe.Slice(sin, n)}
	u1, u2, v1, v2 := unsafe.Slice(x1, n), unsafe.Slice(x2, n), unsafe.Slice(y1, n), unsafe.Slice(y2, n)
	for i := range n {
		a, b := r.pair(i, u1[i], u2[i])
		v1[i], v2[i] = roundBF16(a), roundBF16(b)
	}
}

// rotation is by the angle of each pair.
type rotation struct{ cos, sin []float32 }

func (r rotation) pair(i int, a, b float32) (x, y float32) {
	c, s := r.cos[i], r.sin[i]
	return fma32(a, c, -(b * s)), fma32(b, c, a*s)
}
