package bpo

import (
	"context"

	"slm/data/exam"
	"slm/llm"
	"slm/stages/knowledge"
)

// World is what a search works on.
type World struct {
	Say    func(ctx context.Context, questions []string, soft []float32) ([]knowledge.Piece, error)
	Answer func(ctx context.Context, qs []llm.Question) ([]llm.Choice, error)
	Soft   func(z []float64) []float32   // soft tokens of a point
	Words  func(prompt string) []float32 // embeddings of a prompt in words
}

// Explore runs a search and its controls outside a run, without the choice, for benchmarks. It returns the table of trials and the items
// that they were scored on, in order. Options must have scores.
func Explore(ctx context.Context, cfg Config, dev []exam.Item, seed uint64, w World) ([]TrialRow, []exam.Item, error) {
	s, err := newSearch(cfg, dev, true, seed, nil)
	if err != nil {
		return nil, nil, err
	}
	s.judge = &judge{say: w.Say, answer: w.Answer, soft: w.Soft, words: w.Words, cloze: true}
	if err := s.explore(ctx); err != nil {
		return nil, nil, err
	}
	rows, err := s.table(&outcome{})
	return rows, s.items, err
}
