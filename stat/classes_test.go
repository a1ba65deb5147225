package stat

import (
	"encoding/json"
	"math"
	"os"
	"testing"
)

// scripts/golden/answers.py makes the file.
func TestMacroF1_AgreesWithScikitLearn(t *testing.T) {
	file, err := os.ReadFile("testdata/classes.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Gold, Said      []int
		N               int
		Balanced, Kappa float64
		MacroF1         float64 `json:"macro_f1"`
	}
	if err := json.Unmarshal(file, &cases); err != nil || len(cases) == 0 {
		t.Fatal(err)
	}
	for _, c := range cases {
		a, b := make([]bool, len(c.Gold)), make([]bool, len(c.Gold))
		for i := range a {
			a[i], b[i] = c.Gold[i] > 0, c.Said[i] > 0
		}
		for name, got := range map[string][2]float64{
			"balanced accuracy": {Balanced(c.Gold, c.Said, c.N), c.Balanced}, "macro-F1": {MacroF1(c.Gold, c.Said, c.N), c.MacroF1}, "kappa": {Kappa(a, b), c.Kappa},
		} {
			if math.Abs(got[0]-got[1]) > 1e-12 {
				t.Errorf("%s of %v and %v: %v, want %v", name, c.Gold, c.Said, got[0], got[1])
			}
		}
	}
	// A class that is none counts as wrong, and one that nobody names does not count.
	if b, f := Balanced([]int{0, 1}, []int{0, -1}, 4), MacroF1([]int{0, 1}, []int{0, -1}, 4); b != .5 || f != .5 {
		t.Errorf("%v, %v", b, f)
	}
	if !math.IsNaN(Balanced(nil, nil, 2)) || !math.IsNaN(MacroF1(nil, nil, 2)) || !math.IsNaN(Kappa([]bool{true}, []bool{true})) {
		t.Error("a figure of nothing")
	}
}
