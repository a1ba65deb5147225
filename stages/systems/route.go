package systems

import (
	"context"
	"fmt"
	"math"
	"slices"

	"slm/internal/elementary"
	"slm/retrieve"
	"slm/stages/gate"
	"slm/stages/knowledge"
	"slm/stages/route"
	"slm/stages/search"
)

// Routed is what auto chooses by where questions are routed by price.
type Routed struct {
	Router *route.Router
	Worth  float64 // see route.Policy
}

// routable are the systems that routing may choose. auto, which does, is not among them.
var routable = []Spec{slmAlone, llmAlone, cite, dp, bladeZ0, rewarded, blade, bridged, hybrid1, rag1}

// OpenRoute opens one of the systems of Routes.
func (r *Resources) OpenRoute(ctx context.Context, name string) (System, error) {
	for _, spec := range routable {
		if spec.Name == name {
			return spec.Open(ctx, r)
		}
	}
	return nil, fmt.Errorf("%w: the router chooses the system %q, which this program does not have", ErrUnavailable, name)
}

// Routes are the systems among which routing chooses, as far as the run has them: the small model alone, the LLM alone, the text at the named place, what the
// small model says, and search, the best that there is.
func (r *Resources) Routes(ctx context.Context) (names []string) {
	has := func(name string) bool {
		_, err := r.OpenRoute(ctx, name)
		return err == nil
	}
	for _, name := range []string{slmAlone.Name, Alone, cite.Name, r.Latest} {
		if has(name) {
			names = append(names, name)
		}
	}
	for _, name := range []string{bridged.Name, hybrid1.Name, rag1.Name} {
		if has(name) {
			return append(names, name)
		}
	}
	return names
}

// router is the system that lets each question be answered by the system that routing chooses.
type router struct {
	r      *Resources
	by     *Routed
	routes []System // as the router has them
	words  System   // for questions without choices where the router has seen none: the gate, or the best of the routes
}

func (r *Resources) openRouter(ctx context.Context) (System, error) {
	s := router{r: r, by: r.Routed}
	for _, o := range r.Routed.Router.Routes {
		opened, err := r.OpenRoute(ctx, o.System)
		if err != nil {
			return nil, err
		}
		s.routes = append(s.routes, opened)
	}
	s.words = s.routes[r.Routed.Router.Best()]
	if by, err := r.needBridge(); err == nil && r.Gate != nil {
		s.words = r.gated(by)
	}
	return s, nil
}

// Answer implements System. Questions that the router can say nothing of go by the gate.
func (s router) Answer(ctx context.Context, qs []Question) ([]Answer, error) {
	if s.by.Router.Free {
		return s.share(ctx, qs)
	}
	out := make([]Answer, len(qs))
	var failed error
	for _, part := range []struct {
		answer func(context.Context, []Question) ([]Answer, error)
		of     func(Question) bool
	}{{s.share, func(q Question) bool { return len(q.Choices) > 0 }}, {s.words.Answer, func(q Question) bool { return len(q.Choices) == 0 }}} {
		var at []int
		var asked []Question
		for i, q := range qs {
			if part.of(q) {
				at, asked = append(at, i), append(asked, q)
			}
		}
		if len(at) == 0 {
			continue
		}
		answers, err := part.answer(ctx, asked)
		if err != nil && len(answers) != len(asked) {
			return nil, err
		}
		for j, i := range at {
			out[i] = answers[j]
		}
		if failed == nil {
			failed = err
		}
	}
	return out, failed
}

// share lets each question be answered by the system that the router chooses. The questions of each system are put to it together, in the router's order of
// systems.
func (s router) share(ctx context.Context, qs []Question) ([]Answer, error) {
	seen, err := s.r.Look(ctx, qs)
	if err != nil {
		return nil, err
	}
	out, sure, chosen := make([]Answer, len(qs)), make([]float64, len(qs)), make([]int, len(qs))
	for i, q := range qs {
		p := s.by.Router.Odds(seen[i].Signals)
		chosen[i] = s.by.Router.Choose(p, s.by.Worth)
		if sure[i] = p[chosen[i]]; len(q.Choices) == 0 && (seen[i].Foreign || slices.Max(p) < s.by.Router.Floor) {
			chosen[i] = route.Unknown
			out[i] = Answer{Picked: -1, Way: gate.None}
		}
	}
	for k, system := range s.routes {
		var at []int
		var asked []Question
		for i := range qs {
			if chosen[i] == k {
				at, asked = append(at, i), append(asked, qs[i])
			}
		}
		if len(at) == 0 {
			continue
		}
		answers, failed := system.Answer(ctx, asked)
		if failed != nil && len(answers) != len(asked) {
			return nil, failed
		}
		for j, i := range at {
			out[i] = answers[j]
			out[i].Route = s.by.Router.Routes[k].System
		}
		if err == nil {
			err = failed
		}
	}
	for i := range out {
		out[i].Sure = &sure[i]
	}
	return out, err
}

// Seen is what is seen of a question before the LLM is asked.
type Seen struct {
	Signals []float64 // route.Signals
	Foreign bool      // nothing in the corpus is about it, by the gate
}

// Look looks at questions for routing.
func (r *Resources) Look(ctx context.Context, qs []Question) ([]Seen, error) {
	speaker, err := r.needSpeaker()
	if err != nil {
		return nil, err
	}
	pieces, err := r.pieces(ctx, speaker, qs)
	if err != nil {
		return nil, err
	}
	out := make([]Seen, len(qs))
	var options [][]string
	var at []int
	for i, p := range pieces {
		x := make([]float64, len(route.Signals))
		out[i].Signals = x
		x[route.Place] = route.LeastLog
		if p.Known() {
			x[route.Place], x[route.Margin] = math.Max(route.LeastLog, p.LogProb), p.Margin
			m := r.mention(p.Question, p.Place, r.Corpus.Passage(p.Section).Text)
			x[route.This], x[route.NoOther], x[route.Overlap] = m.This, m.NoOther, m.Overlap
		}
		if p.Verified {
			x[route.InCorpus] = 1
		}
		if len(qs[i].Choices) > 0 {
			at, options = append(at, i), append(options, qs[i].Choices)
		}
	}
	if len(at) > 0 {
		asked := pieces[:0:0]
		for _, i := range at {
			asked = append(asked, pieces[i])
		}
		scores, err := r.Speakers[speaker].Score(ctx, asked, options)
		if err != nil {
			return nil, fmt.Errorf("score the options: %w", err)
		}
		for j, i := range at {
			out[i].Signals[route.Own], out[i].Signals[route.Lead] = ownOdds(scores[j])
		}
	}
	if by, err := r.needBridge(); err == nil {
		return out, r.lookBridge(ctx, by, qs, out)
	}
	return out, r.lookSearch(ctx, qs, pieces, out)
}

// lookBridge adds what the bridge and the gate see.
func (r *Resources) lookBridge(ctx context.Context, by retrieve.Retriever, qs []Question, out []Seen) error {
	sights, chosen, err := r.bridge(ctx, by, qs)
	if err != nil {
		return err
	}
	for i, s := range sights {
		e, x := r.Evidence(s, chosen[i], r.Bridge.Passages(chosen[i].P)), out[i].Signals
		x[route.First], x[route.Sum], x[route.Agree], x[route.Listed], x[route.Near] = e.First, e.Sum, e.Agree, e.Listed, s.Near
		x[route.Found], x[route.FoundNo], x[route.Shared] = e.Found.This, e.Found.NoOther, e.Found.Overlap
		if r.Gate != nil && r.Gate.Refusal != nil {
			out[i].Foreign = r.Gate.Refusal.Refuses(r.Subject(s, r.Gate.Refusal.Common))
		}
	}
	return nil
}

// lookSearch adds what the best search sees: how far the second hit is behind, as a share of the first one's score.
func (r *Resources) lookSearch(ctx context.Context, qs []Question, pieces []knowledge.Piece, out []Seen) error {
	by := search.Best(r.Retrievers)
	if by == nil {
		return nil
	}
	for i, q := range qs {
		hits, err := by.Search(ctx, q.Text, 2)
		if err != nil {
			return fmt.Errorf("search for item %s: %w", q.ID, err)
		}
		if len(hits) == 0 {
			continue
		}
		x, p := out[i].Signals, r.Corpus.Passage(hits[0].Section)
		if x[route.First] = 1; len(hits) > 1 && hits[0].Score > 0 {
			x[route.First] = 1 - math.Max(0, hits[1].Score)/hits[0].Score
		}
		m := r.mention(q.Text, p.Place, p.Text)
		x[route.Found], x[route.FoundNo], x[route.Shared] = m.This, m.NoOther, m.Overlap
		if x[route.Agree] = 0; hits[0].Section == pieces[i].Section {
			x[route.Agree] = 1
		}
		if x[route.Near], err = r.near(ctx, q.Text); err != nil {
			return err
		}
	}
	return nil
}

// ownOdds is the share of the likeliest option, and its lead.
func ownOdds(scores []float64) (share, lead float64) {
	best, lead := top(scores)
	sum := 0.0
	for _, s := range scores {
		sum += elementary.Exp(s - scores[best])
	}
	return 1 / sum, lead
}
