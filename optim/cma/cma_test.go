package cma

import (
	"math"
	"reflect"
	"testing"

	"slm/rng"
)

// minimise runs the strategy until a value is below target and returns how many evaluations that took; limit when it was not.
func minimise(t *testing.T, f func(x []float64) float64, dim int, target float64, limit int, seed uint64) int {
	t.Helper()
	draw := rng.New(seed, "cma")
	mean := make([]float64, dim)
	for j := range mean {
		mean[j] = 2*draw.Float64() - 1
	}
	s, err := New(mean, 0.5, 0)
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; n < limit; {
		points, values := make([][]float64, s.Population()), make([]float64, s.Population())
		for k := range points {
			z := make([]float64, dim)
			for j := range z {
				z[j] = draw.Norm()
			}
			points[k] = s.Sample(z)
			values[k] = -f(points[k])
			n++
			if -values[k] < target {
				return n
			}
		}
		if err := s.Tell(points, values); err != nil {
			t.Fatal(err)
		}
	}
	return limit
}

func TestStrategy_TenDimensionalSphereAndRosenbrockAreSolvedInTheirUsualNumberOfEvaluations(t *testing.T) {
	for _, c := range []struct {
		name  string
		limit int
		most  int // of five seeds that may fail; Rosenbrock has a second optimum
	}{{"sphere", 2500, 0}, {"ellipsoid", 6000, 0}, {"rosenbrock", 12000, 2}} {
		failed := 0
		for seed := range uint64(5) {
			if n := minimise(t, minimised[c.name], 10, 1e-8, c.limit, seed); n == c.limit {
				failed++
			}
		}
		if failed > c.most {
			t.Errorf("%s: %d of 5 searches did not reach 1e-8 in %d evaluations", c.name, failed, c.limit)
		}
	}
}

// follow runs a box and returns the points.
func follow(t *testing.T, b *Box, n int, f func(x []float64) float64) (points [][]float64) {
	t.Helper()
	for range n {
		x, err := b.Ask()
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range x {
			if !(v >= -1 && v <= 1) {
				t.Fatalf("%v is outside the box", x)
			}
		}
		points = append(points, x)
		if err := b.Tell(f(x)); err != nil {
			t.Fatal(err)
		}
	}
	return points
}

func TestBox_FindsAMaximumInsideAndInACorner(t *testing.T) {
	for _, top := range [][]float64{{0.3, -0.7, 0.1}, {1, -1, 1}, {0.2, 1, -0.9}} {
		f := func(x []float64) (sum float64) {
			for j, v := range x {
				sum -= math.Abs(v-top[j]) + (v-top[j])*(v-top[j])
			}
			return sum
		}
		b, err := NewBox(make([]float64, 3), rng.New(1))
		if err != nil {
			t.Fatal(err)
		}
		best := math.Inf(-1)
		for _, x := range follow(t, b, 900, f) {
			best = math.Max(best, f(x))
		}
		if best < -1e-4 {
			t.Errorf("%v: %v is the best", top, best)
		}
	}
}

func TestBox_StartsAgainWithTwiceThePopulationAndFindsTheHigherPeak(t *testing.T) {
	// A broad low peak around the start and a narrow high one away from it.
	f := func(x []float64) float64 {
		a, b := x[0]*x[0]+x[1]*x[1], (x[0]-0.7)*(x[0]-0.7)+(x[1]+0.7)*(x[1]+0.7)
		return math.Exp(-a) + 2*math.Exp(-60*b)
	}
	b, err := NewBox(make([]float64, 2), rng.New(3))
	if err != nil {
		t.Fatal(err)
	}
	before := b.strategy.Population()
	best := math.Inf(-1)
	for _, x := range follow(t, b, 6000, f) {
		best = math.Max(best, f(x))
	}
	if b.Restarts == 0 || b.strategy.Population() != before<<b.Restarts {
		t.Errorf("%d restarts, population %d", b.Restarts, b.strategy.Population())
	}
	if best < 2 {
		t.Errorf("the best is %v, the top above 2", best)
	}
}

func TestBox_EqualValuesEverywhereLeadToRestartsNotToNaN(t *testing.T) {
	b, err := NewBox(make([]float64, 4), rng.New(5))
	if err != nil {
		t.Fatal(err)
	}
	follow(t, b, 1500, func([]float64) float64 { return 3 })
	if b.Restarts == 0 {
		t.Error("no restart")
	}
}

func TestTell_NaNIsRefusedAndChangesNothing(t *testing.T) {
	run := func(bad bool) [][]float64 {
		b, err := NewBox([]float64{0.1, 0.2}, rng.New(6))
		if err != nil {
			t.Fatal(err)
		}
		var points [][]float64
		for i := range 30 {
			x, err := b.Ask()
			if err != nil {
				t.Fatal(err)
			}
			points = append(points, x)
			if bad && i == 8 {
				if err := b.Tell(math.NaN()); err == nil {
					t.Error("accepted")
				}
			}
			if err := b.Tell(-x[0] * x[0]); err != nil {
				t.Fatal(err)
			}
		}
		return points
	}
	if !reflect.DeepEqual(run(false), run(true)) {
		t.Error("the search went another way")
	}
}

func TestStrategy_MisuseIsAnError(t *testing.T) {
	if _, err := New(nil, 1, 0); err == nil {
		t.Error("no dimensions")
	}
	if _, err := New([]float64{0}, 0, 0); err == nil {
		t.Error("sigma 0")
	}
	if _, err := NewBox([]float64{2}, rng.New(1)); err == nil {
		t.Error("start outside the box")
	}
	b, err := NewBox([]float64{0}, rng.New(1))
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Tell(1); err == nil {
		t.Error("a value before its point")
	}
	for b.Left() > 0 {
		if _, err := b.Ask(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.Ask(); err == nil {
		t.Error("asked beyond the generation")
	}
	s, err := New([]float64{0}, 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Tell([][]float64{{1}}, []float64{1}); err == nil {
		t.Error("half a generation")
	}
}

func TestBox_ReflectionFoldsTheLineIntoIt(t *testing.T) {
	for v, want := range map[float64]float64{0.3: 0.3, 1.2: 0.8, -1.5: -0.5, 3.1: -0.9, -3.5: 0.5, 5: 1} {
		if got := fold(v); math.Abs(got-want) > 1e-12 {
			t.Errorf("%v folds to %v, want %v", v, got, want)
		}
	}
}
