package systems

import (
	"context"
	"fmt"

	"slm/rng"
	"slm/stages"
)

// shuffled gives each question what the small model says about another one. It must not help: it is the content that has to count.
var shuffled = Spec{
	Name: "shuffled", Label: "shuffled", Gets: "text made for another question", Kind: Control, Needs: stages.DP,
	Against: []Contrast{
		{Over: Method, Topic: Checking, Subject: "Content", Does: "Text made for other questions", Than: "the text made for the question"},
		{Over: Alone, Topic: Checking, Subject: "Control", Does: "Text made for other questions", Than: "the LLM alone"},
	},
	Cost: func(items int, r *stages.Rates) stages.Cost { return r.AskItems(items, true) },
	Open: func(_ context.Context, r *Resources) (System, error) {
		speaker, err := r.needSpeaker()
		if err != nil {
			return nil, err
		}
		other, ok := r.deranged()
		if !ok {
			return nil, fmt.Errorf("%w: there is no other question to take knowledge from", ErrUnavailable)
		}
		return r.Reader(func(ctx context.Context, qs []Question) ([]Answer, error) {
			others := make([]Question, len(qs))
			for i, q := range qs {
				at, ok := r.position(q.ID)
				if !ok {
					return nil, fmt.Errorf("item %s is not of this evaluation", q.ID)
				}
				others[i] = r.Items[other[at]]
			}
			return r.say(ctx, speaker, others)
		}), nil
	},
}

// deranged gives each item another one, of another section.
func (r *Resources) deranged() ([]int, bool) {
	groups := make([]string, len(r.Items))
	for i, q := range r.Items {
		if groups[i] = q.Section; q.Section == "" {
			groups[i] = "item " + q.ID
		}
	}
	return derange(groups, rng.New(r.Seed, "eval", "shuffled"))
}
