package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
)

// checkDecodeAttention compares DecodeAttention with its definition in float64, and on bf16 with the reference, bit by bit.
func checkDecodeAttention(t testing.TB, n, hd int, seed uint64) {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 3))
	q, k, v := random8(rng, hd, 1), random8(rng, n*hd, 1), random8(rng, n*hd, 1)
	k16, v16 := make([]uint16, n*hd), make([]uint16, n*hd)
	ToBF16(k16, k)
	ToBF16(v16, v)
	FromBF16(k, k16)
	FromBF16(v, v16)
	var room []float32
	got, reference, f32 := make([]float32, hd), make([]float32, hd), make([]float32, hd)
	DecodeAttention(got, q, k16, v16, v16[:n/2*hd], make([]float32, n), &room)
	DecodeAttention(f32, q, k, v, k, make([]float32, n), nil)
	decodeAttentionGo(reference, q, k16, v16, nil, make([]float32, n), &room)
	scores, sum := make([]float64, n), 0.0
	for j := range scores {
		for i := range q {
			scores[j] += float64(q[i]) * float64(k[j*hd+i])
		}
		scores[j] = math.Exp(scores[j] / math.Sqrt(float64(hd)))
		sum += scores[j]
	}
	for i := range got {
		want := 0.0
		for j, s := range scores {
			want += s / sum * float64(v[j*hd+i])
		}
		if math.Abs(float64(got[i])-want) > 1e-5 || math.Float32bits(got[i]) != math.Float32bits(reference[i]) || f32[i] != reference[i] {
			t.Fatalf("%d keys of %d, element %d: %g, reference %g, in float32 %g, want %g", n, hd, i, got[i], reference[i], f32[i], want)
		}
	}
}

func checkDecodeAttentions(a *arena) {
	for n := range 41 {
		for _, hd := range []int{64, 1, 6, 16, 80, 128} {
			checkDecodeAttention(a.t, n+1, hd, uint64(n))
		}
	}
	checkDecodeAttention(a.t, 1000, 64, 1)
}

func FuzzDecodeAttention_EqualsItsReference(f *testing.F) {
	f.Add(uint16(9), uint8(64), uint64(1))
	f.Fuzz(func(t *testing.T, n uint16, hd uint8, seed uint64) {
		for _, l := range present() {
			restore := setLevel(l)
			checkDecodeAttention(t, int(n)%300+1, int(hd)%130+1, seed)
			restore()
		}
	})
}

func BenchmarkDecodeAttention(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 3))
	const n, hd = 80, 64
	q, x := random8(rng, hd, 1), make([]uint16, n*hd)
	ToBF16(x, random8(rng, n*hd, 1))
	out, scores, room := make([]float32, hd), make([]float32, n), []float32(nil)
	for b.Loop() {
		DecodeAttention(out, q, x, x, nil, scores, &room)
	}
}
