package stat

import (
	"math"
	"testing"
)

// Values of scikit-learn 1.5: balanced_accuracy_score, and f1_score with average="macro"; by scripts/golden/classes.py.
func TestMacroF1_AgreesWithScikitLearn(t *testing.T) {
	for _, c := range []struct {
		gold, said   []int
		n            int
		balanced, f1 float64
	}{
		{[]int{0, 1, 2, 0, 1, 2}, []int{0, 2, 1, 0, 0, 1}, 3, 1. / 3, 0.26666666666666666},
		{[]int{0, 0, 0, 0, 1, 1, 2}, []int{0, 0, 0, 1, 1, 0, 0}, 3, 0.4166666666666667, 0.38888888888888884},
		{[]int{1, 1, 1}, []int{0, 1, 1}, 2, 2. / 3, 0.4},
		{[]int{0, 1}, []int{0, 1}, 4, 1, 1},
	} {
		if b, f := Balanced(c.gold, c.said, c.n), MacroF1(c.gold, c.said, c.n); math.Abs(b-c.balanced) > 1e-12 || math.Abs(f-c.f1) > 1e-12 {
			t.Errorf("%v, %v: %v, %v", c.gold, c.said, b, f)
		}
	}
	if !math.IsNaN(Balanced(nil, nil, 2)) || !math.IsNaN(MacroF1(nil, nil, 2)) {
		t.Error("a figure of nothing")
	}
}
