package bayes

import (
	"math"
	"reflect"
	"sort"
	"testing"

	"slm/optim/functions"
	"slm/rng"
)

func TestPropose_IsAPureFunctionOfTheTableAndTheStream(t *testing.T) {
	obs := bumps(15, 4, 5)
	stream := rng.New(7, "bpo").At(15)
	first, err := Propose(obs, 4, stream)
	if err != nil {
		t.Fatal(err)
	}
	stream.Uint64()
	stream.Norm()
	second, err := Propose(append([]Observation(nil), obs...), 4, stream)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(first, second) {
		t.Errorf("proposed %v, then %v", first, second)
	}
	other, err := Propose(obs, 4, rng.New(8, "bpo").At(15))
	if err != nil {
		t.Fatal(err)
	}
	if len(other) != 4 {
		t.Errorf("proposed %d coordinates", len(other))
	}
}

func TestPropose_IsAsGoodAsTheBestOfManyRandomPoints(t *testing.T) {
	for seed := range uint64(5) {
		obs := bumps(12, 3, seed)
		stream := rng.New(seed)
		z, err := Propose(obs, 3, stream)
		if err != nil {
			t.Fatal(err)
		}
		g, err := Fit(obs, 3, stream.At(0))
		if err != nil {
			t.Fatal(err)
		}
		value := func(z []float64) float64 {
			mean, variance := g.Predict(z)
			return logEI(mean, math.Sqrt(variance), g.Best())
		}
		best := math.Inf(-1)
		s := rng.New(seed, "random")
		for range 20000 {
			best = math.Max(best, value([]float64{2*s.Float64() - 1, 2*s.Float64() - 1, 2*s.Float64() - 1}))
		}
		if got := value(z); got < best-1e-6 {
			t.Errorf("seed %d: proposal has LogEI %v, a random point has %v", seed, got, best)
		}
	}
}

func TestClimb_FindsMaximaInsideAndOnTheSideOfTheBox(t *testing.T) {
	// Maximum of a skewed quadratic, inside in the first coordinate and cut off by the box in the second.
	f := func(x, grad []float64) float64 {
		a, b := x[0]-0.3, x[1]-1.4
		grad[0], grad[1] = -20*a-b, -2*b-a
		return -10*a*a - a*b - b*b
	}
	x := []float64{0.9, 0.05}
	climb(f, x, 60, 1e-9)
	if want := 0.3 + 0.4/20; math.Abs(x[0]-want) > 1e-5 || x[1] != 1 {
		t.Errorf("climbed to %v, want [%v 1]", x, want)
	}
	// Rosenbrock's valley, whole inside.
	rosenbrock := func(x, grad []float64) float64 {
		u, v := 4*x[0]-2, 4*x[1]-2
		a, b := 1-u, v-u*u
		grad[0], grad[1] = 4*(2*a+400*u*b), -4*200*b
		return -a*a - 100*b*b
	}
	x = []float64{0.2, 0.75}
	if value := climb(rosenbrock, x, 500, 1e-9); value < -1e-8 {
		t.Errorf("Rosenbrock: %v at %v", value, x)
	}
}

func TestPropose_ObservedPointIsNotProposedAgain(t *testing.T) {
	obs := []Observation{{Z: []float64{0}, Y: 0}, {Z: []float64{1}, Y: 1}, {Z: []float64{-1}, Y: -1}}
	for i := range 12 {
		z, err := Propose(obs, 1, rng.New(1).At(uint64(i)))
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range obs {
			if math.Abs(o.Z[0]-z[0]) < 1e-6 {
				t.Fatalf("proposal %d repeats %v", i, z)
			}
		}
		obs = append(obs, Observation{Z: z, Y: z[0]})
	}
}

// optimise runs a search of 10 Sobol points and evaluations-10 proposals and returns the regret of the best value seen.
func optimise(t testing.TB, fn functions.Function, evaluations int, seed uint64) float64 {
	t.Helper()
	stream := rng.New(seed, "bayes", "search")
	design, err := Design(10, fn.Dim, stream.At(0))
	if err != nil {
		t.Fatal(err)
	}
	var obs []Observation
	best := math.Inf(-1)
	for i := range evaluations {
		var z []float64
		if i < len(design) {
			z = design[i]
		} else if z, err = Propose(obs, fn.Dim, stream.At(uint64(i))); err != nil {
			t.Fatal(err)
		}
		y := fn.At(z)
		best = math.Max(best, y)
		obs = append(obs, Observation{Z: z, Y: y})
	}
	return fn.Max - best
}

// sobolOnly is the regret of as many scrambled Sobol points.
func sobolOnly(t testing.TB, fn functions.Function, evaluations int, seed uint64) float64 {
	t.Helper()
	design, err := Design(evaluations, fn.Dim, rng.New(seed, "bayes", "sobol"))
	if err != nil {
		t.Fatal(err)
	}
	best := math.Inf(-1)
	for _, z := range design {
		best = math.Max(best, fn.At(z))
	}
	return fn.Max - best
}

func median(x []float64) float64 {
	x = append([]float64(nil), x...)
	sort.Float64s(x)
	n := len(x)
	return (x[(n-1)/2] + x[n/2]) / 2
}

func TestPropose_SearchBeatsSobolOnBraninAndHartmann(t *testing.T) {
	for _, c := range []struct {
		fn    functions.Function
		seeds uint64
		limit float64
	}{{functions.Branin, 3, 0.05}, {functions.Hartmann6, 1, 1.0}} {
		var searched, plain []float64
		for seed := range c.seeds {
			searched = append(searched, optimise(t, c.fn, 40, seed))
			plain = append(plain, sobolOnly(t, c.fn, 40, seed))
		}
		t.Logf("%s: regrets %.4f, Sobol points alone %.4f", c.fn.Name, searched, plain)
		if m := median(searched); m > c.limit || m > median(plain)/2 {
			t.Errorf("%s: median regret %v, Sobol points alone %v", c.fn.Name, m, median(plain))
		}
	}
}

// The same search with binomial noise of 40 to 160 items must still end near the top.
func TestPropose_SearchFindsTheTopThroughBinomialNoise(t *testing.T) {
	truth := func(z []float64) float64 { return 0.3 + 0.5*math.Exp(-4*((z[0]-0.4)*(z[0]-0.4)+(z[1]+0.2)*(z[1]+0.2))) }
	var ends []float64
	for seed := range uint64(3) {
		stream := rng.New(seed, "noise")
		design, err := Design(10, 2, stream.At(0))
		if err != nil {
			t.Fatal(err)
		}
		var obs []Observation
		for i := range 30 {
			var z []float64
			if i < len(design) {
				z = design[i]
			} else if z, err = Propose(obs, 2, stream.At(uint64(i))); err != nil {
				t.Fatal(err)
			}
			items := []int{40, 80, 160}[i%3]
			right, coin := 0, stream.At(1000+uint64(i))
			for range items {
				if coin.Float64() < truth(z) {
					right++
				}
			}
			obs = append(obs, Observation{Z: z, Y: float64(right) / float64(items), Var: BinomialVar(right, items)})
		}
		g, err := Fit(obs, 2, stream)
		if err != nil {
			t.Fatal(err)
		}
		best, bestMean := 0.0, math.Inf(-1)
		for _, o := range obs {
			if mean, _ := g.Predict(o.Z); mean > bestMean {
				best, bestMean = truth(o.Z), mean
			}
		}
		ends = append(ends, best)
	}
	if median(ends) < 0.74 {
		t.Errorf("the incumbents' true values are %v, the top is .8", ends)
	}
}

func TestDesign_CoversTheWholeBox(t *testing.T) {
	points, err := Design(16, 10, rng.New(1))
	if err != nil {
		t.Fatal(err)
	}
	for d := range 10 {
		low := 0
		for _, z := range points {
			if z[d] < -1 || z[d] > 1 {
				t.Fatalf("coordinate %v outside the box", z[d])
			}
			if z[d] < 0 {
				low++
			}
		}
		if low != 8 {
			t.Errorf("dimension %d: %d of 16 points in the lower half", d, low)
		}
	}
}
