package cma

import (
	"encoding/json"
	"math"
	"os"
	"testing"
)

// trajectory is a run of the program cma on given deviates.
type trajectory struct {
	Function    string
	Mean        []float64
	Sigma       float64
	Population  int
	Generations []struct {
		Z     [][]float64
		Mean  []float64
		Sigma float64
		Cov   [][]float64
	}
}

// minimised are the functions of the golden file.
var minimised = map[string]func(x []float64) float64{
	"sphere": func(x []float64) (sum float64) {
		for _, v := range x {
			sum += v * v
		}
		return sum
	},
	"rosenbrock": func(x []float64) (sum float64) {
		for i := range len(x) - 1 {
			a, b := x[i+1]-x[i]*x[i], 1-x[i]
			sum += 100*a*a + b*b
		}
		return sum
	},
	"ellipsoid": func(x []float64) (sum float64) {
		for i, v := range x {
			sum += math.Pow(1000, float64(i)/float64(len(x)-1)) * v * v
		}
		return sum
	},
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-8*math.Max(1, math.Abs(b)) }

func TestStrategy_TrajectoriesEqualThoseOfCMA(t *testing.T) {
	text, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var list []trajectory
	if err := json.Unmarshal(text, &list); err != nil {
		t.Fatal(err)
	}
	if len(list) != 3 {
		t.Fatalf("%d trajectories", len(list))
	}
	for _, c := range list {
		s, err := New(c.Mean, c.Sigma, c.Population)
		if err != nil {
			t.Fatal(err)
		}
		for i, g := range c.Generations {
			points, values := make([][]float64, len(g.Z)), make([]float64, len(g.Z))
			for k, z := range g.Z {
				points[k] = s.Sample(z)
				values[k] = -minimised[c.Function](points[k])
			}
			if err := s.Tell(points, values); err != nil {
				t.Fatalf("%s, generation %d: %v", c.Function, i, err)
			}
			same := near(s.Sigma, g.Sigma)
			for j := range s.Mean {
				same = same && near(s.Mean[j], g.Mean[j])
				for k := range s.Mean {
					same = same && near(s.cov[j][k], g.Cov[j][k])
				}
			}
			if !same {
				t.Fatalf("%s, generation %d: mean %.12g, sigma %.12g, C %.12g; cma has %.12g, %.12g, %.12g",
					c.Function, i, s.Mean, s.Sigma, s.cov, g.Mean, g.Sigma, g.Cov)
			}
		}
	}
}
