package bayes

import (
	"encoding/json"
	"math"
	"os"
	"testing"
)

// process is a Gaussian process of BoTorch at fixed hyper-parameters.
type process struct {
	Kernel     string
	Z          [][]float64
	Y, Var     []float64
	Lengths    []float64
	Noise      float64
	Likelihood float64   // log marginal, without priors
	Gradient   []float64 // by ln l_j and, where the noise is not known, ln noise
	At         [][]float64
	Mean       []float64
	Variance   []float64
	Best       float64
	LogEI      []float64 `json:"log_ei"`
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-8*math.Max(1, math.Abs(b)) }

func readProcesses(t *testing.T) (list []process) {
	t.Helper()
	text, err := os.ReadFile("testdata/botorch.json")
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

func (p process) data() (*data, Kernel) {
	var obs []Observation
	for i, z := range p.Z {
		o := Observation{Z: z, Y: p.Y[i]}
		if p.Var != nil {
			o.Var = p.Var[i]
		}
		obs = append(obs, o)
	}
	if p.Kernel == "rbf" {
		return standardise(obs, len(p.Lengths)), RBF
	}
	return standardise(obs, len(p.Lengths)), Matern52
}

func TestGP_PosteriorAndLogEIEqualBoTorch(t *testing.T) {
	for i, p := range readProcesses(t) {
		d, kernel := p.data()
		g, err := condition(d, kernel, p.Lengths, p.Noise)
		if err != nil {
			t.Fatal(err)
		}
		for j, z := range p.At {
			mean, variance := g.Predict(z)
			if !near(mean, p.Mean[j]) || !near(variance, p.Variance[j]) {
				t.Errorf("process %d, point %d: %.12g ± %.12g, BoTorch %.12g ± %.12g", i, j, mean, variance, p.Mean[j], p.Variance[j])
			}
			if got := logEI(mean, math.Sqrt(variance), p.Best); !near(got, p.LogEI[j]) {
				t.Errorf("process %d, point %d: LogEI %.12g, BoTorch %.12g", i, j, got, p.LogEI[j])
			}
			a := improvement{g, (p.Best - d.centre) / d.scale}
			if got := a.at(inward(z), nil, newWork(d)) + math.Log(d.scale); !near(got, p.LogEI[j]) {
				t.Errorf("process %d, point %d: as acquisition %.12g, BoTorch %.12g", i, j, got, p.LogEI[j])
			}
		}
	}
}

func TestGP_MarginalLikelihoodAndItsGradientEqualBoTorch(t *testing.T) {
	for i, p := range readProcesses(t) {
		d, kernel := p.data()
		u := make([]float64, d.d+1)
		for j, l := range p.Lengths {
			u[j] = math.Log(l)
		}
		u[d.d] = math.Log(p.Noise)
		grad := make([]float64, d.d+1)
		if got := newLikelihood(d, kernel, DefaultPrior(d.d)).marginal(u, grad); !near(got, p.Likelihood) {
			t.Errorf("process %d: log likelihood %.12g, BoTorch %.12g", i, got, p.Likelihood)
		}
		if len(p.Gradient) < d.d {
			t.Fatalf("process %d: %d derivatives", i, len(p.Gradient))
		}
		for j, want := range p.Gradient {
			if !near(grad[j], want) {
				t.Errorf("process %d: derivative %d is %.12g, BoTorch %.12g", i, j, grad[j], want)
			}
		}
	}
}

func TestLogEI_EqualsBoTorchDownToMinusOneHundredMillion(t *testing.T) {
	lowest := 0.0
	for _, c := range readGolden(t).BoTorch {
		lowest = math.Min(lowest, c[0])
		if got := logEI(c[0], 1, 0); !near(got, c[1]) {
			t.Errorf("ln h(%v) = %.17g, BoTorch %.17g", c[0], got, c[1])
		}
	}
	if lowest != -1e8 {
		t.Errorf("the lowest u is %v", lowest)
	}
}
