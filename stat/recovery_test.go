package stat

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"testing"

	"slm/rng"
)

// routed is what scikit-learn and NumPy make of a router; by scripts/golden/routing.py.
type routed struct {
	Score, Weak, Sent, Calls, Recovered []float64
	Strong, AUROC, APGR                 float64
	CPT50, CPT80                        *float64
}

func readRouted(t *testing.T) (list []routed) {
	t.Helper()
	text, err := os.ReadFile("testdata/routing.json")
	if err == nil {
		err = json.Unmarshal(text, &list)
	}
	if err != nil || len(list) == 0 {
		t.Fatal(err)
	}
	return list
}

func TestRecover_IsThatOfScikitLearn(t *testing.T) {
	for k, g := range readRouted(t) {
		r, err := Recover(g.Score, g.Weak, g.Sent, g.Strong)
		if err != nil || !near(r.APGR, g.APGR) || len(r.Points) != len(g.Calls) {
			t.Fatalf("%d: %v, want %v; %v", k, r.APGR, g.APGR, err)
		}
		for i, p := range r.Points {
			if !near(p.Calls, g.Calls[i]) || !near(p.Recovered, g.Recovered[i]) {
				t.Errorf("%d, point %d: %+v", k, i, p)
			}
		}
		for _, c := range []struct {
			got  float64
			want *float64
		}{{r.CPT50, g.CPT50}, {r.CPT80, g.CPT80}} {
			if c.want == nil != math.IsNaN(c.got) || c.want != nil && math.Abs(c.got-*c.want) > 2e-6 {
				t.Errorf("%d: threshold %v, want %v", k, c.got, c.want)
			}
		}
	}
}

func TestAUROC_IsThatOfScikitLearn(t *testing.T) {
	for k, g := range readRouted(t) {
		right, score := make([]bool, len(g.Weak)), make([]float64, len(g.Weak))
		for i := range right {
			right[i], score[i] = g.Weak[i] == 1, -g.Score[i]
		}
		if got := AUROC(score, right); !near(got, g.AUROC) {
			t.Errorf("%d: %v, want %v", k, got, g.AUROC)
		}
	}
	if got := AUROC([]float64{1, 2}, []bool{true, true}); !math.IsNaN(got) {
		t.Error(got)
	}
}

func TestRecover_ChanceHasHalfAndForesightMore(t *testing.T) {
	s := rng.New(4, "recovery")
	const n = 2000
	weak, sent, blind, sees := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
	strong := 0.0
	for i := range n {
		weak[i], sent[i], blind[i] = float64(s.IntN(2)), float64(min(1, s.IntN(10))), s.Float64()
		sees[i], strong = sent[i]-weak[i], strong+sent[i]/n
	}
	chance, err := Recover(blind, weak, sent, strong)
	if err != nil || math.Abs(chance.APGR-.5) > .05 || math.Abs(chance.CPT50-.5) > .1 {
		t.Errorf("chance: %+v, %v", chance.APGR, err)
	}
	flat, err := Recover(make([]float64, n), weak, sent, strong)
	if err != nil || !near(flat.APGR, .5) || !near(flat.CPT80, .8) {
		t.Errorf("all alike: %+v, %v", flat, err)
	}
	oracle, err := Recover(sees, weak, sent, strong)
	if err != nil || oracle.APGR < .7 || oracle.CPT50 > .3 {
		t.Errorf("who sees it: %v, %v", oracle.APGR, err)
	}
	none, err := Recover(blind, sent, weak, 0)
	if err != nil || !math.IsNaN(none.APGR) || !math.IsNaN(none.CPT50) {
		t.Errorf("without a gap: %+v, %v", none.APGR, err)
	}
	for _, bad := range [][]float64{nil, {math.NaN()}} {
		if _, err := Recover(bad, bad, bad, 1); err == nil {
			t.Errorf("%v is taken", bad)
		}
	}
	if _, err := Recover(nil, nil, nil, 1); !errors.Is(err, ErrItems) {
		t.Error(err)
	}
}
