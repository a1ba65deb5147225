package statutes

import (
	"slices"
	"testing"
)

func TestCell_ALevelIsReachedAtTheFirstEvaluationThatHasIt(t *testing.T) {
	var c cell
	for i, right := range []float64{.25, .55, .4, .97, .95, .98} {
		c.note(point{Step: i + 1, Right: right})
	}
	var steps []int
	for _, p := range c.Reached {
		steps = append(steps, p.Step)
	}
	if want := []int{2, 4, 6}; !slices.Equal(steps, want) || c.Last.Step != 6 || len(c.Curve) != 6 {
		t.Errorf("reached at %v, want %v; last %+v of %d", steps, want, c.Last, len(c.Curve))
	}
	c = cell{}
	c.note(point{Right: .49})
	if c.Reached != [3]*point{} {
		t.Errorf("49 %% reach %v", c.Reached)
	}
}

func TestShape_ASizeIsWidthTimesLayersWithHeadsOf64(t *testing.T) {
	got, err := shape("320x5")
	if want := []string{"model.width=320", "model.layers=5", "model.heads=5", "model.kv_heads=5"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	for _, size := range []string{"", "x", "320", "100x4", "320x0", "0x4", "axb"} {
		if got, err := shape(size); err == nil {
			t.Errorf("%q is %v", size, got)
		}
	}
}
