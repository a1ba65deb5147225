package gate

import (
	"math"

	"slm/stat"
)

// Way is what the gate lets the black box have.
type Way string

// The ways.
const (
	Small Way = "small" // what the small model knows at the place that it named
	Found Way = "found" // the passages that the bridge has chosen
	Both  Way = "both"  // the text at the named place, and the passages
	Alone Way = "alone" // nothing: the black box answers with what it knows
	None  Way = "none"  // nothing, and it is not asked: nothing in the corpus is about this
)

// Evidence is what is seen of a question before it is answered.
type Evidence struct {
	Known   bool    // the corpus has the place that the small model named
	LogProb float64 // of that place
	Margin  float64 // by which it is more likely than any other
	Place   Mention
	Agree   float64 // 1 = the bridge has the named place first
	Listed  float64 // 1 = the named place is among the passages

	Passages int     // that the bridge would give; 0 = nothing was found
	First    float64 // probability of the first among what was found,
	Sum      float64 // and of all passages together
	Found    Mention // of the first

	About Subject // of the question
	Lead  float64 // retrieve.Lead of what was found, before the bridge

	Made float64 // 1 = a rule has made the question from the section's words, which makes it easier than what people ask
}

// Mention is what a question and a section have in common.
type Mention struct {
	This    float64 // 1 = the question mentions all that the place shows
	NoOther float64 // 1 = it mentions no other place
	Overlap float64 // share of the question's terms that stand in the section, the rare ones counting more
}

// The rows of the curves. More of any value never makes what is judged less probable. Gates of version 1 do not look at the margin, the last.
func (e Evidence) named() []float64 {
	return []float64{e.LogProb, e.Place.This, e.Place.NoOther, e.Place.Overlap, e.Agree, e.Listed, e.Made, e.Margin}
}

func (e Evidence) first() []float64 {
	return []float64{e.First, e.Found.This, e.Found.NoOther, e.Found.Overlap, e.Agree, e.Made}
}

func (e Evidence) among() []float64 {
	return []float64{e.Sum, e.First, e.Found.This, e.Found.NoOther, e.Found.Overlap, e.Listed, e.Made}
}

// Odds are how probable it is that the named place, the first that was found, and one of the passages are right.
type Odds struct{ Named, First, Among float64 }

// Gate chooses for each question what the black box is given.
type Gate struct {
	Version int `json:"v"`

	Named Curve `json:"named"`
	First Curve `json:"first"`
	Among Curve `json:"among"`

	Give        float64 `json:"give"`                   // the probability from which knowledge is given to a question with a free answer,
	GiveChoices float64 `json:"give_choices"`           // to one with choices, which the black box may know or guess by itself
	MostChoices int     `json:"most_choices,omitempty"` // passages that such a question is given at most; 0 = as many as the bridge says
	None        float64 `json:"none,omitempty"`         // of gates that have no Refusal: below it nothing in the corpus is about a question with a free answer
	Floor       float64 `json:"floor,omitempty"`        // of gates that have no Refusal: nor where what was named and found shares less with the question than this (Mention.Overlap)

	Refusal *Refusal `json:"refusal,omitempty"` // nil: there were too few questions

	Ceiling *stat.Logistic `json:"ceiling,omitempty"` // over Evidence.Lead: how sure it may say that it is; nil = as sure as its curves are. Below it more passages are given, but no other way is taken

	Reward *Reward `json:"reward,omitempty"` // that GiveChoices and MostChoices were chosen by; nil = by an estimate, as if the black box guessed

	Questions int     `json:"questions"`        // that it was fitted on
	People    *int    `json:"people,omitempty"` // of them, that somebody has asked; nil = an older program has fitted it and did not count
	Ways      []Taken `json:"ways"`             // by those that were asked of this corpus, with curves that have not seen their folds
}

// Taken says how often a way was taken, and how often a right section was given.
type Taken struct {
	Way       Way `json:"way"`
	Questions int `json:"questions"`
	Right     int `json:"right"`
}

// SelfMade says that its probabilities are those of questions that the program wrote itself, since people have asked too few. What people ask shares
// fewer words with its section, so that it is right less often than such a probability says.
func (g Gate) SelfMade() bool { return g.People != nil && *g.People < FewestAsked }

// Odds says how probable it is that each piece of knowledge is right. What is not there is not right.
func (g Gate) Odds(e Evidence) (o Odds) {
	if e.Known {
		o.Named = g.Named.At(e.named())
	}
	if e.Passages > 0 {
		o.First = g.First.At(e.first())
		o.Among = math.Max(o.First, g.Among.At(e.among())) // the first is one of them
	}
	return o
}

// Choose takes a way. p is the probability that a right section is in what is given; where nothing is, that it would have been. A question with
// choices is always answered.
func (g Gate) Choose(e Evidence, choices bool) (way Way, p float64) {
	return g.choose(e, g.Odds(e), choices)
}

func (g Gate) choose(e Evidence, o Odds, choices bool) (way Way, p float64) {
	give := g.Give
	if choices {
		give = g.GiveChoices
	}
	switch way, p = o.best(e, give); {
	case choices:
	case g.Refusal.Refuses(e.About):
		way, p = None, math.Min(p, g.Refusal.Score.At(e.About.row()))
	case way == Alone && p < g.None || e.shared() < g.Floor:
		way = None
	}
	return way, p
}

// shared is how much of the question stands in what was named or found. It does not compare sections with each other, as the probabilities do: of a question
// from elsewhere, too, some section is the best.
func (e Evidence) shared() float64 { return math.Max(e.Place.Overlap, e.Found.Overlap) }

// Best is the way with the highest probability less the price of its passages, and that probability.
func (o Odds) Best(e Evidence) (way Way, p float64) { return o.best(e, 0) }

// best is the way with the highest probability less the price of its passages, among those that are probable enough. Without one it is Alone, with
// the probability of the most probable.
func (o Odds) best(e Evidence, give float64) (way Way, p float64) {
	way, worth := Alone, math.Inf(-1)
	for _, c := range []struct {
		way      Way
		there    bool
		p        float64
		passages int
	}{
		{Small, e.Known, o.Named, 0}, // of two that are nearly as good, the model's own place
		{Found, e.Passages > 0, o.Among, e.Passages},
		{Both, e.Known && e.Passages > 0 && e.Listed == 0, 1 - float64((1-o.Named)*(1-o.Among)), e.Passages + 1}, // as if they were independent
	} {
		v := c.p - float64(Price*float64(c.passages))
		switch {
		case !c.there:
		case c.p >= give && v > worth:
			way, p, worth = c.way, c.p, v
		case way == Alone:
			p = math.Max(p, c.p)
		}
	}
	return way, p
}
