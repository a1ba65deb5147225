package bayes

import (
	"math"
	"sort"
	"testing"

	"slm/rng"
)

// function is a test function to be maximised over [-1,1]^d, with its known maximum.
type function struct {
	name string
	dim  int
	f    func(z []float64) float64
	max  float64
}

// branin on [-5,10]×[0,15], negated; three maxima of equal height.
var branin = function{"branin", 2, func(z []float64) float64 {
	x, y := -5+7.5*(z[0]+1), 7.5*(z[1]+1)
	a := y - 5.1/(4*math.Pi*math.Pi)*x*x + 5/math.Pi*x - 6
	return -(a*a + 10*(1-1/(8*math.Pi))*math.Cos(x) + 10)
}, -0.39788735772973816}

// hartmann6 on [0,1]^6, negated.
var hartmann6 = function{"hartmann6", 6, func(z []float64) float64 {
	alpha := [4]float64{1, 1.2, 3, 3.2}
	a := [4][6]float64{{10, 3, 17, 3.5, 1.7, 8}, {0.05, 10, 17, 0.1, 8, 14}, {3, 3.5, 1.7, 10, 17, 8}, {17, 8, 0.05, 10, 0.1, 14}}
	p := [4][6]float64{{1312, 1696, 5569, 124, 8283, 5886}, {2329, 4135, 8307, 3736, 1004, 9991},
		{2348, 1451, 3522, 2883, 3047, 6650}, {4047, 8828, 8732, 5743, 1091, 381}}
	var sum float64
	for i := range alpha {
		var q float64
		for j := range 6 {
			r := (z[j]+1)/2 - p[i][j]/1e4
			q += a[i][j] * r * r
		}
		sum += alpha[i] * math.Exp(-q)
	}
	return sum
}, 3.32236801141551}

// ackley10 on [-5,10]^10, negated.
var ackley10 = function{"ackley10", 10, func(z []float64) float64 {
	var squares, cosines float64
	for _, v := range z {
		x := -5 + 7.5*(v+1)
		squares += x * x / 10
		cosines += math.Cos(2*math.Pi*x) / 10
	}
	return 20*math.Exp(-0.2*math.Sqrt(squares)) + math.Exp(cosines) - 20 - math.E
}, 0}

// optimise runs a search of 10 Sobol points and evaluations-10 proposals and returns the regret of the best value seen.
func optimise(t testing.TB, fn function, evaluations int, seed uint64) float64 {
	t.Helper()
	stream := rng.New(seed, "bayes", "search")
	design, err := Design(10, fn.dim, stream.At(0))
	if err != nil {
		t.Fatal(err)
	}
	var obs []Observation
	best := math.Inf(-1)
	for i := range evaluations {
		var z []float64
		if i < len(design) {
			z = design[i]
		} else if z, err = Propose(obs, fn.dim, stream.At(uint64(i))); err != nil {
			t.Fatal(err)
		}
		y := fn.f(z)
		best = math.Max(best, y)
		obs = append(obs, Observation{Z: z, Y: y})
	}
	return fn.max - best
}

// sobolOnly is the regret of as many scrambled Sobol points.
func sobolOnly(t testing.TB, fn function, evaluations int, seed uint64) float64 {
	t.Helper()
	design, err := Design(evaluations, fn.dim, rng.New(seed, "bayes", "sobol"))
	if err != nil {
		t.Fatal(err)
	}
	best := math.Inf(-1)
	for _, z := range design {
		best = math.Max(best, fn.f(z))
	}
	return fn.max - best
}

func median(x []float64) float64 {
	x = append([]float64(nil), x...)
	sort.Float64s(x)
	n := len(x)
	return (x[(n-1)/2] + x[n/2]) / 2
}

// BenchmarkRegret prints the regret after 50 evaluations over six seeds; scripts/bench-bo runs it.
func BenchmarkRegret(b *testing.B) {
	for _, fn := range []function{branin, hartmann6, ackley10} {
		b.Run(fn.name, func(b *testing.B) {
			for range b.N {
				var regrets, plain []float64
				for seed := range uint64(6) {
					regrets = append(regrets, optimise(b, fn, 50, seed))
					plain = append(plain, sobolOnly(b, fn, 50, seed))
				}
				sort.Float64s(regrets)
				b.Logf("%s: regrets %.4g", fn.name, regrets)
				b.ReportMetric(median(regrets), "regret")
				b.ReportMetric(median(plain), "sobol-regret")
				b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)/6, "s/run")
			}
		})
	}
}
