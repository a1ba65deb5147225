package report

import (
	"fmt"
	"html/template"
	"math"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"slm/checkpoint"
	"slm/internal/grid"
	"slm/stages/bpo"
)

// Search is what the prompt search has left in its checkpoint. It is empty when there is none, or one of an older format.
type Search struct {
	Trials []bpo.TrialRow
	Knobs  []bpo.KnobRow // of a search of more than the soft prompt
	Texts  []bpo.TextRow
	Items  []bpo.ItemRow
}

// read takes the tables of a checkpoint.
func (s *Search) read(dir string) error {
	m, err := checkpoint.Load(dir)
	if err != nil || m.Facts["search"] == "" {
		return err
	}
	if s.Trials, _, err = checkpoint.ReadTable[bpo.TrialRow](filepath.Join(dir, bpo.TrialsFile)); err != nil {
		return err
	}
	if s.Texts, _, err = checkpoint.ReadTable[bpo.TextRow](filepath.Join(dir, bpo.TextsFile)); err != nil {
		return err
	}
	if m.Facts["objective"] != "" {
		if s.Knobs, _, err = checkpoint.ReadTable[bpo.KnobRow](filepath.Join(dir, bpo.KnobsFile)); err != nil {
			return err
		}
	}
	s.Items, _, err = checkpoint.ReadTable[bpo.ItemRow](filepath.Join(dir, bpo.ItemsFile))
	return err
}

// searchView is the part of the page about the prompt search.
type searchView struct {
	Plot     template.HTML
	Text     string
	Verdicts []string // the stage's own words on what was chosen
	Controls []string // and on each control
	Most     int64    // items of the highest rung
	Arms     []armKey
	Spread   bool // some control was repeated
	More     []figure
	Parts    []part
	Changed  []change
	Same     string // why there are no changes to show
	Facts    []fact
}

// armKey is an entry of the key to the first plot.
type armKey struct{ Class, Name string }

// figure is a smaller plot.
type figure struct {
	Title, Text string
	Plot        template.HTML
}

// armStyles are the ways of searching, in the order in which they are drawn.
var armStyles = []struct{ arm, letter, name string }{
	{"random", "b", "random search"}, {"sobol", "c", "Sobol sequence"}, {"cma", "d", "CMA-ES"}, {"text", "e", "paraphrases in words"}, {"single", "e", "one change at a time"}, {"search", "a", "prompt search"},
}

// view draws the search. It is nil when there was none.
func (s *Search) view(stage Stage) *searchView {
	v := &searchView{}
	for _, t := range s.Trials {
		if inSearch(t) {
			v.Most = max(v.Most, t.Fidelity)
		}
	}
	p := plot{title: "Best gain so far against questions to the LLM", xName: "questions to the LLM, repeated ones included", xFromZero: true}
	var words []string
	for _, style := range armStyles {
		arms := s.arms(style.arm, v.Most)
		if len(arms) == 0 {
			continue
		}
		key := armKey{"line-" + style.letter, style.name}
		line := arms[0].line()
		if len(arms) > 1 {
			var band series
			line, band = spread(arms)
			band.class = "band band-" + style.letter
			p.series = append(p.series, band)
			v.Spread = true
		}
		for _, a := range arms {
			p.series = append(p.series, series{class: "dot-" + style.letter + " small", points: a.low, dots: true}, series{class: "dot-" + style.letter, points: a.high, dots: true})
		}
		p.series = append(p.series, series{class: key.Class, points: line, step: true})
		if style.arm == "search" {
			v.Arms, words = append([]armKey{key}, v.Arms...), append([]string{arms[0].words("The search")}, words...)
		} else {
			v.Arms, words = append(v.Arms, key), append(words, arms[0].words(strings.ToUpper(style.name[:1])+style.name[1:]))
		}
	}
	if len(v.Arms) == 0 || v.Arms[0].Class != "line-a" {
		return nil
	}
	v.Text = "Each trial is a prompt, judged by how much the margin of the right option grows against no prompt, in nats a token. "
	if len(s.Knobs) > 0 {
		v.Text = fmt.Sprintf("Each trial is a way to deliver knowledge to the LLM, judged by how much its objective (%s) grows against the recipe’s. ", stage.Manifest.Facts["objective"])
	}
	v.Text += strings.Join(words, " ")
	v.Parts = parts(s.Knobs)
	p.detail = v.Text
	v.Plot = p.both(976, 340)
	v.More = s.figures(stage.Manifest.Seed)
	v.Changed, v.Same = s.changed(3)
	for _, f := range facts([]Stage{stage}, func(s Stage) map[string]string { return s.Manifest.Facts }) {
		switch {
		case f.Name == "verdict":
			v.Verdicts = append([]string{inPlainWords.Replace(f.Value)}, v.Verdicts...)
		case f.Name == "search": // a digest that tells people nothing
		case f.Name == "selection bias":
			v.Verdicts = append(v.Verdicts, inPlainWords.Replace(f.Value))
		case strings.HasPrefix(f.Name, "control"):
			v.Controls = append(v.Controls, f.Value)
		default:
			v.Facts = append(v.Facts, f)
		}
	}
	return v
}

// inPlainWords puts what older programs have written into the words of this one.
var inPlainWords = strings.NewReplacer(
	"z = 0 is kept, no better soft prompt was found", "no prompt proved better, so none is used", "z = 0 is kept, the check does not bear the choice out", "no prompt proved better, so none is used",
	"z = 0 is kept, no better delivery was found", "no delivery proved better, so the recipe's is kept", "a soft prompt is taken", "a prompt is used", "a delivery is taken", "a delivery is used",
	"where z = 0 has", "against", "where z = 0 answers", "against", "ahead of z = 0", "ahead of none", "are owed to", "are due to",
)

// inSearch says that a row is a trial of the search or of a control, and neither z = 0 nor scored again on held-out items.
func inSearch(t bpo.TrialRow) bool {
	return t.Kind != "zero" && !strings.HasPrefix(t.Arm, "choice/") && !strings.HasPrefix(t.Arm, "check/")
}

// arms are the repeats of one way of searching. Trials climb a ladder of items and a few items are easily lucky, so only those on the
// highest rung count as best; before there is one, that is z = 0 with a gain of 0.
func (s *Search) arms(name string, most int64) (list []*arm) {
	at := map[string]*arm{}
	for _, t := range s.Trials {
		if base, _, _ := strings.Cut(t.Arm, "/"); base != name || !inSearch(t) {
			continue
		}
		if at[t.Arm] == nil {
			at[t.Arm] = &arm{most: most, best: []point{{0, 0}}}
			list = append(list, at[t.Arm])
		}
		at[t.Arm].add(t)
	}
	return list
}

// arm is one way of searching.
type arm struct {
	most      int64
	trials    int
	asked     float64
	low, high []point // trials below and on the highest rung: questions asked so far, gain
	best      []point
}

func (a *arm) add(t bpo.TrialRow) {
	a.trials++
	a.asked += float64(t.Asked)
	q := point{a.asked, t.Gain}
	switch {
	case t.Refused != "":
	case t.Fidelity < a.most:
		a.low = append(a.low, q)
	default:
		a.high = append(a.high, q)
		if last := a.best[len(a.best)-1]; t.Gain > last.y {
			a.best = append(a.best, q)
		}
	}
}

// line is the best so far, up to the last question.
func (a *arm) line() []point {
	return append(a.best[:len(a.best):len(a.best)], point{a.asked, a.best[len(a.best)-1].y})
}

// at is the best after so many questions.
func (a *arm) at(asked float64) (y float64) {
	for _, q := range a.best {
		if q.x <= asked {
			y = q.y
		}
	}
	return y
}

func (a *arm) words(who string) string {
	return fmt.Sprintf("%s had %d trials with %s questions and gained %s at best.", who, a.trials, whole(int64(a.asked)), grid.Minus(strconv.FormatFloat(a.best[len(a.best)-1].y, 'f', 3, 64)))
}

// spread is the median of repeats, and the band from the worst to the best of them, as steps.
func spread(arms []*arm) (middle []point, band series) {
	var xs []float64
	most := 0.0
	for _, a := range arms {
		for _, q := range a.best {
			xs = append(xs, q.x)
		}
		most = math.Max(most, a.asked)
	}
	xs = append(xs, most)
	sort.Float64s(xs)
	for i, x := range xs {
		ys := make([]float64, len(arms))
		for k, a := range arms {
			ys[k] = a.at(x)
		}
		sort.Float64s(ys)
		n := len(ys)
		if i > 0 { // a filled outline has no steps of its own
			last := len(band.points) - 1
			band.points, band.lower = append(band.points, point{x, band.points[last].y}), append(band.lower, point{x, band.lower[last].y})
		}
		band.points, band.lower = append(band.points, point{x, ys[n-1]}), append(band.lower, point{x, ys[0]})
		middle = append(middle, point{x, (ys[(n-1)/2] + ys[n/2]) / 2})
	}
	return middle, band
}
