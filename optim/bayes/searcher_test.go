package bayes

import (
	"math"
	"reflect"
	"testing"

	"slm/optim/functions"
	"slm/rng"
)

// searchers are all of them, in two dimensions.
func searchers(seed uint64) map[string]Searcher {
	s := rng.New(seed, "searcher")
	return map[string]Searcher{
		"search":   Search{Dim: 2, Init: 6, Stream: s},
		"noisy":    Search{Dim: 2, Init: 6, Rule: NoisyRule, Stream: s},
		"ucb":      Search{Dim: 2, Init: 6, Rule: UCBRule, Model: Model{Kernel: Matern52}, Stream: s},
		"thompson": Search{Dim: 2, Init: 6, Rule: ThompsonRule, Stream: s},
		"turbo":    Turbo{Dim: 2, Init: 6, Stream: s},
		"evolve":   Evolve{Dim: 2, Stream: s},
		"quasi":    Quasi{Dim: 2, Stream: s},
		"random":   Random{Dim: 2, Stream: s},
	}
}

// follow asks for one point after the other and evaluates it.
func follow(t *testing.T, s Searcher, n int, f func(z []float64) float64) (seen []Observation) {
	t.Helper()
	for range n {
		points, err := s.Next(seen, 1)
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

// Whoever has the table has the search: at each length of it, a searcher made anew proposes what the old one proposed.
func TestASearchIsRebuiltFromItsTableAloneBitForBit(t *testing.T) {
	for name := range searchers(1) {
		seen := follow(t, searchers(1)[name], 11, functions.Branin.At)
		for n := 1; n < len(seen); n += 3 {
			table := make([]Observation, n) // nothing shared with the first run
			for i := range table {
				table[i] = Observation{Z: append([]float64(nil), seen[i].Z...), Y: seen[i].Y}
			}
			again, err := searchers(1)[name].Next(table, 1)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(again[0], seen[n].Z) {
				t.Errorf("%s: point %d is %v, and %v when rebuilt", name, n, seen[n].Z, again[0])
			}
		}
		other := follow(t, searchers(2)[name], 8, functions.Branin.At)
		if reflect.DeepEqual(other[7].Z, seen[7].Z) {
			t.Errorf("%s: another seed proposes the same", name)
		}
	}
}

func TestABatchHoldsDistinctPointsOfTheBoxAndIsRepeatable(t *testing.T) {
	for name, s := range searchers(3) {
		seen := follow(t, s, 8, functions.Branin.At)
		points, err := s.Next(seen, 4)
		if err != nil {
			t.Fatal(err)
		}
		if len(points) < 1 || len(points) > 4 || name != "evolve" && len(points) != 4 {
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
		again, err := s.Next(seen, 4)
		if err != nil || !reflect.DeepEqual(points, again) {
			t.Errorf("%s: %v, then %v (%v)", name, points, again, err)
		}
	}
}

func TestSearchersRefuseATableThatIsNone(t *testing.T) {
	for name, s := range searchers(1) {
		good := Observation{Z: []float64{0, 0}, Y: 1}
		for _, bad := range []Observation{{Z: []float64{0}}, {Z: []float64{0, 0}, Y: math.NaN()}, {Z: []float64{2, 0}}} {
			if _, err := s.Next([]Observation{good, bad}, 1); err == nil {
				t.Errorf("%s accepted %+v", name, bad)
			}
		}
		if _, err := s.Next(nil, 0); err == nil {
			t.Errorf("%s accepted a batch of none", name)
		}
	}
	if _, err := searchers(1)["evolve"].Next([]Observation{{Z: []float64{0.1, 0.2}, Y: 1}}, 1); err == nil {
		t.Error("the evolution strategy accepted a point that it had not asked for")
	}
}

func TestEachSearchWithAModelBeatsRandomPointsOnBranin(t *testing.T) {
	regret := func(seen []Observation) float64 {
		best := math.Inf(-1)
		for _, o := range seen {
			best = math.Max(best, o.Y)
		}
		return functions.Branin.Max - best
	}
	ends := map[string]float64{}
	for name, s := range searchers(0) {
		ends[name] = regret(follow(t, s, 30, functions.Branin.At))
	}
	for _, name := range []string{"search", "noisy", "ucb", "thompson", "turbo"} {
		if ends[name] > ends["random"]/2 {
			t.Errorf("%s ends %v from the top, random points %v", name, ends[name], ends["random"])
		}
	}
	t.Logf("regrets: %v", ends)
}

func TestARegionOfTurboGrowsShrinksAndBeginsAnew(t *testing.T) {
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
