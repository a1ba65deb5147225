package kernel

// Rope turns one head vector x [hd] in place, in the half-split layout: with x1 = x[:hd/2] and x2 = x[hd/2:], x1 becomes
// x1·cos − x2·sin and x2 becomes x2·cos + x1·sin. cos and sin are [hd/2] (Su et al. 2021; layout of LLaMA in transformers). The
// error is 2e-7 of the largest component of the pair.
func Rope(x []float32, cos, sin []float32) {
	h := ropeHalf("Rope", len(x), len(cos), len(sin))
	cpu.rope(x[:h], x[h:], x[:h], x[h:], cos, sin)
}

// RopeGrad turns back, which is the gradient of Rope.
func RopeGrad(x []float32, cos, sin []float32) {
	h := ropeHalf("RopeGrad", len(x), len(cos), len(sin))
	cpu.rope(x[h:], x[:h], x[h:], x[:h], cos, sin)
}

// RopeBF16 is Rope from a bf16 vector into a bf16 one, computed in float32 and rounded once; dst and src may be the same.
func RopeBF16(dst, src []uint16, cos, sin []float32) {
	sameLen("RopeBF16", len(dst), len(src))
	h := ropeHalf("RopeBF16", len(dst), len(cos), len(sin))
	cpu.ropeBF16(dst[:h], dst[h:], src[:h], src[h:], cos, sin)
}

// RopeGradBF16 turns a float32 gradient back and rounds it to bf16.
func RopeGradBF16(dst []uint16, src []float32, cos, sin []float32) {
	sameLen("RopeGradBF16", len(dst), len(src))
	h := ropeHalf("RopeGradBF16", len(dst), len(cos), len(sin))
	cpu.ropeToBF16(dst[h:], dst[:h], src[h:], src[:h], cos, sin)
}

func ropeHalf(name string, hd, cos, sin int) int {
	if hd%2 != 0 {
		lengthPanic(name, hd, hd+1)
	}
	sameLen(name, hd/2, cos, sin)
	return hd / 2
}

// ropeGo computes y1 = x1·cos − x2·sin, y2 = x2·cos + x1·sin. With the halves exchanged it turns the other way.
func ropeGo(y1, y2, x1, x2, cos, sin []float32) {
	for i, c := range cos {
		a, b, s := x1[i], x2[i], sin[i]
		y1[i], y2[i] = a*c-b*s, b*c+a*s
	}
}

func ropeBF16Go(y1, y2, x1, x2 []uint16, cos, sin []float32) {
	for i, c := range cos {
		a, b, s := widenBF16(x1[i]), widenBF16(x2[i]), sin[i]
		y1[i], y2[i] = roundBF16(a*c-b*s), roundBF16(b*c+a*s)
	}
}

func ropeToBF16Go(y1, y2 []uint16, x1, x2, cos, sin []float32) {
	for i, c := range cos {
		a, b, s := x1[i], x2[i], sin[i]
		y1[i], y2[i] = roundBF16(a*c-b*s), roundBF16(b*c+a*s)
	}
}
