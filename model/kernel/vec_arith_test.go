package kernel

import "math"

var arithChecks = []vectorCheck{
	{"Dot", func(a *arena, n int) {
		x, y := a.normal(n, 1), a.normal(n, 1)
		want, size := dot64(x, y)
		near(a.t, "Dot", n, Dot(x, y), want, 0, dotError(n)*size)
		first := Dot(x, y)
		if second := Dot(x, y); math.Float32bits(first) != math.Float32bits(second) {
			a.t.Fatalf("Dot is %g, and %g when asked again", first, second)
		}
	}},
	{"SumSquares", func(a *arena, n int) {
		x := a.normal(n, 100)
		want, size := dot64(x, x)
		near(a.t, "SumSquares", n, SumSquares(x), want, 0, dotError(n)*size)
	}},
	{"Axpy", func(a *arena, n int) {
		x, y := a.normal(n, 1), a.normal(n, 1)
		before := append([]float32(nil), y...)
		Axpy(y, x, 0.3)
		for i := range y {
			product := float64(float32(0.3)) * float64(x[i])
			near(a.t, "Axpy", i, y[i], float64(before[i])+product, 6e-8, 6e-8*math.Abs(product))
		}
	}},
	{"Add", func(a *arena, n int) {
		x, y, dst := a.wild(n), a.wild(n), a.floats(n)
		Add(dst, x, y)
		for i := range dst {
			if want := x[i] + y[i]; math.Float32bits(dst[i]) != math.Float32bits(want) {
				a.t.Fatalf("Add[%d] = %g, want %g", i, dst[i], want)
			}
		}
	}},
	{"AddTo", func(a *arena, n int) {
		x, y := a.wild(n), a.wild(n)
		before := append([]float32(nil), y...)
		AddTo(y, x)
		for i := range y {
			if y[i] != before[i]+x[i] {
				a.t.Fatalf("AddTo[%d] = %g, want %g", i, y[i], before[i]+x[i])
			}
		}
	}},
	{"Scale", func(a *arena, n int) {
		x := a.wild(n)
		before := append([]float32(nil), x...)
		Scale(x, -0.7)
		for i, v := range before {
			if want := v * -0.7; math.Float32bits(x[i]) != math.Float32bits(want) {
				a.t.Fatalf("Scale[%d] = %g, want %g", i, x[i], want)
			}
		}
	}},
	{"MaxAbs", func(a *arena, n int) {
		x := a.any(n)
		var want float64
		for _, v := range x {
			if v == v {
				want = math.Max(want, math.Abs(float64(v)))
			}
		}
		if got := MaxAbs(x); float64(got) != want {
			a.t.Fatalf("MaxAbs of %d values is %g, want %g", n, got, want)
		}
	}},
}

// dotError is the stated bound in units of Σ|x·y|.
func dotError(n int) float64 { return (float64(n)/16 + 8) * 0x1p-24 }

func dot64(x, y []float32) (sum, size float64) {
	for i, v := range x {
		p := float64(v) * float64(y[i])
		sum += p
		size += math.Abs(p)
	}
	return sum, size
}
