package systems

import (
	"context"

	"slm/stages"
)

// llmAlone is the black box without knowledge.
var llmAlone = Spec{
	Name: Alone, Label: "LLM alone", Gets: "no knowledge", Kind: Baseline,
	Cost: func(items int, r *stages.Rates) stages.Cost { return r.AskItems(items, false) },
	Open: func(_ context.Context, r *Resources) (System, error) {
		return r.Reader(func(_ context.Context, qs []Question) ([]Answer, error) { return make([]Answer, len(qs)), nil }), nil
	},
}
