package bayes

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"reflect"
	"slices"
	"testing"

	"slm/optim/functions"
	"slm/rng"
)

// blend is a process of a mixed space with BoTorch's kernels at fixed hyper-parameters.
type blend struct {
	process
	Ordered int
	Levels  []int
	Both    float64
}

func readBlends(t *testing.T) (list []blend) {
	t.Helper()
	text, err := os.ReadFile("testdata/mixed.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &list); err != nil {
		t.Fatal(err)
	}
	if len(list) != 12 {
		t.Fatalf("%d processes", len(list))
	}
	return list
}

func (b blend) data() (*data, Kernel) {
	space := make(Space, b.Ordered)
	for _, n := range b.Levels {
		space = append(space, Dim{Levels: n, Nominal: true})
	}
	d, kernel := b.process.data()
	d.space = space
	return d, kernel
}

func TestMixture_PosteriorEqualsBoTorchsKernels(t *testing.T) {
	for i, b := range readBlends(t) {
		d, kernel := b.data()
		g, err := conditionMixed(d, kernel, b.Lengths, b.Noise, b.Both)
		if err != nil {
			t.Fatal(err)
		}
		for j, z := range b.At {
			if mean, variance := g.Predict(z); !near(mean, b.Mean[j]) || !near(variance, b.Variance[j]) {
				t.Errorf("process %d, point %d: %.12g ± %.12g, BoTorch %.12g ± %.12g", i, j, mean, variance, b.Mean[j], b.Variance[j])
			}
		}
	}
}

func TestMixture_LikelihoodAndItsGradientEqualBoTorchs(t *testing.T) {
	for i, b := range readBlends(t) {
		d, kernel := b.data()
		var u []float64
		for _, l := range b.Lengths {
			u = append(u, math.Log(l))
		}
		u = append(u, math.Log(b.Noise), math.Log(b.Both/(1-b.Both)))
		grad := make([]float64, len(u))
		if got := newLikelihood(d, kernel, DefaultPrior(d.d)).marginal(u, grad); !near(got, b.Likelihood) {
			t.Errorf("process %d: log likelihood %.12g, BoTorch %.12g", i, got, b.Likelihood)
		}
		for j, want := range b.Gradient {
			if !near(grad[j], want) {
				t.Errorf("process %d: derivative %d is %.12g, BoTorch %.12g", i, j, grad[j], want)
			}
		}
	}
}

// The prior is in the density, not in the golden values.
func TestMixture_GradientOfTheDensityIsItsDifference(t *testing.T) {
	b := readBlends(t)[9]
	d, kernel := b.data()
	f := newLikelihood(d, kernel, DefaultPrior(d.d))
	for _, u := range f.prior.starts(f.nominal, d.d, rng.New(3)) {
		grad, unused := make([]float64, len(u)), make([]float64, len(u))
		f.density(u, grad)
		for j := range u {
			const h = 1e-6
			u[j] += h
			up := f.density(u, unused)
			u[j] -= 2 * h
			slope := (up - f.density(u, unused)) / (2 * h)
			u[j] += h
			if math.Abs(slope-grad[j]) > 1e-4*math.Max(1, math.Abs(slope)) {
				t.Errorf("derivative %d at %v is %v, the difference %v", j, u, grad[j], slope)
			}
		}
	}
}

func TestSpace_LevelsAreTheirOwnAndShareTheBox(t *testing.T) {
	for levels := 2; levels < 60; levels++ {
		d := Dim{Levels: levels}
		for i := range levels {
			if got := d.Level(d.At(i)); got != i {
				t.Errorf("of %d, level %d lies in the share of %d", levels, i, got)
			}
		}
		if d.At(0) != -1 || d.At(levels-1) != 1 || d.Level(-1) != 0 || d.Level(1) != levels-1 {
			t.Errorf("%d levels do not span the box", levels)
		}
	}
	z := Space{{}, {Levels: 3}, {Levels: 2, Nominal: true}}.Snap([]float64{0.3, 0.3, -0.01})
	if !reflect.DeepEqual(z, []float64{0.3, 0, -1}) {
		t.Errorf("snapped to %v", z)
	}
}

func TestSpace_WrongOnesAndPointsBetweenLevelsAreRefused(t *testing.T) {
	good := Observation{Z: []float64{0, 1}, Y: 1}
	for name, c := range map[string]struct {
		space Space
		obs   Observation
	}{
		"dimension": {Space{{}}, good}, "one level": {Space{{}, {Levels: 1}}, good}, "no levels": {Space{{}, {Nominal: true}}, good},
		"between": {Space{{}, {Levels: 3}}, Observation{Z: []float64{0, 0.5}, Y: 1}},
	} {
		if _, err := (Model{Space: c.space}).Fit([]Observation{c.obs}, 2, rng.New(1)); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	g, err := Model{Space: Space{{}, {Levels: 3, Nominal: true}}}.Fit([]Observation{good}, 2, rng.New(1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := g.Acquire(ThompsonRule, rng.New(1)); err == nil {
		t.Error("a mixture was drawn from")
	}
	if _, err := g.Extend(Observation{Z: []float64{0, 0.5}}); err == nil {
		t.Error("extended by a point between levels")
	}
}

// blends are the spaces of functions.Mixed.
func spaceOf(f functions.Mixed) (s Space) {
	for _, c := range f.Dims {
		s = append(s, Dim{Levels: c.Levels, Nominal: c.Nominal})
	}
	return s
}

// pursue is a search of a mixed function: a design, then proposals.
func pursue(t *testing.T, f functions.Mixed, seed uint64, design, n int) (seen []Observation) {
	t.Helper()
	space, s := spaceOf(f), rng.New(seed, "pursue", f.Name)
	points, err := Design(design, len(space), s.At(0))
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		var z []float64
		if i < design {
			z = space.Snap(points[i])
		} else {
			next, err := Model{Space: space}.Propose(seen, len(space), "", 1, s.At(1).At(uint64(i)))
			if err != nil {
				t.Fatal(err)
			}
			z = next[0]
		}
		seen = append(seen, Observation{Z: z, Y: f.At(z)})
	}
	return seen
}

func top(seen []Observation) float64 {
	best := math.Inf(-1)
	for _, o := range seen {
		best = math.Max(best, o.Y)
	}
	return best
}

func TestMixed_SearchBeatsRandomPointsAtEqualCalls(t *testing.T) {
	for _, f := range functions.AllMixed {
		const calls, seeds = 30, 3
		ours, theirs := 0.0, 0.0
		for seed := range uint64(seeds) {
			ours += (f.Max - top(pursue(t, f, seed, 8, calls))) / seeds
			draw, space := rng.New(seed, "random", f.Name), spaceOf(f)
			var random []Observation
			for range calls {
				z := make([]float64, len(space))
				for j := range z {
					z[j] = 2*draw.Float64() - 1
				}
				random = append(random, Observation{Z: space.Snap(z), Y: f.At(space.Snap(z))})
			}
			theirs += (f.Max - top(random)) / seeds
		}
		t.Logf("%s, %d calls, %d seeds: the search ends %.3f from the top, random points %.3f", f.Name, calls, seeds, ours, theirs)
		if ours > 0.6*theirs {
			t.Errorf("%s: the search ends %.3f from the top, random points %.3f", f.Name, ours, theirs)
		}
	}
}

func TestMixed_SearchIsRebuiltFromItsTableAloneBitForBit(t *testing.T) {
	f := functions.AllMixed[0]
	long := pursue(t, f, 1, 6, 14)
	if again := pursue(t, f, 1, 6, 14); !reflect.DeepEqual(long, again) {
		t.Error("the same search took another way")
	}
	for n := 6; n < len(long); n += 3 {
		table := make([]Observation, n)
		for i := range table {
			table[i] = Observation{Z: append([]float64(nil), long[i].Z...), Y: long[i].Y}
		}
		space := spaceOf(f)
		next, err := Model{Space: space}.Propose(table, len(space), "", 1, rng.New(1, "pursue", f.Name).At(1).At(uint64(n)))
		if err != nil || !reflect.DeepEqual(next[0], long[n].Z) {
			t.Errorf("point %d is %v, and %v when rebuilt (%v)", n, long[n].Z, next, err)
		}
		if !reflect.DeepEqual(space.Snap(append([]float64(nil), next[0]...)), next[0]) {
			t.Errorf("point %d lies between levels: %v", n, next[0])
		}
	}
}

func TestMixed_FewPointsAreAllProposedOnceAndThenNoMore(t *testing.T) {
	space := Space{{Levels: 3}, {Levels: 2, Nominal: true}}
	var seen []Observation
	for range 6 {
		next, err := Model{Space: space}.Propose(seen, 2, "", 1, rng.New(2).At(uint64(len(seen))))
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range seen {
			if reflect.DeepEqual(o.Z, next[0]) {
				t.Errorf("%v twice", o.Z)
			}
		}
		seen = append(seen, Observation{Z: next[0], Y: next[0][0] + 2*next[0][1], Var: 0.01})
	}
	if _, err := (Model{Space: space}).Propose(seen, 2, "", 1, rng.New(2)); !errors.Is(err, ErrExhausted) {
		t.Errorf("a seventh point of six: %v", err)
	}
}

func TestShares_TellWhatMattersFromWhatDoesNot(t *testing.T) {
	space := Space{{}, {Levels: 4, Nominal: true}, {Levels: 3}}
	var seen []Observation
	points, err := Design(40, 3, rng.New(5))
	if err != nil {
		t.Fatal(err)
	}
	for _, z := range points {
		space.Snap(z)
		y := 0.2 * z[2]
		if space[1].Level(z[1]) == 2 {
			y++
		}
		seen = append(seen, Observation{Z: z, Y: y})
	}
	g, err := Model{Space: space}.Fit(seen, 3, rng.New(6))
	if err != nil {
		t.Fatal(err)
	}
	shares := g.Shares([][]int{{0}, {1}, {2}}, rng.New(7))
	// Var of the nominal part is 3/16, of the ordinal one .04·2/3.
	if want := 0.1875 / (0.1875 + 0.08/3); math.Abs(shares[1]-want) > 0.05 || math.Abs(shares[2]-(1-want)) > 0.05 || shares[0] > 0.02 {
		t.Errorf("shares %v, want 0, %.2f, %.2f", shares, want, 1-want)
	}
	if none := g.Shares([][]int{{}}, rng.New(7)); none[0] != 0 {
		t.Errorf("no coordinates have the share %v", none)
	}
}

func TestShareIntervals_HoldTheSharesAndAreWideWhereLittleIsKnown(t *testing.T) {
	space := Space{{}, {Levels: 4, Nominal: true}, {Levels: 3}}
	width := func(n int) (wide float64) {
		points, err := Design(n, 3, rng.New(5))
		if err != nil {
			t.Fatal(err)
		}
		var seen []Observation
		noise := rng.New(8)
		for _, z := range points {
			space.Snap(z)
			y := 0.5*z[2] + 0.2*noise.Norm()
			if space[1].Level(z[1]) == 2 {
				y++
			}
			seen = append(seen, Observation{Z: z, Y: y})
		}
		g, err := Model{Space: space}.Fit(seen, 3, rng.New(6))
		if err != nil {
			t.Fatal(err)
		}
		low, high, err := g.ShareIntervals([][]int{{0}, {1}, {2}}, .95, rng.New(7))
		if err != nil {
			t.Fatal(err)
		}
		again, _, err := g.ShareIntervals([][]int{{0}, {1}, {2}}, .95, rng.New(7))
		if err != nil || !slices.Equal(low, again) {
			t.Errorf("another time %v, not %v", again, low)
		}
		for k := range low {
			if !(0 <= low[k] && low[k] <= high[k] && high[k] <= 1) {
				t.Errorf("coordinate %d: %v to %v", k, low[k], high[k])
			}
			wide += high[k] - low[k]
		}
		if n == 48 { // Var of the nominal part is 3/16, of the ordinal one .25·2/3
			if want := 0.1875 / (0.1875 + 0.5/3); low[1] > want || high[1] < want || low[2] > 1-want || high[2] < 1-want || high[0] > 0.3 {
				t.Errorf("%v to %v do not hold 0, %.2f, %.2f", low, high, want, 1-want)
			}
		}
		return wide
	}
	if few, many := width(9), width(48); few <= many {
		t.Errorf("nine observations tell as much as 48: %.2f and %.2f", few, many)
	}
}
