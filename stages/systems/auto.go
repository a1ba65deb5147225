package systems

import (
	"context"
	"fmt"
	"slices"

	"slm/retrieve"
	"slm/stages/delivery"
	"slm/stages/gate"
)

// Auto is the system that ask answers with where the run has a gate, or routes questions by price.
const Auto = "auto"

// auto gives what the gate says: the text at the place that the small model names, what was found, both, or nothing. Where questions are routed by price, it is
// for each the system that routing chooses.
var auto = Spec{
	Name: Auto, Label: "auto", Gets: "what the gate says: the named place, what was found, both, or nothing", Found: "what the gate says: what was found, or nothing", Kind: Text, Small: true, Optional: true,
	Against: []Contrast{
		{Over: Alone, Topic: Additional, Subject: "Gate", Does: "The knowledge that the gate lets through", Than: "no knowledge"},
		{Over: "bridge", Topic: Additional, Subject: "Gate and bridge", Does: "The knowledge that the gate lets through", Than: "all that the bridge chooses"},
	},
	Cost: bridgeCost,
	Open: func(ctx context.Context, r *Resources) (System, error) {
		if r.Routed != nil {
			return r.openRouter(ctx)
		}
		by, err := r.needBridge()
		if err == nil && r.Gate == nil {
			err = fmt.Errorf("%w: the run has no gate (stages.find.gate)", ErrUnavailable)
		}
		return r.gated(by), err
	},
}

// gated is the system that goes by the gate.
func (r *Resources) gated(by retrieve.Retriever) System {
	return r.crosses(by, func(s Sight, o gate.Weighed, q Question) Answer { return r.pass(s, o, len(q.Choices) > 0) })
}

// Offer is what the gate would give a question with choices, however sure it is, in at most so many passages; 0 = as many as the bridge says.
func (r *Resources) Offer(s Sight, o gate.Weighed, most int) Answer {
	g := *r.Gate
	g.GiveChoices, g.MostChoices = 0, most
	with := *r
	with.Gate = &g
	return with.pass(s, o, true)
}

// Ask lets the black box answer questions with the knowledge that stands in the answers.
func (r *Resources) Ask(ctx context.Context, qs []Question, answers []Answer) error {
	return r.reply(ctx, qs, answers, delivery.Delivery{})
}

// pass is the knowledge that the gate lets through. What is more probable comes first: the named place, or what was found.
func (r *Resources) pass(s Sight, o gate.Weighed, choices bool) (a Answer) {
	k := r.Bridge.Passages(o.P)
	e := r.Evidence(s, o, k)
	if r.Gate.Refusal != nil {
		e.About = r.Subject(s, r.Gate.Refusal.Common)
	}
	odds := r.Gate.Odds(e)
	way, p := r.Gate.Choose(e, choices)
	sure, bound := r.Gate.Sure(e, p)
	var sections []int
	if way == gate.Found || way == gate.Both {
		for _, at := range o.Order[:min(r.Gate.Passages(e, k, choices), len(o.Order))] {
			sections = append(sections, s.Sections[at])
		}
	}
	at := slices.Index(sections, s.Named.Section)
	first := at > 0 && odds.Named > odds.First // it was found, and is more probable than what was found first
	switch {
	case way == gate.Small || first || way == gate.Both && odds.Named >= odds.First:
		sections = slices.Insert(sections, 0, s.Named.Section)
	case way == gate.Both:
		sections = slices.Insert(sections, 1, s.Named.Section)
	}
	if most := r.Gate.MostChoices; choices && most > 0 {
		sections = sections[:min(most, len(sections))]
	}
	a = r.passages(sections)
	if way == gate.Small { // it may name a part
		own, _ := r.Corpus.At(s.Named.Place)
		r.use(&a, own, Cited)
		if s.Named.Verified {
			a.Origin = Recited
		}
	}
	a.Way, a.Sure, a.Bound, a.Named, a.Confidence = way, &sure, bound, s.Named.Place, r.confidence(odds)
	return a
}

// confidence is how sure the small model may be of the place that it names; nil where there is none.
func (r *Resources) confidence(o gate.Odds) *float64 {
	if r.Bridge.Speaker == Mute {
		return nil
	}
	return &o.Named
}
