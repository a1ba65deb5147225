package bayes

import (
	"errors"
	"math"
	"reflect"
	"syscall"
	"testing"

	"slm/rng"
)

// bumps returns observations of a smooth function with a bump.
func bumps(n, dim int, seed uint64) []Observation {
	s := rng.New(seed, "gp", "test")
	obs := make([]Observation, n)
	for i := range obs {
		z := make([]float64, dim)
		q := 0.0
		for j := range z {
			z[j] = 2*s.Float64() - 1
			q += (z[j] - 0.3) * (z[j] - 0.3) * float64(1+j)
		}
		obs[i] = Observation{Z: z, Y: 5 + 2*math.Exp(-q) + 0.05*s.Norm(), Var: 0.0025 * s.Float64()}
	}
	return obs
}

func TestGP_PosteriorOfTwoPointsEqualsTheClosedForm(t *testing.T) {
	d := standardise([]Observation{{Z: []float64{-0.5}, Y: 1, Var: 0.02}, {Z: []float64{0.4}, Y: 3}}, 1)
	const length, noise = 0.37, 0.05
	g, err := condition(d, RBF, []float64{length}, noise)
	if err != nil {
		t.Fatal(err)
	}
	// Everything again by hand, in units of Y: mean 2, standard deviation sqrt 2.
	k := func(a, b float64) float64 { return math.Exp(-(a - b) * (a - b) / 8 / (length * length)) } // /8: half, and half the box
	y1, y2 := -1/math.Sqrt2, 1/math.Sqrt2
	a, b, c := 1+noise+0.01, k(-0.5, 0.4), 1+noise
	det := a*c - b*b
	inv := [3]float64{c / det, -b / det, a / det}
	mean := (y1*(inv[0]+inv[1]) + y2*(inv[1]+inv[2])) / (inv[0] + 2*inv[1] + inv[2])
	for _, z := range []float64{-1, -0.5, 0, 0.33, 0.4, 1} {
		k1, k2 := k(z, -0.5), k(z, 0.4)
		m := mean + k1*(inv[0]*(y1-mean)+inv[1]*(y2-mean)) + k2*(inv[1]*(y1-mean)+inv[2]*(y2-mean))
		v := 1 - (k1*k1*inv[0] + 2*k1*k2*inv[1] + k2*k2*inv[2])
		gotMean, gotVar := g.Predict([]float64{z})
		if math.Abs(gotMean-(2+math.Sqrt2*m)) > 1e-12 || math.Abs(gotVar-2*v) > 1e-12 {
			t.Errorf("at %v: %v ± %v, want %v ± %v", z, gotMean, gotVar, 2+math.Sqrt2*m, 2*v)
		}
	}
}

func TestGP_PosteriorGoesThroughExactPointsAndForgetsFarAway(t *testing.T) {
	obs := bumps(8, 2, 1)
	for i := range obs {
		obs[i].Var = 0
	}
	g, err := condition(standardise(obs, 2), RBF, []float64{0.05, 0.05}, 1e-8)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range obs {
		mean, variance := g.Predict(o.Z)
		if math.Abs(mean-o.Y) > 1e-5 || variance > 1e-6 {
			t.Errorf("at an observed point: %v ± %v, want %v", mean, variance, o.Y)
		}
	}
	g, err = condition(standardise(obs[:1], 2), RBF, []float64{0.01, 0.01}, 1e-8)
	if err != nil {
		t.Fatal(err)
	}
	if mean, variance := g.Predict([]float64{-obs[0].Z[0], -obs[0].Z[1]}); math.Abs(mean-obs[0].Y) > 1e-9 || math.Abs(variance-1) > 1e-9 {
		t.Errorf("far away: %v ± %v, want the mean and the prior's variance", mean, variance)
	}
}

// A point known badly must pull the curve less than one known well.
func TestGP_KnownVarianceWeighsThePoint(t *testing.T) {
	at := func(variance float64) float64 {
		obs := []Observation{{Z: []float64{-0.1}, Y: 0}, {Z: []float64{0}, Y: 10, Var: variance}, {Z: []float64{0.1}, Y: 0}, {Z: []float64{0.8}, Y: 1}}
		g, err := condition(standardise(obs, 1), RBF, []float64{0.3}, 1e-3)
		if err != nil {
			t.Fatal(err)
		}
		mean, _ := g.Predict([]float64{0})
		return mean
	}
	if well, badly := at(0), at(100); !(well > badly+1) {
		t.Errorf("mean at the outlier is %v when known well and %v when known badly", well, badly)
	}
}

func TestGP_GradientOfThePosteriorDensityIsItsDerivative(t *testing.T) {
	for _, kernel := range []Kernel{RBF, Matern52} {
		for _, dim := range []int{1, 3, 10} {
			f := newLikelihood(standardise(bumps(12, dim, 2), dim), kernel, DefaultPrior(dim))
			for r, u := range f.prior.starts(nil, dim, rng.New(9)) {
				grad, unused := make([]float64, dim+1), make([]float64, dim+1)
				f.density(u, grad)
				for j := range u {
					const step = 1e-5
					at := append([]float64(nil), u...)
					at[j] += step
					high := f.density(at, unused)
					at[j] -= 2 * step
					if numeric := (high - f.density(at, unused)) / (2 * step); math.Abs(numeric-grad[j]) > 1e-5*math.Max(1, math.Abs(numeric)) {
						t.Errorf("%v, dim %d, start %d, coordinate %d: %v, numerically %v", kernel, dim, r, j, grad[j], numeric)
					}
				}
			}
		}
	}
}

// With one observation standardised to 0 only the determinant and the prior remain.
func TestGP_DensityOfOnePointEqualsTheClosedForm(t *testing.T) {
	f := newLikelihood(standardise([]Observation{{Z: []float64{0.2}, Y: 7}}, 1), RBF, DefaultPrior(1))
	u := []float64{-0.4, -3}
	l, noise := math.Exp(u[0]), math.Exp(u[1])
	normal := func(x, mu, sd float64) float64 {
		r := (math.Log(x) - mu) / sd
		return math.Log(math.Exp(-r*r/2) / (x * sd * math.Sqrt(2*math.Pi)))
	}
	want := -0.5*math.Log(2*math.Pi*(1+noise)) + normal(l, math.Sqrt2, math.Sqrt(3)) + normal(noise, -4, 2)
	if got := f.density(u, make([]float64, 2)); math.Abs(got-want) > 1e-12 {
		t.Errorf("density %v, want %v", got, want)
	}
}

func TestFit_FindsWhichCoordinateMattersAndHowMuchNoiseThereIs(t *testing.T) {
	s := rng.New(3)
	var obs []Observation
	for range 40 {
		z := []float64{2*s.Float64() - 1, 2*s.Float64() - 1}
		obs = append(obs, Observation{Z: z, Y: math.Sin(5*z[0]) + 0.1*s.Norm()})
	}
	g, err := Fit(obs, 2, rng.New(4))
	if err != nil {
		t.Fatal(err)
	}
	if g.Lengths[0] > 0.6 || g.Lengths[1] < 2*g.Lengths[0] {
		t.Errorf("length scales %v: the first coordinate alone matters", g.Lengths)
	}
	if noise := math.Sqrt(g.Noise) * g.data.scale; noise < 0.05 || noise > 0.2 {
		t.Errorf("learned noise %v, want about .1", noise)
	}
	var worst float64
	for z := -0.9; z < 0.9; z += 0.05 {
		mean, _ := g.Predict([]float64{z, 0})
		worst = math.Max(worst, math.Abs(mean-math.Sin(5*z)))
	}
	if worst > 0.25 {
		t.Errorf("the curve is off by %v", worst)
	}
}

func TestFit_SurvivesHardData(t *testing.T) {
	z := func(v float64) []float64 { return []float64{v, v / 2} }
	for name, obs := range map[string][]Observation{
		"one point":        {{Z: z(0), Y: 3}},
		"constant":         {{Z: z(0), Y: 3}, {Z: z(1), Y: 3}, {Z: z(-1), Y: 3}},
		"the same point":   {{Z: z(0), Y: 3}, {Z: z(0), Y: 4}, {Z: z(0), Y: 5}, {Z: z(0), Y: 3}},
		"huge values":      {{Z: z(0), Y: 1e150}, {Z: z(1), Y: -1e150}, {Z: z(.5), Y: 0}},
		"tiny differences": {{Z: z(0), Y: 1}, {Z: z(1), Y: 1 + 1e-9}, {Z: z(.5), Y: 1 - 1e-9}},
		"huge variance":    {{Z: z(0), Y: 1, Var: 1e12}, {Z: z(1), Y: 2, Var: 1e12}},
	} {
		g, err := Fit(obs, 2, rng.New(1))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		mean, variance := g.Predict(z(0.3))
		if math.IsNaN(mean) || math.IsInf(mean, 0) || !(variance >= 0) {
			t.Errorf("%s: %v ± %v", name, mean, variance)
		}
		for _, rule := range rules {
			next, err := Model{}.Propose(obs, 2, rule, 2, rng.New(1))
			if err != nil || len(next) != 2 {
				t.Errorf("%s, %s: %v, %v", name, rule, next, err)
				continue
			}
			for _, v := range append(next[0], next[1]...) {
				if !(v >= -1 && v <= 1) {
					t.Errorf("%s, %s: proposed %v", name, rule, next)
				}
			}
		}
	}
}

func TestFit_ObservationsThatMakeNoSenseAreRefused(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, o := range []Observation{
		{Z: []float64{0}}, {Z: []float64{0, 1.5}}, {Z: []float64{nan, 0}}, {Z: []float64{0, 0}, Y: nan}, {Z: []float64{0, 0}, Y: inf},
		{Z: []float64{0, 0}, Var: -1}, {Z: []float64{0, 0}, Var: nan}, {Z: []float64{0, 0}, Var: inf},
	} {
		if _, err := Propose([]Observation{o}, 2, rng.New(1)); err == nil {
			t.Errorf("accepted %+v", o)
		}
	}
	if _, err := Fit(nil, 2, rng.New(1)); !errors.Is(err, errEmpty) {
		t.Errorf("fit without observations: %v", err)
	}
	if _, err := Propose(nil, MaxDim+1, rng.New(1)); err == nil {
		t.Error("accepted a dimension beyond the table")
	}
}

func TestBinomialVar_IsNeverZeroAndShrinksWithItems(t *testing.T) {
	if v := BinomialVar(40, 40); v <= 0 {
		t.Errorf("variance of 40 of 40 = %v", v)
	}
	if got, want := BinomialVar(20, 38), 21.0/40*(1-21.0/40)/38; math.Abs(got-want) > 1e-15 {
		t.Errorf("variance of 20 of 38 = %v, want %v", got, want)
	}
	if !(BinomialVar(40, 80) < BinomialVar(20, 40)) || BinomialVar(0, 0) != 0.25 {
		t.Error("more items must mean less variance")
	}
}

func TestGP_ExtendedProcessEqualsTheOneMadeAtOnceBitForBit(t *testing.T) {
	obs := bumps(30, 3, 11)
	obs[25] = obs[4] // needs jitter when there is no noise
	obs[25].Var, obs[4].Var = 0, 0
	d := standardise(obs[:12], 3)
	g, err := condition(d, RBF, []float64{2, 3, 4}, 1e-16)
	if err != nil {
		t.Fatal(err)
	}
	grown := g
	for i := 12; i < len(obs); i += 3 {
		if grown, err = grown.Extend(obs[i : i+3]...); err != nil {
			t.Fatal(err)
		}
	}
	whole, err := condition(d.with(obs[12:]), RBF, []float64{2, 3, 4}, 1e-16)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(grown, whole) {
		t.Error("the grown process differs")
	}
	if g.data.n != 12 {
		t.Error("the old process has changed")
	}
	if _, err := g.Extend(Observation{Z: []float64{0, 0, 0}, Y: math.NaN()}); err == nil {
		t.Error("accepted NaN")
	}
}

func TestGP_FittedIsThePosteriorMeanAtAnObservedPoint(t *testing.T) {
	g, err := Fit(bumps(15, 2, 3), 2, rng.New(1))
	if err != nil {
		t.Fatal(err)
	}
	w := newWork(g.data)
	for i := range g.data.n {
		if mean, _ := g.posterior(g.data.point(i), w); math.Abs(mean-g.fitted(i)) > 1e-9 {
			t.Errorf("point %d: %v, want %v", i, g.fitted(i), mean)
		}
	}
}

// BenchmarkProposeOf100 is what a trial of the prompt search costs late: fit and acquisition of 100 points in ten dimensions. On a busy machine
// the processor time is the figure to look at.
func BenchmarkProposeOf100(b *testing.B) {
	obs := bumps(100, 10, 1)
	began := processor(b)
	for i := range b.N {
		if _, err := Propose(obs, 10, rng.New(uint64(i))); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric((processor(b)-began)*1000/float64(b.N), "cpu-ms/op")
}

func processor(b *testing.B) float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

// Two observations of one point without any noise make the matrix singular.
func TestCholesky_MatrixThatNeedsJitterGetsTheLeastThatWillDo(t *testing.T) {
	obs := []Observation{{Z: []float64{0.1}, Y: 1}, {Z: []float64{0.1}, Y: 1}, {Z: []float64{0.8}, Y: 2}}
	g, err := condition(standardise(obs, 1), RBF, []float64{0.5}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if g.chol.jitter != 1 {
		t.Errorf("jitter %v, the smallest is %v", jitters[g.chol.jitter], jitters[1])
	}
	for _, o := range obs {
		if mean, variance := g.Predict(o.Z); math.Abs(mean-o.Y) > 1e-4 || !(variance >= 0 && variance < 1e-4) {
			t.Errorf("at %v: %v ± %v, want %v", o.Z, mean, variance, o.Y)
		}
	}
	for _, rule := range rules {
		z, err := g.Maximise(mustAcquire(t, g, rule), rng.New(1))
		if err != nil || !(z[0] >= -1 && z[0] <= 1) {
			t.Errorf("%s proposed %v: %v", rule, z, err)
		}
	}
}
