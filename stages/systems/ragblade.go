package systems

import (
	"context"
	"fmt"

	"slm/stages"
)

// ragBlade gives the best passage by search and what the small model says, in this order.
var ragBlade = Spec{
	Name: "rag+blade", Label: "BM25 top-1 + small model", Gets: "the best passage and generated text", Kind: Text, Small: true, Needs: stages.DP,
	Against: []Contrast{
		{Over: "rag1", Topic: Together, Subject: "Both together", Does: "Generated knowledge next to the best passage", Than: "that passage alone"},
		{Over: "blade", Topic: Together},
	},
	Cost: func(items int, r *stages.Rates) stages.Cost { return r.AskItems(items, true) },
	Open: func(_ context.Context, r *Resources) (System, error) {
		speaker, err := r.needSpeaker()
		if err != nil || r.Search == nil {
			return nil, fmt.Errorf("%w: it needs a corpus to search and a small model", ErrUnavailable)
		}
		return r.Reader(func(ctx context.Context, qs []Question) ([]Answer, error) {
			found, err := r.find(ctx, r.Search, 1, qs)
			if err != nil {
				return nil, err
			}
			said, err := r.say(ctx, speaker, qs)
			if err != nil {
				return nil, err
			}
			for i := range found {
				found[i] = join(found[i], said[i])
				found[i].Named, found[i].Confidence = said[i].Named, said[i].Confidence
			}
			return found, nil
		}), nil
	},
}
