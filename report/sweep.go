package report

import (
	_ "embed"
	"fmt"
	"html"
	"html/template"
	"io"
	"math"
	"strings"
)

//go:embed sweep.html
var sweepHTML string

// Sweep is a search over keys of a recipe as its page shows it.
type Sweep struct {
	Name, Recipe     string
	Objective, Means string
	Stage            string // whose learning curves are drawn; "" = none
	Headline         string
	Notes            []string
	Keys             []SweepKey
	Trials           []SweepTrial
	Tables           []StudyTable
}

// SweepKey is a key that was searched.
type SweepKey struct {
	Name             string
	Known            bool    // shares are
	Share, Low, High float64 // of the variance of the objective that is owed to the key, with its 95 % interval
	Log              bool    // it was searched on a logarithm's scale
	Levels           []string
	At               []SweepPoint // the trials that have finished
}

// SweepPoint is a trial at a value of a key, or at the number of its level.
type SweepPoint struct {
	X, Y float64
	Best bool
}

// SweepTrial is a trial's learning curve.
type SweepTrial struct {
	State     string
	Best, Own bool
	At, Loss  []float64
	Value     *float64
}

var sweepPage = template.Must(template.New("sweep").Parse(sweepHTML))

type sweepView struct {
	*Sweep
	Style  template.CSS
	Shares template.HTML
	Values []studyPlot
	Curves template.HTML
	Course template.HTML
}

// RenderSweep writes the page of a sweep.
func RenderSweep(w io.Writer, s *Sweep) error {
	v := sweepView{Sweep: s, Style: template.CSS(styleCSS + experimentsCSS), Shares: s.shares(), Curves: s.curves(), Course: s.course()}
	for _, k := range s.Keys {
		v.Values = append(v.Values, studyPlot{Title: k.Name, Plot: s.over(k)})
	}
	if err := sweepPage.Execute(w, v); err != nil {
		return fmt.Errorf("report: render sweep: %w", err)
	}
	return nil
}

// shares draws how much each key has to do with the objective, a line a key.
func (s *Sweep) shares() template.HTML {
	const width, name, line, foot = 900, 260, 30, 34
	var known []SweepKey
	most := 1.0
	for _, k := range s.Keys {
		if k.Known {
			known = append(known, k)
			most = math.Max(most, k.High)
		}
	}
	if len(known) == 0 {
		return ""
	}
	height := line*len(known) + foot
	x := axis{lo: 0, hi: 100 * most, a: name, b: width - 170}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="plot forest" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="Shares of the variance of %s by key, with 95 %% intervals">`, width, height, width, height, html.EscapeString(s.Objective))
	for _, v := range x.ticks(6) {
		fmt.Fprintf(&b, `<line class="grid" x1="%.1f" x2="%.1f" y1="0" y2="%d"/><text class="tick" x="%.1f" y="%d" text-anchor="middle">%s</text>`, x.at(v), x.at(v), height-foot, x.at(v), height-foot+18, html.EscapeString(short(v)))
	}
	for i, k := range known {
		y := float64(line*i) + line/2
		fmt.Fprintf(&b, `<text x="0" y="%.1f">%s</text>`, y+4, html.EscapeString(k.Name))
		fmt.Fprintf(&b, `<line class="whisker" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/><circle class="dot" cx="%.1f" cy="%.1f" r="4.5"/>`, x.at(100*k.Low), x.at(100*k.High), y, y, x.at(100*k.Share), y)
		fmt.Fprintf(&b, `<text x="%d" y="%.1f" text-anchor="end">%.0f %% [%.0f, %.0f]</text>`, width, y+4, 100*k.Share, 100*k.Low, 100*k.High)
	}
	b.WriteString(`</svg>`)
	return template.HTML(b.String())
}

// over draws the objective over a key. Values on a logarithm's scale are drawn by their decimal logarithms, levels by their numbers.
func (s *Sweep) over(k SweepKey) template.HTML {
	p := plot{title: s.Objective + " over " + k.Name, xName: k.Name}
	if k.Log {
		p.xName = "log10 of " + k.Name
	}
	if k.Levels != nil {
		p.xName = ""
		for i, l := range k.Levels {
			p.xName += fmt.Sprintf("%d = %s  ", i, l)
		}
	}
	var some, best []point
	for _, q := range k.At {
		if k.Log && k.Levels == nil {
			q.X = math.Log10(q.X)
		}
		if q.Best {
			best = append(best, point{q.X, q.Y})
		} else {
			some = append(some, point{q.X, q.Y})
		}
	}
	p.series = []series{{class: "spot v3", points: some, dots: true}, {class: "spot v0", points: best, dots: true}}
	return p.both(900, 240)
}

// curves draws the held-out losses of all trials.
func (s *Sweep) curves() template.HTML {
	p := plot{title: "Held-out loss of every trial in stage " + s.Stage, xName: "targets trained on", logY: true, xFromZero: true}
	draw := func(class string, is func(SweepTrial) bool) {
		for _, t := range s.Trials {
			if len(t.At) == 0 || !is(t) {
				continue
			}
			var line []point
			for i, x := range t.At {
				line = append(line, point{x, t.Loss[i]})
			}
			p.series = append(p.series, series{class: "variant " + class, points: line})
		}
	}
	draw("v3 stopped", func(t SweepTrial) bool { return t.State != "finished" })
	draw("v3", func(t SweepTrial) bool { return t.State == "finished" && !t.Best && !t.Own })
	draw("v1", func(t SweepTrial) bool { return t.Own && !t.Best })
	draw("v0", func(t SweepTrial) bool { return t.Best })
	if len(p.series) == 0 {
		return ""
	}
	return p.both(900, 320)
}

// course draws the objective of the trials in their order.
func (s *Sweep) course() template.HTML {
	var all []point
	for i, t := range s.Trials {
		if t.Value != nil {
			all = append(all, point{float64(i), *t.Value})
		}
	}
	if len(all) < 2 {
		return ""
	}
	return plot{title: s.Objective + " of the trials in their order", xName: "trial", series: []series{{class: "spot v3", points: all, dots: true}}}.both(900, 220)
}
