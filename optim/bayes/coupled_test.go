package bayes

import (
	"errors"
	"math"
	"testing"

	"slm/rng"
)

// similarity of n points: a covariance matrix with ones on its diagonal.
func similarity(n int, s *rng.Stream) [][]float64 {
	cov := matrix(n, s)
	out := make([][]float64, n)
	for i := range out {
		out[i] = make([]float64, n)
	}
	for i := range n {
		for j := range i + 1 {
			v := cov.row(i)[j] / math.Sqrt(cov.row(i)[i]*cov.row(j)[j])
			if i == j {
				v = 1
			}
			out[i][j], out[j][i] = v, v
		}
	}
	return out
}

// On observed points the coupled kernel is S: mean and variance there must be those of a process whose covariance matrix is S.
func TestCoupled_KernelIsTheSimilarityOnObservedPoints(t *testing.T) {
	const n = 9
	obs := bumps(n, 2, 4)
	s := similarity(n, rng.New(8))
	base, err := condition(standardise(obs, 2), Matern52, []float64{0.2, 0.2}, 0.03)
	if err != nil {
		t.Fatal(err)
	}
	g, err := base.couple(s)
	if err != nil {
		t.Fatal(err)
	}
	w, solved := newWork(g.data), make([]float64, n)
	for i := range n {
		mean, variance := g.posterior(g.data.point(i), w)
		g.chol.solve(solved, s[i])
		wantMean, wantVar := g.Mean+dot(s[i], g.alpha), s[i][i]-dot(s[i], solved)
		if math.Abs(mean-wantMean) > 1e-8 || math.Abs(variance-wantVar) > 1e-8 {
			t.Errorf("point %d: %v ± %v, want %v ± %v", i, mean, variance, wantMean, wantVar)
		}
		if math.Abs(wantMean-g.fitted(i)) > 1e-9 {
			t.Errorf("point %d: fitted %v, want %v", i, g.fitted(i), wantMean)
		}
	}
}

// With S = L the kernel is the latent one, between any two points up to what the observed ones tell: lᵀL⁻¹l.
func TestCoupled_LatentKernelKeepsTheMean(t *testing.T) {
	obs := bumps(8, 2, 5)
	base, err := condition(standardise(obs, 2), RBF, []float64{0.3, 0.3}, 0.05)
	if err != nil {
		t.Fatal(err)
	}
	s := make([][]float64, len(obs))
	for i := range s {
		s[i] = make([]float64, len(obs))
		for j := range s[i] {
			s[i][j], _ = RBF.at(distance(base.data.point(i), base.data.point(j), base.scale))
		}
	}
	g, err := base.couple(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, z := range [][]float64{{0, 0}, {0.9, -0.9}, {0.3, 0.1}} {
		want, _ := base.Predict(z)
		if got, _ := g.Predict(z); math.Abs(got-want) > 1e-8 {
			t.Errorf("at %v: mean %v, want %v", z, got, want)
		}
	}
}

func TestCoupled_ModelIsFittedClimbedAndRefusesWhatItCannotDo(t *testing.T) {
	obs := bumps(8, 3, 5)
	g, err := Model{Similarity: similarity(8, rng.New(1))}.Fit(obs, 3, rng.New(2))
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range []Rule{LogEIRule, UCBRule} {
		a := mustAcquire(t, g, rule)
		checkGradient(t, "coupled "+string(rule), a, g)
		z, err := g.Maximise(a, rng.New(3))
		if err != nil || len(z) != 3 {
			t.Errorf("%s: %v, %v", rule, z, err)
		}
	}
	for _, rule := range []Rule{NoisyRule, ThompsonRule} {
		if _, err := g.Acquire(rule, rng.New(1)); !errors.Is(err, errCoupled) {
			t.Errorf("%s: %v", rule, err)
		}
	}
	if _, err := g.Extend(obs[0]); !errors.Is(err, errCoupled) {
		t.Errorf("extend: %v", err)
	}
	bad := similarity(8, rng.New(1))
	bad[2][3] = 7
	for name, s := range map[string][][]float64{"too few": similarity(7, rng.New(1)), "not symmetric": bad, "ragged": {{1}, {1}, {1}, {1}, {1}, {1}, {1}, {1}}} {
		if _, err := (Model{Similarity: s}).Fit(obs, 3, rng.New(2)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
