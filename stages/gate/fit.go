package gate

import (
	"fmt"
	"math"
	"slices"

	"slm/internal/elementary"
	"slm/stat"
)

// Curve turns what is seen into a probability: a logistic curve over the evidence, and a rising one that makes it true.
type Curve struct {
	Score  stat.Logistic `json:"score"`
	True   stat.Isotonic `json:"true"`
	Before *Told         `json:"before,omitempty"` // how true the model's own probability is,
	After  *Told         `json:"after,omitempty"`  // and the curve's, on questions that neither part of it has seen
}

// Told says how true probabilities are; bins of a tenth.
type Told = stat.Reliability

// At is the probability.
func (c Curve) At(x []float64) float64 { return c.True.At(c.Score.At(x)) }

// Case is a question whose right sections are known.
type Case struct {
	Evidence
	Choices    int  // 0 = the answer is free
	People     bool // somebody has asked it, and not this program
	NamedRight bool // what the small model named,
	FirstRight bool // what the bridge has first,
	AmongRight bool // and one of the passages is right
}

// real says that somebody has asked it.
func (c Case) real() bool { return c.Made == 0 }

// Bounds of a fit.
const (
	Fewest   = 8    // cases of a curve: with fewer nothing is known
	calm     = 2    // cases that each step of the rising curve has beside its own, so that no probability is 0 or 1
	mostHarm = 0.01 // share of the questions with choices that wrong knowledge may turn from right to wrong, as if the black box alone guessed
	mostLost = 0.01 // share of the right passages that are kept from questions with free answers, whose reader sees where they stand and how sure one may be
	freeFrom = 0.2  // the highest probability that such a passage needs
)

// Fit fits a gate. fold says which cases are judged together; held are the odds of each by curves that have not seen its fold. O(folds · cases · evidence²).
func Fit(cases []Case, fold []int) (g Gate, held []Odds, err error) {
	people := 0
	for _, c := range cases {
		if c.People {
			people++
		}
	}
	g = Gate{Version: Version, GiveChoices: 0.5, Questions: len(cases), People: &people}
	held = make([]Odds, len(cases))
	for _, c := range []struct {
		to    *Curve
		row   func(Evidence) []float64
		there func(Evidence) bool
		right func(Case) bool
		own   func(Evidence) float64
		odds  func(*Odds) *float64
	}{
		{&g.Named, Evidence.named, known, func(c Case) bool { return c.NamedRight }, func(e Evidence) float64 { return elementary.Exp(math.Min(0, e.LogProb)) }, func(o *Odds) *float64 { return &o.Named }},
		{&g.First, Evidence.first, found, func(c Case) bool { return c.FirstRight }, func(e Evidence) float64 { return e.First }, func(o *Odds) *float64 { return &o.First }},
		{&g.Among, Evidence.among, found, func(c Case) bool { return c.AmongRight }, func(e Evidence) float64 { return math.Min(1, e.Sum) }, func(o *Odds) *float64 { return &o.Among }},
	} {
		f := sample{}
		var at []int
		for i, x := range cases {
			if c.there(x.Evidence) {
				f.x, f.right, f.fold, f.own = append(f.x, c.row(x.Evidence)), append(f.right, c.right(x)), append(f.fold, fold[i]), append(f.own, c.own(x.Evidence))
				f.real = append(f.real, x.real())
				at = append(at, i)
			}
		}
		curve, p, err := f.fit(len(c.row(Evidence{})))
		if err != nil {
			return g, nil, fmt.Errorf("gate: %w", err)
		}
		*c.to = curve
		for j, i := range at {
			*c.odds(&held[i]) = p[j]
		}
	}
	for i := range held {
		held[i].Among = math.Max(held[i].First, held[i].Among)
	}
	g.GiveChoices = giveChoices(cases, held)
	g.Give = giveFree(cases, held)
	for _, way := range []Way{Small, Found, Both, Alone, None} {
		t := Taken{Way: way}
		for i, c := range cases {
			if took, _ := g.choose(c.Evidence, held[i], c.Choices > 0); took == way && c.real() {
				if t.Questions++; c.right(way) {
					t.Right++
				}
			}
		}
		g.Ways = append(g.Ways, t)
	}
	return g, held, nil
}

// right says whether a way gives a right section.
func (c Case) right(way Way) bool {
	return (way == Small || way == Both) && c.NamedRight || (way == Found || way == Both) && c.AmongRight
}

func known(e Evidence) bool { return e.Known }
func found(e Evidence) bool { return e.Passages > 0 }

// sample are the cases of a curve.
type sample struct {
	x     [][]float64
	right []bool
	fold  []int
	own   []float64 // probability before
	real  []bool
}

// FitCurve fits a curve to cases that turned out right or wrong. fold says which cases are judged together while the rising part is fitted.
func FitCurve(x [][]float64, right []bool, fold []int) (Curve, error) {
	if len(x) == 0 || len(x) != len(right) || len(x) != len(fold) {
		return Curve{}, fmt.Errorf("gate: %w: %d cases", stat.ErrItems, len(x))
	}
	c, _, err := sample{x: x, right: right, fold: fold, own: make([]float64, len(x)), real: make([]bool, len(x))}.fit(len(x[0]))
	return c, err
}

// fit returns the curve on all cases, and each case's probability by a curve without its fold. A curve with too few cases says 0 of everything
// that it could not see fail.
func (f sample) fit(width int) (c Curve, held []float64, err error) {
	if len(f.x) < Fewest {
		return Curve{Score: stat.Logistic{Bias: -9, Weights: make([]float64, width)}}, make([]float64, len(f.x)), nil
	}
	if c.Score, err = stat.FitLogistic(f.x, f.right); err != nil {
		return c, nil, err
	}
	raw := make([]float64, len(f.x)) // by a logistic curve without the case's fold
	for _, k := range f.folds() {
		x, y := without(f, k, func(i int) []float64 { return f.x[i] })
		score := c.Score
		if len(x) > 0 {
			if score, err = stat.FitLogistic(x, y); err != nil {
				return c, nil, err
			}
		}
		for i := range f.x {
			if f.fold[i] == k {
				raw[i] = score.At(f.x[i])
			}
		}
	}
	if c.True, err = stat.FitIsotonic(raw, ones(f.right), calm); err != nil {
		return c, nil, err
	}
	held = make([]float64, len(f.x))
	for _, k := range f.folds() {
		p, y := without(f, k, func(i int) float64 { return raw[i] })
		rising := c.True
		if len(p) > 0 {
			if rising, err = stat.FitIsotonic(p, ones(y), calm); err != nil {
				return c, nil, err
			}
		}
		for i := range f.x {
			if f.fold[i] == k {
				held[i] = rising.At(raw[i])
			}
		}
	}
	if c.Before, err = f.told(f.own); err != nil {
		return c, nil, err
	}
	c.After, err = f.told(held)
	return c, held, err
}

// told says how true probabilities are of real questions; nil = there are none.
func (f sample) told(p []float64) (*Told, error) {
	var of []float64
	var right []bool
	for i := range p {
		if f.real[i] {
			of, right = append(of, p[i]), append(right, f.right[i])
		}
	}
	if len(of) == 0 {
		return nil, nil
	}
	r, err := stat.Reliable(of, right, 10)
	return &r, err
}

// folds lists the folds, rising.
func (f sample) folds() []int { return slices.Compact(slices.Sorted(slices.Values(f.fold))) }

// without are the values of the cases outside a fold.
func without[T any](f sample, k int, of func(i int) T) (x []T, right []bool) {
	for i := range f.x {
		if f.fold[i] != k {
			x, right = append(x, of(i)), append(right, f.right[i])
		}
	}
	return x, right
}

func ones(right []bool) []float64 {
	y := make([]float64, len(right))
	for i, r := range right {
		if r {
			y[i] = 1
		}
	}
	return y
}

// giveChoices is the lowest probability from which knowledge does no more harm to questions with choices than it may. Where it is wrong, a black box
// that guesses was right in one of n cases, and is now wrong.
func giveChoices(cases []Case, held []Odds) float64 {
	const from, step, steps = 0.3, 0.05, 14
	for s := range steps {
		give, harm, n := from+float64(step*float64(s)), 0.0, 0
		for i, c := range cases {
			if c.Choices == 0 || !c.real() {
				continue
			}
			n++
			if way, _ := held[i].best(c.Evidence, give); way != Alone && !c.right(way) {
				harm += 1 / float64(c.Choices)
			}
		}
		if n == 0 {
			return 0.5
		}
		if harm/float64(n) <= mostHarm {
			return give
		}
	}
	return 1
}

// giveFree is the highest probability below which hardly any of the questions lie that the search or the small model was right about.
func giveFree(cases []Case, held []Odds) float64 {
	var p []float64
	for i, c := range cases {
		if c.real() && (c.NamedRight || c.AmongRight) {
			_, most := held[i].best(c.Evidence, 2)
			p = append(p, most)
		}
	}
	if len(p) < Fewest {
		return freeFrom
	}
	slices.Sort(p)
	return math.Min(freeFrom, p[int(mostLost*float64(len(p)))])
}
