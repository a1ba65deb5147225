package bayes

import (
	"math"
	"testing"

	"slm/rng"
)

var rules = []Rule{LogEIRule, NoisyRule, UCBRule, ThompsonRule}

func TestAcquisition_GradientOfEachIsItsDerivative(t *testing.T) {
	for _, kernel := range []Kernel{RBF, Matern52} {
		g, err := Model{Kernel: kernel}.Fit(bumps(20, 3, 6), 3, rng.New(1))
		if err != nil {
			t.Fatal(err)
		}
		for _, rule := range rules {
			a, err := g.Acquire(rule, rng.New(3))
			if err != nil {
				t.Fatal(err)
			}
			checkGradient(t, string(rule)+" "+kernel.String(), a, g)
		}
	}
}

func checkGradient(t *testing.T, name string, a Acquisition, g *GP) {
	t.Helper()
	w, s := newWork(g.data), rng.New(2)
	for range 10 {
		x := []float64{s.Float64(), s.Float64(), s.Float64()}
		grad := make([]float64, 3)
		with := a.at(x, grad, w)
		if without := a.at(x, nil, w); math.Abs(with-without) > 1e-12 {
			t.Errorf("%s: %v with gradient, %v without", name, with, without)
		}
		for j := range x {
			const step = 1e-6
			at := append([]float64(nil), x...)
			at[j] += step
			high := a.at(at, nil, w)
			at[j] -= 2 * step
			low := a.at(at, nil, w)
			if numeric := (high - low) / (2 * step); math.Abs(numeric-grad[j]) > 1e-4*math.Max(1, math.Abs(numeric)) {
				t.Errorf("%s at %v, coordinate %d: %v, numerically %v", name, x, j, grad[j], numeric)
			}
		}
	}
}

func TestRule_UsualOneIsNoisyLogEIWhereVariancesAreKnown(t *testing.T) {
	for _, known := range []bool{false, true} {
		obs := bumps(8, 2, 3)
		for i := range obs {
			if !known || i == 2 { // one point may be exact
				obs[i].Var = 0
			}
		}
		g, err := Fit(obs, 2, rng.New(1))
		if err != nil {
			t.Fatal(err)
		}
		if _, noise := mustAcquire(t, g, "").(*noisy); noise != known {
			t.Errorf("variances known %v: noisy %v", known, noise)
		}
		if small := g.Noise < 1e-5; known && !small {
			t.Errorf("variances known: noise %v was learned on top", g.Noise)
		}
	}
}

func TestRule_UnknownOneIsRefused(t *testing.T) {
	g, err := Fit(bumps(5, 2, 1), 2, rng.New(1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := g.Acquire("guess", rng.New(1)); err == nil {
		t.Error("accepted")
	}
}

// Without noise there is nothing to average over: both kinds of expected improvement must agree.
func TestNoisyLogEI_EqualsLogEIWhereTheValuesAreKnown(t *testing.T) {
	d := standardise(bumps(10, 2, 3), 2)
	clear(d.noise)
	g, err := condition(d, Matern52, []float64{0.4, 0.4}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	plain, noise := improvement{g, g.best}, mustAcquire(t, g, NoisyRule)
	w, s := newWork(d), rng.New(4)
	for range 20 {
		x := []float64{s.Float64(), s.Float64()}
		if a, b := plain.at(x, nil, w), noise.at(x, nil, w); math.Abs(a-b) > 0.05*math.Max(1, math.Abs(a)) {
			t.Errorf("at %v: LogEI %v, noisy LogEI %v", x, a, b)
		}
	}
}

// Draws whose share is lost in rounding are left out; the sum of all must be the same.
func TestNoisyLogEI_IsTheMeanOverAllDraws(t *testing.T) {
	d := standardise(bumps(20, 2, 3), 2)
	for i := range d.noise {
		d.noise[i] = 0.02
	}
	g, err := condition(d, RBF, []float64{0.2, 0.3}, 1e-6)
	if err != nil {
		t.Fatal(err)
	}
	a, err := newNoisy(g, rng.New(1))
	if err != nil {
		t.Fatal(err)
	}
	w, s, left := newWork(d), rng.New(4), 0
	for range 200 {
		x := []float64{s.Float64(), s.Float64()}
		got := a.at(x, nil, w)
		_, variance := a.exact.posterior(x, w)
		sigma := math.Sqrt(variance)
		var logs []float64
		top := math.Inf(-1)
		for k, alpha := range a.alpha {
			h, _ := logH((g.Mean + dot(w.k, alpha) - a.best[k]) / sigma)
			logs = append(logs, h)
			top = math.Max(top, h)
		}
		var sum float64
		for _, h := range logs {
			sum += math.Exp(h-top) / noisySamples
			if h-top < -45 {
				left++
			}
		}
		if want := math.Log(sigma) + top + math.Log(sum); math.Abs(got-want) > 1e-12*math.Max(1, math.Abs(want)) {
			t.Errorf("at %v: %.17g, all draws %.17g", x, got, want)
		}
	}
	if left == 0 {
		t.Error("no draw was far below the largest")
	}
}

// The average over draws must agree with a plain simulation of the joint posterior.
func TestNoisyLogEI_AgreesWithSimulation(t *testing.T) {
	d := standardise(bumps(6, 1, 5), 1)
	for i := range d.noise {
		d.noise[i] = 0.3
	}
	g, err := condition(d, RBF, []float64{0.3}, 0.01)
	if err != nil {
		t.Fatal(err)
	}
	var mean float64
	const repeats = 200
	x := []float64{0.8}
	w := newWork(d)
	for r := range uint64(repeats) {
		a, err := newNoisy(g, rng.New(r))
		if err != nil {
			t.Fatal(err)
		}
		mean += math.Exp(a.at(x, nil, w)) / repeats
	}
	// Joint posterior of the six values and the one at x by the textbook formula, and its Cholesky factor.
	n := d.n + 1
	points := append(append([]float64(nil), d.x...), x...)
	k := func(a, b float64) float64 { return math.Exp(-(a - b) * (a - b) / (2 * 0.3 * 0.3)) }
	cov, mu := make(triangle, n*(n+1)/2), make([]float64, n)
	cross, solved := make([][]float64, n), make([]float64, d.n)
	for i := range n {
		cross[i] = make([]float64, d.n)
		for j := range d.n {
			cross[i][j] = k(points[i], points[j])
		}
		mu[i] = g.Mean + dot(cross[i], g.alpha)
	}
	for i := range n {
		g.chol.solve(solved, cross[i])
		for j := range i + 1 {
			cov.row(i)[j] = k(points[i], points[j]) - dot(cross[j], solved)
		}
	}
	f, err := newFactor(cov, n)
	if err != nil {
		t.Fatal(err)
	}
	s, z, want := rng.New(77), make([]float64, n), 0.0
	const draws = 200000
	for range draws {
		best, last := math.Inf(-1), 0.0
		for i := range z {
			z[i] = s.Norm()
			last = mu[i] + dot(f.lower.row(i), z)
			if i < d.n {
				best = math.Max(best, last)
			}
		}
		want += math.Max(0, last-best) / draws
	}
	if math.Abs(mean/want-1) > 0.06 {
		t.Errorf("noisy EI %v, simulated %v", mean, want)
	}
}

func mustAcquire(t *testing.T, g *GP, rule Rule) Acquisition {
	t.Helper()
	a, err := g.Acquire(rule, rng.New(1))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// Draws must have the process's own mean and variance.
func TestThompson_DrawsAreDistributedAsThePosterior(t *testing.T) {
	for _, kernel := range []Kernel{RBF, Matern52} {
		d := standardise(bumps(8, 2, 9), 2)
		g, err := condition(d, kernel, []float64{0.3, 0.5}, 0.05)
		if err != nil {
			t.Fatal(err)
		}
		w := newWork(d)
		for _, x := range [][]float64{{0.5, 0.5}, {0.05, 0.9}, d.point(2)} {
			const draws = 1500
			var sum, squares float64
			for r := range uint64(draws) {
				v := newDraw(g, rng.New(r)).at(x, nil, w)
				sum += v
				squares += v * v
			}
			mean, variance := g.posterior(x, w)
			gotMean := sum / draws
			gotVar := squares/draws - gotMean*gotMean
			if math.Abs(gotMean-mean) > 0.1 || math.Abs(gotVar/variance-1) > 0.2 {
				t.Errorf("%v at %v: draws have %v ± %v, the process %v ± %v", kernel, x, gotMean, gotVar, mean, variance)
			}
		}
	}
}

func TestUCB_IsMeanAndTwoDeviations(t *testing.T) {
	g, err := Fit(bumps(10, 3, 2), 3, rng.New(1))
	if err != nil {
		t.Fatal(err)
	}
	a, w := mustAcquire(t, g, UCBRule), newWork(g.data)
	x := []float64{0.2, 0.4, 0.9}
	mean, variance := g.posterior(x, w)
	if got, want := a.at(x, nil, w), mean+2*math.Sqrt(variance); math.Abs(got-want) > 1e-15 {
		t.Errorf("upper bound %v, want %v", got, want)
	}
}
