package report

import (
	"errors"
	"fmt"
	"io/fs"

	"slm/stages/gate"
)

// gateView is the part of the page about the gate.
type gateView struct {
	Ways  []string
	Plots []figure
}

// readGate takes the gate of stage find, where there is one.
func (r *Run) readGate(dir string) error {
	g, err := gate.ReadGate(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	r.Gate = &g
	return err
}

// viewGate draws how true the gate's probabilities are; nil = there is none.
func viewGate(g *gate.Gate) *gateView {
	if g == nil {
		return nil
	}
	v := &gateView{}
	for _, w := range g.Ways {
		if w.Questions > 0 {
			line := fmt.Sprintf("%s: %d questions", w.Way, w.Questions)
			if w.Way != gate.Alone && w.Way != gate.None {
				line += fmt.Sprintf(", a right section was given to %d", w.Right)
			}
			v.Ways = append(v.Ways, line)
		}
	}
	if r := g.Refusal; r != nil {
		v.Ways = append(v.Ways, fmt.Sprintf("“Nothing in your documents is about this” was said to %d of %d questions about anything else, and to %d of %d questions of this corpus",
			r.Foreign.Refused, r.Foreign.Questions, r.Own.Refused, r.Own.Questions))
	}
	for _, c := range []struct {
		title string
		curve gate.Curve
	}{{"The small model’s place", g.Named}, {"The first passage", g.First}, {"One of the passages", g.Among}} {
		if c.curve.Before != nil && c.curve.After != nil {
			v.Plots = append(v.Plots, reliable(c.title, *c.curve.Before, *c.curve.After))
		}
	}
	return v
}

// reliable is a reliability diagram: the share that is right against the probability that was foretold.
func reliable(title string, before, after gate.Told) figure {
	f := figure{Title: title, Text: fmt.Sprintf("Expected calibration error %.3f before calibration, %.3f after, over %d questions.", before.ECE, after.ECE, after.Cases)}
	low, high := 0.0, 1.0
	p := plot{
		title: title + ", share right against probability", detail: f.Text, xName: "probability", xFromZero: true, yLow: &low, yHigh: &high,
		series: []series{
			{class: "line-c", points: []point{{0, 0}, {1, 1}}}, {class: "line-b", points: bins(before)}, {class: "dot-b", points: bins(before), dots: true},
			{class: "line-a", points: bins(after)}, {class: "dot-a", points: bins(after), dots: true},
		},
	}
	f.Plot = p.both(470, 280)
	return f
}

// bins are those with questions in them.
func bins(t gate.Told) (out []point) {
	for _, b := range t.Bins {
		if b.Cases > 0 {
			out = append(out, point{b.Mean, b.Right})
		}
	}
	return out
}
