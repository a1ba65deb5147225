package report

import (
	"fmt"
	"html/template"
	"strconv"
	"strings"
)

// searchView is the part of the page about the prompt search.
type searchView struct {
	Plot     template.HTML
	Text     string
	Verdicts []string // the stage's own words on what was chosen
	Most     int64    // items of the highest rung
	Control  bool
	Facts    []fact
}

// search draws the best gain so far against LLM calls, for the search and for its control. Trials climb a ladder of items and a few
// items are easily lucky, so only those on the highest rung count as best; before there is one, that is z = 0 with a gain of 0.
func search(trials []Trial, stage *Stage) *searchView {
	v := &searchView{}
	for _, t := range trials {
		if !strings.HasPrefix(t.Kind, "valid") {
			v.Most = max(v.Most, t.Fidelity)
		}
	}
	own, random := newArm(v.Most), newArm(v.Most)
	for _, t := range trials {
		switch {
		case t.Kind == "zero" || strings.HasPrefix(t.Kind, "valid"): // the level of comparison; scored again on other items
		case t.Kind == "random":
			random.add(t)
		default:
			own.add(t)
		}
	}
	if own.trials == 0 {
		return nil
	}
	v.Control = random.trials > 0
	v.Text = fmt.Sprintf("Each trial is a soft prompt, judged by how much likelier the right option becomes than with z = 0. %s", own.words("The search"))
	if v.Control {
		v.Text += " " + random.words("Random search")
	}
	p := plot{
		title: "Best gain so far against LLM calls, prompt search and random search", detail: v.Text, xName: "calls of the LLM", xFromZero: true,
		series: []series{
			{class: "dot-b small", points: random.low, dots: true}, {class: "dot-a small", points: own.low, dots: true},
			{class: "dot-b", points: random.high, dots: true}, {class: "dot-a", points: own.high, dots: true},
			{class: "line-b", points: random.line(), step: true}, {class: "line-a", points: own.line(), step: true},
		},
	}
	v.Plot = p.both(976, 340)
	if stage != nil {
		for _, f := range facts([]Stage{*stage}, func(s Stage) map[string]string { return s.Manifest.Facts }) {
			if f.Name == "verdict" || f.Name == "control" {
				v.Verdicts = append([]string{f.Value}, v.Verdicts...) // the verdict, which sorts last, first
			} else {
				v.Facts = append(v.Facts, f)
			}
		}
	}
	return v
}

// arm is one way of searching.
type arm struct {
	most      int64
	trials    int
	calls     float64
	low, high []point // trials below and on the highest rung: calls made so far, gain
	best      []point
}

func newArm(most int64) *arm { return &arm{most: most, best: []point{{0, 0}}} }

func (a *arm) add(t Trial) {
	a.trials++
	a.calls += float64(t.Calls)
	q := point{a.calls, t.Gain}
	if t.Fidelity < a.most {
		a.low = append(a.low, q)
		return
	}
	a.high = append(a.high, q)
	if last := a.best[len(a.best)-1]; t.Gain > last.y {
		a.best = append(a.best, q)
	}
}

// line is the best so far, up to the last call.
func (a *arm) line() []point {
	if a.trials == 0 {
		return nil
	}
	return append(a.best, point{a.calls, a.best[len(a.best)-1].y})
}

func (a *arm) words(who string) string {
	return fmt.Sprintf("%s had %d trials with %s calls and gained %s nats at best.", who, a.trials, whole(int64(a.calls)), minus(strconv.FormatFloat(a.best[len(a.best)-1].y, 'f', 3, 64)))
}
