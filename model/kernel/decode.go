package kernel

import "math"

// DecodeAttention is attention of one query over keys and values [n, len(q)] that are kept: out = Σ softmax(q·k/√hd)·v. The scores take Dot's
// order, the sum that of the keys. scores is room for n; wide for what is widened, and may be nil where T is float32. next is what the caller
// reads next, or nil: it is on its way when DecodeAttention returns.
func DecodeAttention[T Elem](out, q []float32, k, v, next []T, scores []float32, wide *[]float32) {
	hd, n := len(q), len(scores)
	sameLen("DecodeAttention", hd, len(out))
	sameLen("DecodeAttention", hd*n, len(k), len(v))
	switch k := any(k).(type) {
	case []float32:
		scoreKeys(scores, q, k)
		mixValues(out, scores, any(v).([]float32))
	case []uint16:
		cpu.decodeAttention(out, q, k, any(v).([]uint16), any(next).([]uint16), scores, wide)
	}
}

// decodeAttentionGo is the reference on bf16. Values are widened when the keys are no longer needed.
func decodeAttentionGo(out, q []float32, k, v, _ []uint16, scores []float32, wide *[]float32) {
	scoreKeys(scores, q, widened(k, wide))
	mixValues(out, scores, widened(v, wide))
}

// scoreKeys makes scores the softmax of q·k/√hd.
func scoreKeys(scores, q, keys []float32) {
	hd := len(q)
	for j := range scores {
		scores[j] = Dot(q, keys[j*hd:(j+1)*hd])
	}
	softmax(scores, float32(1/math.Sqrt(float64(hd))))
}

// mixValues computes out = Σ p·v.
func mixValues(out, p, values []float32) {
	hd := len(out)
	clear(out)
	for j, f := range p {
		Axpy(out, values[j*hd:(j+1)*hd], f)
	}
}

// widened returns a copy of x in float32 in room.
func widened(x []uint16, room *[]float32) []float32 {
	out := Grow(room, len(x))
	FromBF16(out, x)
	return out
}
