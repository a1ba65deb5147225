package report

import (
	"fmt"
	"math"
	"sort"
	"strings"

	"slm/optim/bayes"
	"slm/stages/bpo"
)

// figures are the plots below the first one: the model along its two most important dimensions, the trials by fidelity, and what was
// predicted against what was observed.
func (s *Search) figures(seed uint64) []figure {
	var own []bpo.TrialRow
	for _, t := range s.Trials {
		if t.Arm == "search" {
			own = append(own, t)
		}
	}
	var out []figure
	if len(s.Knobs) == 0 { // between levels there is nothing to draw
		if g, err := bpo.Model(own, nil, seed); err == nil { // a table that cannot be fitted has the other figures still
			out = slopes(g, own)
		}
	}
	out = append(out, byFidelity(own))
	if f, ok := predictions(own); ok {
		out = append(out, f)
	}
	return out
}

// slopes draws the posterior mean and a band of two standard deviations along the two dimensions in which the mean changes most, through
// the best point.
func slopes(g *bayes.GP, own []bpo.TrialRow) (out []figure) {
	best, top := own[0].Z, math.Inf(-1)
	for _, t := range own {
		if t.Fidelity > 0 {
			if mean, _ := g.Predict(t.Z); mean > top {
				best, top = t.Z, mean
			}
		}
	}
	type slice struct {
		dim             int
		mean, high, low []point
		bottom, ceiling float64
	}
	var all []slice
	for d := range best {
		c := slice{dim: d, bottom: math.Inf(1), ceiling: math.Inf(-1)}
		z := append([]float64(nil), best...)
		for i := range 61 {
			z[d] = -1 + float64(i)/30
			mean, variance := g.Predict(z)
			sd := math.Sqrt(math.Max(0, variance))
			c.mean = append(c.mean, point{z[d], mean})
			c.high, c.low = append(c.high, point{z[d], mean + 2*sd}), append(c.low, point{z[d], mean - 2*sd})
			c.bottom, c.ceiling = math.Min(c.bottom, mean), math.Max(c.ceiling, mean)
		}
		all = append(all, c)
	}
	sort.SliceStable(all, func(a, b int) bool { return all[a].ceiling-all[a].bottom > all[b].ceiling-all[b].bottom })
	for _, c := range all[:min(2, len(all))] {
		dots := series{class: "dot-b", dots: true}
		for _, t := range own {
			if t.Fidelity > 0 {
				dots.points = append(dots.points, point{t.Z[c.dim], t.Gain})
			}
		}
		f := figure{Title: fmt.Sprintf("The model along dimension %d", c.dim+1)}
		f.Text = fmt.Sprintf("Expected gain through its best point, with two standard deviations; it changes by %.3f, length scale %.2g boxes. Dots: all trials, wherever they are otherwise.", c.ceiling-c.bottom, g.Lengths[c.dim])
		p := plot{title: f.Title, detail: f.Text, xName: fmt.Sprintf("z, coordinate %d", c.dim+1), series: []series{{class: "band band-a", points: c.high, lower: c.low}, dots, {class: "line-a", points: c.mean}}}
		f.Plot = p.both(470, 280)
		out = append(out, f)
	}
	return out
}

// byFidelity draws each trial's gain, larger where it was scored on more questions.
func byFidelity(own []bpo.TrialRow) figure {
	count := map[int64]int{}
	var most int64
	for _, t := range own {
		if t.Kind != "zero" && t.Refused == "" {
			count[t.Fidelity]++
			most = max(most, t.Fidelity)
		}
	}
	var rungs []int64
	for r := range count {
		rungs = append(rungs, r)
	}
	sort.Slice(rungs, func(a, b int) bool { return rungs[a] < rungs[b] })
	var words []string
	for _, r := range rungs {
		words = append(words, fmt.Sprintf("%d with %d", count[r], r))
	}
	small, large := series{class: "dot-a small", dots: true}, series{class: "dot-a", dots: true}
	refused := 0
	for _, t := range own {
		q := point{float64(t.Trial), t.Gain}
		switch {
		case t.Kind == "zero":
		case t.Refused != "":
			refused++
		case t.Fidelity == most:
			large.points = append(large.points, q)
		default:
			small.points = append(small.points, q)
		}
	}
	f := figure{Title: "Trials by fidelity", Text: "Trials that ended on each rung: " + strings.Join(words, ", ") + " questions. Large dots went to the top."}
	if refused > 0 {
		f.Text += fmt.Sprintf(" Refused, and seen by no model: %d.", refused)
	}
	zero := 0.0
	f.Plot = plot{title: f.Title, detail: f.Text, xName: "trial", xFromZero: true, chance: &zero, chanceName: "no prompt", series: []series{small, large}}.both(470, 280)
	return f
}

// predictions draws what the model expected of a trial when it proposed it against what was then seen.
func predictions(own []bpo.TrialRow) (figure, bool) {
	dots := series{class: "dot-a", dots: true}
	low, high := math.Inf(1), math.Inf(-1)
	inside := 0
	for _, t := range own {
		if t.Kind != "log_ei" || t.Refused != "" || t.Fidelity == 0 {
			continue
		}
		dots.points = append(dots.points, point{t.Predicted, t.Gain})
		low, high = math.Min(low, math.Min(t.Predicted, t.Gain)), math.Max(high, math.Max(t.Predicted, t.Gain))
		if math.Abs(t.Gain-t.Predicted) <= 2*math.Hypot(t.PredictedSD, t.GainSD) {
			inside++
		}
	}
	if len(dots.points) < 2 {
		return figure{}, false
	}
	f := figure{Title: "Predicted against observed", Text: fmt.Sprintf("Gains of the %d trials that the model proposed; on the line it was right. %d lie within two standard deviations, those of the questions included.", len(dots.points), inside)}
	f.Plot = plot{title: f.Title, detail: f.Text, xName: "gain expected", series: []series{{class: "line-b", points: []point{{low, low}, {high, high}}}, dots}}.both(470, 280)
	return f, true
}
