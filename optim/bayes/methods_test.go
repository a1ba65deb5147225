package bayes

import (
	"math"
	"reflect"
	"testing"

	"slm/optim/functions"
	"slm/rng"
)

// method proposes what comes after a table, in two dimensions.
type method func(seen []Observation, q int) ([][]float64, error)

// methods are all of them, by name.
func methods(seed uint64) map[string]method {
	s := rng.New(seed, "methods")
	ruled := func(m Model, rule Rule) method {
		return func(seen []Observation, q int) ([][]float64, error) {
			if n := len(seen); n < 6 {
				return designed(2, n, min(q, 6-n), s.At(0))
			}
			return m.Propose(seen, 2, rule, q, s.At(1).At(uint64(len(seen))))
		}
	}
	return map[string]method{
		"usual": ruled(Model{}, ""), "noisy": ruled(Model{}, NoisyRule), "ucb": ruled(Model{Kernel: Matern52}, UCBRule),
		"thompson": ruled(Model{}, ThompsonRule), "turbo": Turbo{Dim: 2, Init: 6, Stream: s}.Propose,
	}
}

// follow asks for one point after the other and evaluates it.
func follow(t *testing.T, next method, n int, f func(z []float64) float64) (seen []Observation) {
	t.Helper()
	for range n {
		points, err := next(seen, 1)
		if err != nil {
			t.Fatal(err)
		}
		if len(points) != 1 {
			t.Fatalf("%d points for one", len(points))
		}
		seen = append(seen, Observation{Z: points[0], Y: f(points[0])})
	}
	return seen
}

// Whoever has the table has the search: at each length of it, what is proposed from a copy is what was proposed.
func TestMethods_SearchIsRebuiltFromItsTableAloneBitForBit(t *testing.T) {
	for name, next := range methods(1) {
		seen := follow(t, next, 11, functions.Branin.At)
		for n := 1; n < len(seen); n += 3 {
			table := make([]Observation, n) // nothing shared with the first run
			for i := range table {
				table[i] = Observation{Z: append([]float64(nil), seen[i].Z...), Y: seen[i].Y}
			}
			again, err := methods(1)[name](table, 1)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(again[0], seen[n].Z) {
				t.Errorf("%s: point %d is %v, and %v when rebuilt", name, n, seen[n].Z, again[0])
			}
		}
		other := follow(t, methods(2)[name], 8, functions.Branin.At)
		if reflect.DeepEqual(other[7].Z, seen[7].Z) {
			t.Errorf("%s: another seed proposes the same", name)
		}
	}
}

func TestMethods_BatchHoldsDistinctPointsOfTheBoxAndIsRepeatable(t *testing.T) {
	for name, next := range methods(3) {
		seen := follow(t, next, 8, functions.Branin.At)
		points, err := next(seen, 4)
		if err != nil {
			t.Fatal(err)
		}
		if len(points) != 4 {
			t.Errorf("%s: %d points for four", name, len(points))
		}
		for i, p := range points {
			for _, v := range p {
				if !(v >= -1 && v <= 1) {
					t.Errorf("%s: %v is outside the box", name, p)
				}
			}
			for _, other := range points[:i] {
				if math.Max(math.Abs(p[0]-other[0]), math.Abs(p[1]-other[1])) < 1e-6 {
					t.Errorf("%s: %v twice", name, p)
				}
			}
		}
		again, err := next(seen, 4)
		if err != nil || !reflect.DeepEqual(points, again) {
			t.Errorf("%s: %v, then %v (%v)", name, points, again, err)
		}
	}
}

func TestMethods_InvalidTableIsRefused(t *testing.T) {
	propose := func(seen []Observation, q int) ([][]float64, error) {
		return Model{}.Propose(seen, 2, "", q, rng.New(1))
	}
	for name, next := range map[string]method{"propose": propose, "turbo": methods(1)["turbo"]} {
		good := Observation{Z: []float64{0, 0}, Y: 1}
		for _, bad := range []Observation{{Z: []float64{0}}, {Z: []float64{0, 0}, Y: math.NaN()}, {Z: []float64{2, 0}}} {
			if _, err := next([]Observation{good, bad}, 1); err == nil {
				t.Errorf("%s accepted %+v", name, bad)
			}
		}
		if _, err := next(nil, 0); err == nil {
			t.Errorf("%s accepted a batch of none", name)
		}
	}
}

func TestMethods_EachBeatsRandomPointsOnBranin(t *testing.T) {
	regret := func(seen []Observation) float64 {
		best := math.Inf(-1)
		for _, o := range seen {
			best = math.Max(best, o.Y)
		}
		return functions.Branin.Max - best
	}
	var random []Observation
	draw := rng.New(0, "random")
	for range 30 {
		z := []float64{2*draw.Float64() - 1, 2*draw.Float64() - 1}
		random = append(random, Observation{Z: z, Y: functions.Branin.At(z)})
	}
	for name, next := range methods(0) {
		if end := regret(follow(t, next, 30, functions.Branin.At)); end > regret(random)/2 {
			t.Errorf("%s ends %v from the top, random points %v", name, end, regret(random))
		}
	}
}

func TestTurbo_RegionGrowsShrinksAndBeginsAnew(t *testing.T) {
	turbo := Turbo{Dim: 2, Init: 3}
	table := func(ys ...float64) (seen []Observation) {
		for _, y := range ys {
			seen = append(seen, Observation{Z: []float64{0, 0}, Y: y})
		}
		return seen
	}
	if r := turbo.replay(table(1, 2, 3, 4, 5, 6)); r.side != 1.6 || r.from != 0 {
		t.Errorf("after three successes: %+v", r)
	}
	if r := turbo.replay(table(1, 2, 3, 0, 0, 0, 0)); r.side != 0.4 {
		t.Errorf("after four failures: %+v", r)
	}
	if r := turbo.replay(table(1, 2, 3, 0, 0, 0, 4, 0, 0, 0)); r.side != 0.8 {
		t.Errorf("failures that a success interrupts count together: %+v", r)
	}
	ys := []float64{1, 2, 3}
	for range 7 * 4 {
		ys = append(ys, 0)
	}
	if r := turbo.replay(table(ys...)); r.number != 1 || r.from != len(ys) || r.side != firstSide {
		t.Errorf("after seven halvings: %+v, want a new region at %d", r, len(ys))
	}
}
