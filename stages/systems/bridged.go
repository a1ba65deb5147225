package systems

import (
	"context"
	"fmt"

	"slm/retrieve"
	"slm/stages"
	"slm/stages/delivery"
	"slm/stages/gate"
	"slm/stages/search"
)

// bridged gives the passages that the bridge chooses among what the search finds: none to four, in its order.
var bridged = Spec{
	Name: "bridge", Label: "bridge", Gets: "the passages that the bridge chooses", Kind: Text, Small: true, Optional: true,
	Against: []Contrast{{Over: "hybrid3", Topic: Additional, Subject: "Bridge", Does: "The passages that the small model chooses", Than: "the three best by keywords and vectors"}},
	Cost:    bridgeCost,
	Open: func(_ context.Context, r *Resources) (System, error) {
		by, err := r.needBridge()
		return r.crosses(by, func(s Sight, o gate.Weighed, _ Question) Answer {
			k := r.Bridge.Passages(o.P)
			var sections []int
			for _, at := range o.Order[:k] {
				sections = append(sections, s.Sections[at])
			}
			a := r.passages(sections)
			a.Named = s.Named.Place
			if r.Gate != nil { // it chooses nothing here, and knows how sure one may be
				e := r.Evidence(s, o, k)
				odds := r.Gate.Odds(e)
				sure, bound := r.Gate.Sure(e, odds.Among)
				a.Sure, a.Bound, a.Confidence = &sure, bound, r.confidence(odds)
			}
			return a
		}), err
	},
}

// crosses is a system that gives what give makes of what the bridge has weighed.
func (r *Resources) crosses(by retrieve.Retriever, give func(Sight, gate.Weighed, Question) Answer) System {
	var put delivery.Delivery
	if r.Delivery != nil { // its words and scores; which passages there are is the bridge's business
		put = *r.Delivery
	}
	return reader{r, put, func(ctx context.Context, qs []Question) ([]Answer, error) {
		sights, chosen, err := r.bridge(ctx, by, qs)
		if err != nil {
			return nil, err
		}
		out := make([]Answer, len(qs))
		for i, s := range sights {
			out[i] = give(s, chosen[i], qs[i])
		}
		return out, nil
	}}
}

// bridgeCost is that of what the small model says and judges, and of the answers.
func bridgeCost(items int, r *stages.Rates) stages.Cost {
	c := r.AskItems(items, true)
	c.Add(r.Speak(items))
	return c
}

// needBridge is the search that the bridge chooses from.
func (r *Resources) needBridge() (retrieve.Retriever, error) {
	switch {
	case r.Bridge == nil:
		return nil, fmt.Errorf("%w: the run has no bridge (stages.find.bridge)", ErrUnavailable)
	case r.Speaker(r.Bridge.Speaker) == nil:
		return nil, fmt.Errorf("%w: the run has no small model of %q, which its bridge asks", ErrUnavailable, r.Bridge.Speaker)
	}
	return r.Retriever(search.Hybrid)
}
