// Package gate decides what knowledge the black box is given. A bridge puts the sections that a search has found into a better order and says how many
// of them are worth reading; a gate says how probable it is that the small model's place, and what was found, are right, and chooses.
//
// It sees numbers only: they are gathered in stages/systems and fitted in stages/find.
package gate

import (
	"fmt"
	"slices"

	"slm/internal/elementary"
	"slm/retrieve"
)

// Depth is how many of the sections that a search finds the bridge looks at.
const Depth = 12

// Most is how many passages the bridge gives at most.
const Most = 4

// What the bridge sees of a section that was found, in the order of the weights.
const (
	Score    = iota // of the search
	Rank            // 1/rank
	Asked           // log P(question | section) under the small model
	Named           // log P(place | question), less that without a question
	Own             // 1 = the small model named it as the question's place
	Mentions        // 1 = the question mentions what the place shows; -1 = it mentions another place
	features
)

// Features are their names in bridge.json.
var Features = []string{"score", "rank", "asked", "named", "own", "mentions"}

// start are the weights without questions to fit on: the order of the search.
var start = []float64{1, 0, 0, 0, 0, 0}

// prior is how many questions the starting weights are worth. It keeps out a signal that says nothing where few questions could show it.
const prior = 10

// Price is what a passage must earn: by so much of a question's answer it has to raise the chance that a right section is among those given.
const Price = 0.02

// Bridge orders and selects the sections that were found for a question (BGM, Ke et al. 2024, arXiv 2401.06954: what serves a person best is not what
// serves a language model best; here a conditional logit with a stop, in place of a sequence-to-sequence model).
type Bridge struct {
	Version   int       `json:"v"`
	Speaker   string    `json:"speaker"`   // the system whose small model judges sections and names places
	Signals   []string  `json:"signals"`   // Features
	Weights   []float64 `json:"weights"`   // of them, none negative
	Stop      float64   `json:"stop"`      // no more passages once a right one is among them with this probability
	Questions int       `json:"questions"` // that it was fitted on
	Value     float64   `json:"value"`     // share of them with a right section among the passages, less the passages' price; with weights fitted without them
}

// Listed is a question as the bridge sees it: the features of the sections that were found, best first, and in a fit which of them are right.
type Listed struct {
	Features [][]float64 // [section][feature]
	Right    []bool
	Weight   float64 // that the question has in the fit
}

// Standardise makes features of a list comparable between lists: score, asked and named as distances from the mean in standard deviations.
func Standardise(list [][]float64) [][]float64 {
	out := make([][]float64, len(list))
	for i := range list {
		out[i] = slices.Clone(list[i])
	}
	for _, f := range []int{Score, Asked, Named} {
		column := make([]float64, len(list))
		for i := range list {
			column[i] = list[i][f]
		}
		for i, z := range retrieve.Standard(column) {
			out[i][f] = z
		}
	}
	return out
}

// Weigh returns the order of a list, best first, and for the sections in that order the probability that each is the right one, given that one is.
func (b Bridge) Weigh(list [][]float64) (order []int, p []float64) {
	z := make([]float64, len(list))
	for i, row := range list {
		order = append(order, i)
		for j, w := range b.Weights {
			z[i] += float64(w * row[j])
		}
	}
	slices.SortStableFunc(order, func(i, j int) int {
		switch {
		case z[i] > z[j]:
			return -1
		case z[i] < z[j]:
			return 1
		}
		return 0
	})
	sum := 0.0
	for _, i := range order {
		p = append(p, elementary.Exp(z[i]-z[order[0]]))
		sum += p[len(p)-1]
	}
	for i := range p {
		p[i] /= sum
	}
	return order, p
}

// Passages is how many passages are worth reading, by the probabilities of the ordered list.
func (b Bridge) Passages(p []float64) int { return passages(p, b.Stop) }

func passages(p []float64, stop float64) int {
	sum := 0.0
	for k := range p {
		if sum += p[k]; sum >= stop || k+1 == Most {
			return k + 1
		}
	}
	return len(p)
}

// FitBridge fits the weights on all questions, and chooses the stop on those of each fold with weights fitted on the others. held are the order and
// probabilities of each question by the bridge that has not seen its fold. O(folds · questions · Depth).
func FitBridge(speaker string, questions []Listed, fold []int) (b Bridge, held []Weighed, err error) {
	b = Bridge{Version: Version, Speaker: speaker, Signals: Features, Questions: len(questions), Stop: 0.5}
	if b.Weights, err = weights(questions, func(int) bool { return true }); err != nil {
		return b, nil, err
	}
	held = make([]Weighed, len(questions))
	for _, k := range slices.Compact(slices.Sorted(slices.Values(fold))) {
		other := b
		if other.Weights, err = weights(questions, func(i int) bool { return fold[i] != k }); err != nil {
			return b, nil, err
		}
		for i, q := range questions {
			if fold[i] == k {
				held[i].Order, held[i].P = other.Weigh(q.Features)
			}
		}
	}
	for step := range 19 {
		stop := float64(step+1) / 20
		if v := worth(questions, held, stop); step == 0 || v > b.Value {
			b.Stop, b.Value = stop, v
		}
	}
	if len(questions) == 0 {
		b.Stop = 0.5
	}
	return b, held, nil
}

// Weighed is a list in the bridge's order.
type Weighed struct {
	Order []int
	P     []float64 // in that order
}

// worth is the mean value of the passages that a stop leads to.
func worth(questions []Listed, held []Weighed, stop float64) float64 {
	var sum, weight float64
	for i, q := range questions {
		k := passages(held[i].P, stop)
		weight, sum = weight+q.Weight, sum-float64(q.Weight*Price*float64(k))
		if slices.ContainsFunc(held[i].Order[:k], func(at int) bool { return q.Right[at] }) {
			sum += q.Weight
		}
	}
	return sum / max(weight, 1e-300)
}

// weights fits a conditional logit on the questions that have a right section in their list. The prior is that of the number of questions that carry
// the weight: (Σw)²/Σw² of them.
func weights(questions []Listed, use func(i int) bool) ([]float64, error) {
	var cases []retrieve.Case
	var sum, square float64
	for i, q := range questions {
		if use(i) && slices.Contains(q.Right, true) {
			cases = append(cases, retrieve.Case{Scores: q.Features, Right: q.Right, Weight: q.Weight})
			sum, square = sum+q.Weight, square+float64(q.Weight*q.Weight)
		}
	}
	w, err := retrieve.Fit(cases, start, prior*square/max(sum*sum, 1e-300))
	if err != nil {
		return nil, fmt.Errorf("gate: fit the bridge: %w", err)
	}
	return w, nil
}
