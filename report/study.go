package report

import (
	_ "embed"
	"fmt"
	"html"
	"html/template"
	"io"
	"math"
	"slices"
	"strings"
)

//go:embed study.html
var studyHTML string

// experimentsCSS comes behind styleCSS on the pages of many runs.
//
//go:embed experiments.css
var experimentsCSS string

// Study is an experiment as its page shows it: several variants of a recipe, in several seeds, on the same questions.
type Study struct {
	Name, Recipe string
	Seeds        []uint64
	System       string // whose accuracy is drawn against costs
	Variants     []StudyVariant
	Differences  []StudyDifference
	Notes        []string
	Tables       []StudyTable
}

// StudyVariant is a variant with its runs. Figures are means over the seeds that have a result; NaN where none has one.
type StudyVariant struct {
	Name, Means string
	Runs        []StudyRun
	Accuracy    float64 // of Study.System
	Tokens      float64 // that were trained on
	Calls       float64 // of the LLM
	Seconds     float64 // of all stages, as if none were shared
}

// StudyRun is a variant with a seed.
type StudyRun struct {
	Seed   uint64
	Link   string // to the run's own page; "" = it has none
	Failed string // why it has no result
	Curves []Curve
}

// StudyDifference is a variant's accuracy minus the recipe's, with its 95 % interval.
type StudyDifference struct {
	Variant, System  string
	Value, Low, High float64
	P                *float64 // after the correction for the number of comparisons; nil = not computed
}

// StudyTable is a table of figures.
type StudyTable struct {
	Title string
	Head  []string
	Left  int // so many columns from the left are words
	Rows  [][]string
}

var studyPage = template.Must(template.New("study").Funcs(template.FuncMap{"colour": func(i int) int { return i % colours }}).Parse(studyHTML))

// studyView is what the template reads.
type studyView struct {
	*Study
	Style    template.CSS
	Headline string
	Forests  []forestView
	Curves   []studyCurves
	Costs    []studyPlot
}

type forestView struct {
	System string
	Plot   template.HTML
}

type studyCurves struct {
	Title string
	Key   []string // variants, in the order of their colours
	Plot  template.HTML
}

type studyPlot struct {
	Title string
	Plot  template.HTML
	Front string // variants that no other beats in both
}

// RenderStudy writes the page of an experiment.
func RenderStudy(w io.Writer, s *Study) error {
	v := studyView{Study: s, Style: template.CSS(styleCSS + experimentsCSS), Headline: s.headline()}
	for _, d := range s.Differences {
		if !slices.ContainsFunc(v.Forests, func(f forestView) bool { return f.System == d.System }) {
			v.Forests = append(v.Forests, forestView{d.System, s.forest(d.System)})
		}
	}
	v.Curves = s.curves()
	for _, axis := range []struct {
		title, name string
		of          func(StudyVariant) float64
	}{
		{"Tokens of training", "tokens trained on", func(v StudyVariant) float64 { return v.Tokens }},
		{"Calls of the LLM", "calls, training and evaluation", func(v StudyVariant) float64 { return v.Calls }},
		{"Time", "seconds, as if no stage were shared", func(v StudyVariant) float64 { return v.Seconds }},
	} {
		if p, ok := s.against(axis.title, axis.name, axis.of); ok {
			v.Costs = append(v.Costs, p)
		}
	}
	if err := studyPage.Execute(w, v); err != nil {
		return fmt.Errorf("report: render experiment: %w", err)
	}
	return nil
}

// headline says which variants differ from the recipe, under the system that a run answers with: under another it may be otherwise.
func (s *Study) headline() string {
	var worse, better []string
	for _, d := range s.Differences {
		switch {
		case d.System != s.System:
		case d.P != nil && *d.P > .05: // an interval alone knows nothing of the other comparisons
		case d.High < 0:
			worse = append(worse, d.Variant)
		case d.Low > 0:
			better = append(better, d.Variant)
		}
	}
	switch {
	case len(s.Differences) == 0:
		return "No variant could be compared with the recipe."
	case len(worse)+len(better) == 0:
		return fmt.Sprintf("Under %s no variant is shown to differ from %s.", s.System, s.Recipe)
	case len(better) == 0:
		return fmt.Sprintf("Under %s, %s is better than %s; no variant is shown to be better.", s.System, s.Recipe, either(worse))
	case len(worse) == 0:
		return fmt.Sprintf("Under %s, %s is worse than %s.", s.System, s.Recipe, either(better))
	}
	return fmt.Sprintf("Under %s, %s is better than %s, and worse than %s.", s.System, s.Recipe, either(worse), either(better))
}

func either(names []string) string {
	if len(names) == 1 {
		return names[0]
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// forest draws the differences of one system, a line a variant, around 0.
func (s *Study) forest(system string) template.HTML {
	var list []StudyDifference
	most := 0.01 // a point, where nothing differs
	for _, d := range s.Differences {
		if d.System == system {
			list = append(list, d)
			most = math.Max(most, math.Max(math.Abs(d.Low), math.Abs(d.High)))
		}
	}
	const width, name, line, foot = 900, 220, 30, 34
	height := line*len(list) + foot
	x := axis{lo: -100 * most, hi: 100 * most, a: name, b: width - 250}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="plot forest" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="%s">`, width, height, width, height,
		html.EscapeString("Differences of "+system+" from the recipe, in points, with 95 % intervals"))
	for _, v := range x.ticks(6) {
		fmt.Fprintf(&b, `<line class="grid" x1="%.1f" x2="%.1f" y1="0" y2="%d"/><text class="tick" x="%.1f" y="%d" text-anchor="middle">%s</text>`,
			x.at(v), x.at(v), height-foot, x.at(v), height-foot+18, html.EscapeString(short(v)))
	}
	fmt.Fprintf(&b, `<line class="base" x1="%.1f" x2="%.1f" y1="0" y2="%d"/>`, x.at(0), x.at(0), height-foot)
	for i, d := range list {
		y := float64(line*i) + line/2
		fmt.Fprintf(&b, `<text x="0" y="%.1f">%s</text>`, y+4, html.EscapeString(d.Variant))
		fmt.Fprintf(&b, `<line class="whisker" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/><circle class="dot" cx="%.1f" cy="%.1f" r="4.5"/>`,
			x.at(100*d.Low), x.at(100*d.High), y, y, x.at(100*d.Value), y)
		p := ""
		if d.P != nil {
			p = ", p " + pvalue(*d.P)
		}
		fmt.Fprintf(&b, `<text x="%d" y="%.1f" text-anchor="end">%s [%s, %s]%s</text>`, width, y+4, signed(d.Value), signed(d.Low), signed(d.High), html.EscapeString(p))
	}
	b.WriteString(`</svg>`)
	return template.HTML(b.String())
}

// colours is how many lines the style sheet of the page tells apart.
const colours = 8

// curves draws the held-out loss of each training stage, or its training loss where there is none, a colour a variant and a line a run.
func (s *Study) curves() (out []studyCurves) {
	var stages []string
	for _, v := range s.Variants {
		for _, r := range v.Runs {
			for _, c := range r.Curves {
				if !slices.Contains(stages, c.Stage) {
					stages = append(stages, c.Stage)
				}
			}
		}
	}
	for _, stage := range stages {
		p := plot{title: "Loss in stage " + stage + ", by variant", xName: "targets trained on", logY: true, xFromZero: true}
		one := studyCurves{Title: "Stage " + stage}
		for i, v := range s.Variants {
			one.Key = append(one.Key, v.Name)
			for _, r := range v.Runs {
				for _, c := range r.Curves {
					if c.Stage == stage {
						p.series = append(p.series, series{class: fmt.Sprintf("variant v%d", i%colours), points: thin(heldOut(c), 200)})
					}
				}
			}
		}
		one.Plot = p.both(900, 320)
		out = append(out, one)
	}
	return out
}

// heldOut are the points of a curve at which its held-out loss was measured; where it never was, those of its training loss.
func heldOut(c Curve) (ps []point) {
	for _, m := range c.Metrics {
		if m.Heldout != nil {
			ps = append(ps, point{float64(m.Tokens), *m.Heldout})
		}
	}
	if len(ps) == 0 {
		for _, m := range c.Metrics {
			ps = append(ps, point{float64(m.Tokens), m.Loss})
		}
	}
	return ps
}

// against draws accuracy over a cost, with the front of variants that no other beats in both.
func (s *Study) against(title, name string, of func(StudyVariant) float64) (studyPlot, bool) {
	var all []StudyVariant
	for _, v := range s.Variants {
		if !math.IsNaN(v.Accuracy) && of(v) > 0 {
			all = append(all, v)
		}
	}
	if len(all) < 2 {
		return studyPlot{}, false
	}
	front := pareto(all, of)
	p := plot{title: "Accuracy of " + s.System + " and " + title, xName: name, xFromZero: true, yText: func(v float64) string { return short(100*v) + " %" }}
	var line []point
	var names []string
	for _, v := range front {
		line, names = append(line, point{of(v), v.Accuracy}), append(names, v.Name)
	}
	p.series = append(p.series, series{class: "front", points: line, step: true})
	for i, v := range s.Variants {
		if slices.ContainsFunc(all, func(a StudyVariant) bool { return a.Name == v.Name }) {
			p.series = append(p.series, series{class: fmt.Sprintf("spot v%d", i%colours), points: []point{{of(v), v.Accuracy}}, dots: true})
		}
	}
	return studyPlot{Title: title, Plot: p.both(900, 300), Front: strings.Join(names, ", ")}, true
}

// pareto are the variants that no other beats in cost and accuracy, from the cheapest on.
func pareto(all []StudyVariant, of func(StudyVariant) float64) (front []StudyVariant) {
	sorted := slices.Clone(all)
	slices.SortStableFunc(sorted, func(a, b StudyVariant) int {
		switch {
		case of(a) != of(b):
			return sign(of(a) - of(b))
		}
		return sign(b.Accuracy - a.Accuracy)
	})
	best := math.Inf(-1)
	for _, v := range sorted {
		if v.Accuracy > best {
			front, best = append(front, v), v.Accuracy
		}
	}
	return front
}

func sign(x float64) int {
	switch {
	case x < 0:
		return -1
	case x > 0:
		return 1
	}
	return 0
}
