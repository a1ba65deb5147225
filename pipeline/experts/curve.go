package experts

import (
	"slices"

	"slm/stages/gate"
	"slm/stat"
)

// sight is what a run sees of a question, from itself alone. More of any value never makes the question more foreign.
type sight struct {
	known, best float64 // shares of what it is about that stand anywhere in the corpus, and in one of the sections that were found (retrieve.Rarity)
	familiar    float64 // how usual its words are there (retrieve.Wording)
	near        float64 // the largest cosine of a section's vector with the question's; 0 where the run has no vectors that can be asked
}

func (s sight) row() []float64 { return []float64{s.known, s.best, s.familiar, s.near} }

// curve tells questions that are asked of a corpus from questions about anything else.
type curve struct {
	score stat.Logistic
	below float64 // what is less probable is refused
}

func (c *curve) probability(s sight) float64 { return c.score.At(s.row()) }
func (c *curve) refuses(s sight) bool        { return c.probability(s) < c.below }

// toOwn is where the threshold lies between the limit of foreign questions and that of the corpus's own, by log odds, where both can be had: near the first
// some foreign ones come in, and of several runs each may let one in.
const toOwn = 0.25

// fitCurve fits it between questions of the corpus, those of its exams and some made by rules, and foreign ones. gate.Fewest of each are needed; nil: there
// are fewer.
func fitCurve(examined, made, foreign []sight) (*curve, error) {
	foreign = slices.DeleteFunc(slices.Clone(foreign), func(s sight) bool { return s.best >= gate.Covered })
	own := slices.Concat(examined, made)
	score, err := gate.Between(rows(own), rows(foreign))
	if score == nil || err != nil {
		return nil, err
	}
	if len(examined) < gate.FewestAsked {
		examined = own
	}
	logOdds := func(of []sight) (out []float64) {
		for _, row := range rows(of) {
			out = append(out, score.LogOdds(row))
		}
		return out
	}
	l := gate.LimitsOf(logOdds(examined), logOdds(foreign))
	at := l.Most
	if l.Low < l.High {
		at = l.Low + float64(toOwn*(l.High-l.Low))
	}
	return &curve{*score, stat.Logistic{Bias: at}.At(nil)}, nil
}

func rows(of []sight) (out [][]float64) {
	for _, s := range of {
		out = append(out, s.row())
	}
	return out
}
