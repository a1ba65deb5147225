package report

import (
	"bytes"
	"strings"
	"testing"

	"slm/stages/gate"
	"slm/stat"
)

func TestGate_ReportSaysWaysAndCalibration(t *testing.T) {
	told := func(ece float64) *gate.Told {
		return &gate.Told{ECE: ece, Cases: 9, Bins: []stat.Bin{{Cases: 4, Mean: .2, Right: .5}, {}, {Cases: 5, Mean: .8, Right: 1}}}
	}
	run := &Run{Name: "x", Gate: &gate.Gate{
		Named: gate.Curve{Before: told(.21), After: told(.034)},
		Ways:  []gate.Taken{{Way: gate.Small, Questions: 7, Right: 6}, {Way: gate.None, Questions: 2}, {Way: gate.Both}},
	}}
	var page bytes.Buffer
	if err := Render(&page, run); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"small: 7 questions, a right section was given to 6", "none: 2 questions<", "0.210 before calibration, 0.034 after, over 9 questions", `class="dot-a" cx=`} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("%q is not there", want)
		}
	}
	if strings.Contains(page.String(), "both: ") {
		t.Error("a way that was not taken is listed")
	}
	run.Gate, page = nil, bytes.Buffer{}
	if err := Render(&page, run); err != nil || strings.Contains(page.String(), `id="gate"`) {
		t.Errorf("a run without a gate has a part about it, %v", err)
	}
}
