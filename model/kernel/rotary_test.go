package kernel

import (
	"math"
	"math/cmplx"
	"testing"
)

// rotate64 is the direct formula: component i and component i + hd/2 are a complex number, which is multiplied by e^(iθ) with
// θ = position·theta^(-2i/hd) (Su et al. 2021, eq. 13 and 15).
func rotate64(x []float64, position int, theta float64) []float64 {
	out, half := make([]float64, len(x)), len(x)/2
	for i := range half {
		angle := float64(position) / math.Pow(theta, 2*float64(i)/float64(len(x)))
		z := complex(x[i], x[half+i]) * cmplx.Exp(complex(0, angle))
		out[i], out[half+i] = real(z), imag(z)
	}
	return out
}

func TestRotary_RotatesEachPairByItsAngle(t *testing.T) {
	for _, hd := range []int{2, 6, 64} {
		for _, theta := range []float64{10000, 100000} {
			const positions = 515
			r := NewRotary(positions, hd, theta)
			for _, p := range []int{0, 1, 2, 17, 514} {
				x := normals(hd, uint64(hd+p))
				want := rotate64(widen64(x), p, theta)
				got := append([]float32(nil), x...)
				Rope(got, r.Cos(p), r.Sin(p))
				for i := range got {
					near(t, "Rope", i, got[i], want[i], 0, 1e-6)
				}
				RopeGrad(got, r.Cos(p), r.Sin(p))
				for i := range got {
					near(t, "rotated back", i, got[i], float64(x[i]), 0, 1e-6)
				}
			}
		}
	}
}

// What attention needs of positions: a score depends on their difference alone.
func TestRotary_ScoresDependOnTheDistanceAlone(t *testing.T) {
	const hd = 16
	r, q, k := NewRotary(300, hd, 10000), normals(hd, 1), normals(hd, 2)
	score := func(i, j int) float32 {
		a, b := append([]float32(nil), q...), append([]float32(nil), k...)
		Rope(a, r.Cos(i), r.Sin(i))
		Rope(b, r.Cos(j), r.Sin(j))
		return Dot(a, b)
	}
	for _, distance := range []int{0, 1, 40} {
		want := score(distance, 0)
		for _, j := range []int{1, 7, 250} {
			near(t, "score", j, score(j+distance, j), float64(want), 0, 2e-5)
		}
	}
	if math.Abs(float64(score(5, 0)-score(0, 0))) < 1e-3 {
		t.Error("positions change nothing: the test proves nothing")
	}
}
