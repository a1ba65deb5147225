package experts

import (
	"fmt"
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

// Where a curve's threshold lies.
const (
	wantRefused = 0.95 // share of the foreign questions
	mayRefuse   = 0.02 // share of the corpus's own, or, where both cannot be had,
	mostRefuse  = 0.04 // at most this
	toOwn       = 0.25 // where both can be had: so far from the one threshold to the other, by odds. Of several runs each may let a foreign question in
	fewestAsked = 20   // questions of exams from which their share is known
	covered     = 0.9  // a foreign question of which one section has so much is left out: the corpus may be about it after all
)

// fitCurve fits it between questions of the corpus, those of its exams and some made by rules, and foreign ones. gate.Fewest of each are needed; nil: there
// are fewer.
func fitCurve(examined, made, foreign []sight) (*curve, error) {
	foreign = slices.DeleteFunc(slices.Clone(foreign), func(s sight) bool { return s.best >= covered })
	own := slices.Concat(examined, made)
	if len(own) < gate.Fewest || len(foreign) < gate.Fewest {
		return nil, nil
	}
	var x [][]float64
	var right []bool
	for i, s := range slices.Concat(own, foreign) {
		x, right = append(x, s.row()), append(right, i < len(own))
	}
	score, err := stat.FitLogistic(x, right)
	if err != nil {
		return nil, fmt.Errorf("experts: %w", err)
	}
	if len(examined) < fewestAsked {
		examined = own
	}
	low, high := quantile(score, foreign, wantRefused), quantile(score, examined, mayRefuse)
	at := min(low, quantile(score, examined, mostRefuse))
	if low < high {
		at = low + float64(toOwn*(high-low))
	}
	return &curve{score, stat.Logistic{Bias: at}.At(nil)}, nil
}

// quantile are the odds, as a logarithm, below which at most a share of some questions are.
func quantile(score stat.Logistic, of []sight, share float64) float64 {
	odds := make([]float64, len(of))
	for i, s := range of {
		odds[i] = score.Bias
		for j, v := range s.row() {
			odds[i] += float64(score.Weights[j] * v)
		}
	}
	slices.Sort(odds)
	return odds[min(int(share*float64(len(odds))), len(odds)-1)]
}
