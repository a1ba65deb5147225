package gate

import (
	"math"

	"slm/stat"
)

// elsewhere is how probable it is that a right section is in what the search gives, for questions that people have asked of other corpora, by
// Evidence.Lead: 59 % where the first is as likely as all others together, .9 from 96 % of the softmax on. scripts/askedfit has fitted it on 37 questions about licences, 423
// about Chinese statutes and 641 about inherited diseases, each corpus counting the same, and it is rounded. What a curve fitted on two of them says of
// the third, and what this one says of a fourth, stands in docs/asked.md, "How sure where nobody has asked".
var elsewhere = stat.Logistic{Bias: 0.38, Weights: []float64{0.58}}

// Bound puts a ceiling on how sure the gate says that it is, if it was fitted on questions that the program wrote itself: what people have asked elsewhere
// shares fewer words with its section, and a search that is as far ahead is right less often.
func (g *Gate) Bound() {
	if g.SelfMade() {
		c := elsewhere
		g.Ceiling = &c
	}
}

// What is given of a question with a free answer where nobody has asked, and the search is not far ahead.
const (
	surely      = 0.9 // the ceiling from which a lead is far enough
	fewestGiven = 3
)

// Passages is how many passages are given where the bridge says k. Its stop, too, was fitted on questions that are easier than what people ask, whose answer is
// more often further down. A question with choices keeps to what the black box's answers have taught.
func (g Gate) Passages(e Evidence, k int, choices bool) int {
	if g.Ceiling == nil || choices || k == 0 || g.most(e) >= surely {
		return k
	}
	return max(k, fewestGiven)
}

// most is the ceiling of a question.
func (g Gate) most(e Evidence) float64 { return g.Ceiling.At([]float64{e.Lead}) }

// Sure is the probability that the gate says to whoever asks: that of a way that it has taken, at most that of its ceiling. bound: it is the ceiling's.
func (g *Gate) Sure(e Evidence, p float64) (sure float64, bound bool) {
	if g.Ceiling == nil {
		return p, false
	}
	most := g.most(e)
	return math.Min(p, most), most < p
}
