package retrieve

import (
	"context"
	"fmt"
	"slices"

	"slm/internal/elementary"
	"slm/stat"
)

// Asked is a question whose sections are known.
type Asked struct {
	Question string
	Sections []int // those that answer it, at least one
}

// Quality says how well a retriever finds the sections of some questions.
type Quality struct {
	Exam      string        `json:"exam,omitempty"` // whose questions they are; "" = the first
	Retriever string        `json:"retriever"`
	Questions int           `json:"questions"`
	Recall1   stat.Interval `json:"recall_1"` // share of the questions with a right section first,
	Recall3   stat.Interval `json:"recall_3"` // among the first three, and so on
	Recall5   stat.Interval `json:"recall_5"`
	Recall20  stat.Interval `json:"recall_20"`
	MRR       stat.Interval `json:"mrr"`     // mean of 1/rank of the first right section; 0 beyond the first twenty
	NDCG10    stat.Interval `json:"ndcg_10"` // normalised discounted cumulative gain of the first ten, a right section being worth 1
}

// Deepest is how many hits a Quality looks at.
const Deepest = 20

// Ranks are, for each question, the ranks of its sections from 0, as far as they are among the first twenty, rising.
func Ranks(ctx context.Context, r Retriever, questions []Asked) ([][]int, error) {
	out := make([][]int, len(questions))
	for i, q := range questions {
		hits, err := r.Search(ctx, q.Question, Deepest)
		if err != nil {
			return nil, err
		}
		for rank, h := range hits {
			if slices.Contains(q.Sections, h.Section) {
				out[i] = append(out[i], rank)
			}
		}
	}
	return out, nil
}

// Measure says how well the ranks of some questions are, with bootstrap intervals over the questions. ranks are those of Ranks.
func Measure(name string, questions []Asked, ranks [][]int, opt stat.Options) (Quality, error) {
	q := Quality{Retriever: name, Questions: len(questions)}
	value := func(of func(i int) float64) (stat.Interval, error) {
		x := make([]float64, len(questions))
		for i := range x {
			x[i] = of(i)
		}
		return stat.Mean(x, opt)
	}
	recall := func(k int) func(int) float64 {
		return func(i int) float64 {
			if len(ranks[i]) > 0 && ranks[i][0] < k {
				return 1
			}
			return 0
		}
	}
	for _, m := range []struct {
		to *stat.Interval
		of func(i int) float64
	}{
		{&q.Recall1, recall(1)}, {&q.Recall3, recall(3)}, {&q.Recall5, recall(5)}, {&q.Recall20, recall(20)},
		{&q.MRR, func(i int) float64 {
			if len(ranks[i]) == 0 {
				return 0
			}
			return 1 / float64(ranks[i][0]+1)
		}},
		{&q.NDCG10, func(i int) float64 { return gain(ranks[i], 10) / ideal(len(questions[i].Sections), 10) }},
	} {
		var err error
		if *m.to, err = value(m.of); err != nil {
			return q, fmt.Errorf("retrieve: measure %s: %w", name, err)
		}
	}
	return q, nil
}

// gain is the discounted cumulative gain of right sections at some ranks, as far as they are below k.
func gain(ranks []int, k int) (sum float64) {
	for _, r := range ranks {
		if r < k {
			sum += 1 / elementary.Log2(float64(r+2))
		}
	}
	return sum
}

// ideal is the gain of n right sections that come first.
func ideal(n, k int) (sum float64) {
	for r := range min(n, k) {
		sum += 1 / elementary.Log2(float64(r+2))
	}
	return sum
}
