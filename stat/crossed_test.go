package stat

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"testing"
)

// crossedGolden is what SciPy and statsmodels make of the same answers; by scripts/golden/crossed.py.
type crossedGolden struct {
	Crossed []struct {
		Cluster                     []int
		Scores                      [][]float64
		Value, SE, DF, P, Low, High float64
	}
	Mixed []struct {
		Cluster                     []int
		Scores                      [][]float64
		Value, SE, Seed, Item, Rest float64
		ClusterPart                 float64 `json:"cluster_part"`
	}
	Power      []struct{ Errors, DF, Alpha, Power float64 }
	Detectable struct{ SE, DF, Alpha, Power, Difference float64 }
	P, Holm    []float64
}

func readCrossed(t *testing.T) (g crossedGolden) {
	t.Helper()
	text, err := os.ReadFile("testdata/crossed.json")
	if err == nil {
		err = json.Unmarshal(text, &g)
	}
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestCross_IsThatOfSciPyAndStatsmodels(t *testing.T) {
	for i, g := range readCrossed(t).Crossed {
		c, err := Cross(g.Cluster, .95, g.Scores)
		if err != nil {
			t.Fatal(err)
		}
		for name, x := range map[string][2]float64{"value": {c.Value, g.Value}, "se": {c.SE, g.SE}, "df": {c.DF, g.DF}, "p": {c.P, g.P}, "low": {c.Low, g.Low}, "high": {c.High, g.High}} {
			if math.Abs(x[0]-x[1]) > 1e-7*(1+math.Abs(x[1])) {
				t.Errorf("case %d: %s is %v, want %v", i, name, x[0], x[1])
			}
		}
		if c.Drawn != (len(g.Scores) > 1) {
			t.Errorf("case %d: drawn %v", i, c.Drawn)
		}
	}
}

func TestMix_IsTheMaximumThatSciPyClimbsFromStatsmodels(t *testing.T) {
	for i, g := range readCrossed(t).Mixed {
		m, err := Mix(g.Cluster, g.Scores)
		if err != nil {
			t.Fatal(err)
		}
		for name, x := range map[string][2]float64{"value": {m.Value, g.Value}, "se": {m.SE, g.SE}, "seed": {m.Seed, g.Seed}, "cluster": {m.Cluster, g.ClusterPart}, "item": {m.Item, g.Item}, "rest": {m.Rest, g.Rest}} {
			if math.Abs(x[0]-x[1]) > 2e-5 { // as far as that climbs
				t.Errorf("case %d: %s is %v, want %v", i, name, x[0], x[1])
			}
		}
	}
}

func TestPower_IsThatOfSciPy(t *testing.T) {
	g := readCrossed(t)
	for _, p := range g.Power {
		if got := PowerOf(p.Errors, p.DF, p.Alpha); math.Abs(got-p.Power) > 1e-6 {
			t.Errorf("%+v: %v", p, got)
		}
	}
	d := g.Detectable
	if got := Detectable(d.SE, d.DF, d.Alpha, d.Power); math.Abs(got-d.Difference) > 1e-6 {
		t.Errorf("detectable %v, want %v", got, d.Difference)
	}
}

func TestHolm_IsThatOfStatsmodels(t *testing.T) {
	g := readCrossed(t)
	for i, p := range Holm(g.P) {
		if math.Abs(p-g.Holm[i]) > 1e-12 {
			t.Errorf("p %v: %v, want %v", g.P[i], p, g.Holm[i])
		}
	}
}

// Twice the seeds of one side, or sides that share nothing, are no other difference.
func TestCross_SidesOfTheirOwnSeedsHaveTheSameDifference(t *testing.T) {
	g := readCrossed(t).Crossed[3]
	a, zero := g.Scores, [][]float64{make([]float64, len(g.Cluster)), make([]float64, len(g.Cluster))}
	one, err := Cross(g.Cluster, .95, a)
	if err != nil {
		t.Fatal(err)
	}
	two, err := Cross(g.Cluster, .95, a, zero)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(one.Value-two.Value) > 1e-12 || math.Abs(one.SE-two.SE) > 1e-12 {
		t.Errorf("%+v and %+v", one, two)
	}
	single, err := Cross(g.Cluster, .95, a, zero[:1])
	if err != nil || single.Drawn || single.Parts.Seeds != 0 || single.DF != float64(single.Clusters-1) {
		t.Errorf("a side with one seed: %+v, %v", single, err)
	}
}

func TestCross_NothingThatVariesHasNoInterval(t *testing.T) {
	same := [][]float64{{0, 0, 0}, {0, 0, 0}}
	if c, err := Cross([]int{0, 1, 2}, .95, same); err != nil || c.P != 1 || c.Low != 0 || c.High != 0 {
		t.Errorf("%+v %v", c, err)
	}
	if c, err := Cross([]int{0, 1, 2}, .95, [][]float64{{1, 1, 1}}); err != nil || c.P != 0 || c.Low != 1 {
		t.Errorf("%+v %v", c, err)
	}
	for _, bad := range [][]int{{0, 0, 0}, {0, 2, 1}, {0, 1}, {}} {
		if _, err := Cross(bad, .95, same); err == nil {
			t.Errorf("clusters %v were taken", bad)
		}
	}
	if _, err := Cross([]int{0, 1, 2}, .95, [][]float64{{0, math.NaN(), 1}}); err == nil {
		t.Error("NaN was taken")
	}
	if _, err := Cross([]int{0, 1, 2}, .95, nil); !errors.Is(err, ErrItems) {
		t.Error(err)
	}
}

func TestNeeded_DesignOfThatSizeDetectsTheDifference(t *testing.T) {
	g := readCrossed(t)
	for i, k := range []int{0, 1, 2, 3} {
		c, err := Cross(g.Crossed[k].Cluster, .95, g.Crossed[k].Scores)
		if err != nil {
			t.Fatal(err)
		}
		own := Detectable(c.SE, c.DF, .05, .8)
		n := c.Needed(own, .05, .8)
		if perCluster := float64(c.Items) / float64(c.Clusters); math.Abs(float64(n.Items-c.Items)) > 2*perCluster+1 {
			t.Errorf("case %d: what %d items detect takes %d", i, c.Items, n.Items)
		}
		if c.Drawn && max(n.Seeds-c.Seeds[0], c.Seeds[0]-n.Seeds) > 1 {
			t.Errorf("case %d: what %d seeds detect takes %d", i, c.Seeds[0], n.Seeds)
		}
		if half := c.Needed(own/2, .05, .8); half.Items != 0 && half.Items < 3*c.Items {
			t.Errorf("case %d: half the difference takes %d items, not some 4 × %d", i, half.Items, c.Items)
		}
	}
}

func TestStudent_IsTheIntervalOfAMeanOfIndependentValues(t *testing.T) {
	c, err := Student([]float64{1, 2, 3, 4, 5}, 0.95)
	if err != nil {
		t.Fatal(err)
	}
	half := 2.7764451051977987 * math.Sqrt(2.5/5) // t(.975, 4) from tables
	if c.Value != 3 || math.Abs(c.Low-(3-half)) > 1e-6 || math.Abs(c.High-(3+half)) > 1e-6 {
		t.Errorf("%+v", c.Interval)
	}
}

func TestLogOdds_UndoTheCurve(t *testing.T) {
	l := Logistic{Bias: -0.5, Weights: []float64{2, 1}}
	for _, x := range [][]float64{{0, 0}, {0.3, 0.1}, {1, 1}} {
		if p := l.At(x); math.Abs(LogOdds(p, 1e-9)-l.LogOdds(x)) > 1e-12 {
			t.Errorf("%v: %v", x, p)
		}
	}
	if low, high := LogOdds(0, 1e-6), LogOdds(1, 1e-6); math.IsInf(low, 0) || math.Abs(low+high) > 1e-9 {
		t.Errorf("%v, %v", low, high)
	}
}
