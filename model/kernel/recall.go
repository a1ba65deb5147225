package kernel

import "math"

// Recall is attention of one query over keys and values [n, len(q)] that are kept: out = Σ softmax(q·k/√hd)·v. The scores take Dot's order,
// the sum that of the keys. scores is room for n; wide for what is widened, and may be nil where T is float32. next is what the caller reads
// next, or nil: it is on its way when Recall returns.
func Recall[T Elem](out, q []float32, k, v, next []T, scores []float32, wide *[]float32) {
	hd, n := len(q), len(scores)
	sameLen("Recall", hd, len(out))
	sameLen("Recall", hd*n, len(k), len(v))
	scale := float32(1 / math.Sqrt(float64(hd)))
	k16, bf16 := any(k).([]uint16)
	if n == 0 || !bf16 || hd != 64 || cpu != levelAVX512 {
		recallPlain(out, q, widened(k, wide), func() []float32 { return widened(v, wide) }, scores, scale)
		return
	}
	v16, next16 := any(v).([]uint16), any(next).([]uint16)
	if len(next16) < len(v16) {
		next16 = v16 // nothing is asked for but what is there
	}
	whole := n &^ 7
	if whole > 0 {
		dots64AVX512(scores[:whole], &q[0], &k16[0], &v16[0])
	}
	if whole < n {
		var keys [8 * 64]uint16
		var rest [8]float32
		copy(keys[:], k16[whole*hd:])
		dots64AVX512(rest[:], &q[0], &keys[0], &v16[whole*hd])
		copy(scores[whole:], rest[:])
	}
	SoftmaxRow(scores, scale)
	mix64AVX512(&out[0], scores, &v16[0], &next16[0])
}

// recallPlain is the twin of what Recall does on bf16. values is asked for when the keys are no longer needed.
func recallPlain(out, q, keys []float32, values func() []float32, scores []float32, scale float32) {
	hd := len(q)
	for j := range scores {
		scores[j] = Dot(q, keys[j*hd:(j+1)*hd])
	}
	SoftmaxRow(scores, scale)
	clear(out)
	v := values()
	for j, p := range scores {
		Axpy(out, v[j*hd:(j+1)*hd], p)
	}
}

// widened returns x in float32: itself if it is, else a copy in room.
func widened[T Elem](x []T, room *[]float32) []float32 {
	if same, ok := any(x).([]float32); ok {
		return same
	}
	out := Grow(room, len(x))
	Widen(out, x)
	return out
}
