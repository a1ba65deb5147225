package experts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"slm/llm"
	"slm/model/schedule"
	"slm/pipeline/session"
	"slm/stages/gate"
	"slm/stages/systems"
)

// Team is several runs that are asked as one by many at the same time. Each question goes to the run whose corpus it is about, which answers as it does
// alone, or to nobody.
type Team struct {
	router *Router
	runs   []*session.Session // as the router has them
	stamp  string
	turn   chan struct{} // who looks where a question goes: one at a time
}

// NewTeam puts a router and the runs that it routes to together. stamp says which runs they are. Closing it closes both.
func NewTeam(router *Router, runs []*session.Session, stamp string) *Team {
	return &Team{router, runs, stamp, make(chan struct{}, 1)}
}

// Ask routes a question and has its run answer, or two runs, the second of which stands in Answer.Also. One of several options is chosen by one run. Where no
// corpus is about the question, nothing is asked, and the answer's way is gate.None.
func (t *Team) Ask(ctx context.Context, q session.Question) (*session.Answer, error) {
	select {
	case t.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	routed, err := t.router.Route(ctx, []string{q.Text})
	<-t.turn
	if err != nil {
		return nil, fmt.Errorf("experts: %w", err)
	}
	parts := routed[0].For(q)
	if len(parts) == 0 {
		a := &session.Answer{Question: q.Text, System: q.System, Way: gate.None}
		if q.Seen != nil {
			q.Seen(a)
		}
		return a, nil
	}
	return Answer(parts, func(p Part, second bool) (*session.Answer, error) {
		q := q
		q.Text = p.Text
		if second {
			q.Seen = nil // what the first is given has been told
		}
		return t.ask(ctx, p.Expert, q)
	})
}

// For are who is asked what of a question: one of several options is chosen by one run.
func (r Routed) For(q session.Question) []Part {
	switch {
	case len(q.Choices) == 0:
		return r.Parts
	case r.Expert == None:
		return nil
	}
	return []Part{{r.Expert, q.Text}}
}

// Answer has each part answered in turn, and puts the second answer beside the first. An answer beside an error is one that has no reply.
func Answer(parts []Part, ask func(p Part, second bool) (*session.Answer, error)) (*session.Answer, error) {
	first, err := ask(parts[0], false)
	if err != nil || len(parts) == 1 {
		return first, err
	}
	first.Also, err = ask(parts[1], true)
	return first, err
}

// ask has one run answer.
func (t *Team) ask(ctx context.Context, k int, q session.Question) (*session.Answer, error) {
	name := t.router.Scouts[k].Name
	if seen := q.Seen; seen != nil {
		q.Seen = func(a *session.Answer) {
			a.Expert = name
			seen(a)
		}
	}
	a, err := t.runs[k].Ask(ctx, q)
	if a != nil {
		a.Expert = name
	}
	return a, err
}

// Systems are those that all runs have. The usual one is that of the first run whose usual one is among them, or else the first.
func (t *Team) Systems(ctx context.Context) (names []string, usual string, err error) {
	var usuals []string
	for i, run := range t.runs {
		has, one, err := run.Systems(ctx)
		if err != nil {
			return nil, "", err
		}
		if usuals = append(usuals, one); i == 0 {
			names = slices.Clone(has)
			continue
		}
		names = slices.DeleteFunc(names, func(name string) bool { return !slices.Contains(has, name) })
	}
	if len(names) == 0 {
		return nil, "", fmt.Errorf("experts: %w: the runs have no system in common", systems.ErrUnavailable)
	}
	for _, one := range usuals {
		if slices.Contains(names, one) {
			return names, one, nil
		}
	}
	return names, names[0], nil
}

// Lacks says why the runs do not all have a system, in the words of the first that lacks it.
func (t *Team) Lacks(name string) error {
	for _, run := range t.runs {
		if err := run.Lacks(name); err != nil {
			return err
		}
	}
	return nil
}

// Ready opens all that answers of any run are made of. Of each run the usual system is asked a question: the first of some fits how sure an answer may be, which
// nobody who asks shall wait for.
func (t *Team) Ready(ctx context.Context) error {
	_, usual, err := t.Systems(ctx)
	if err != nil {
		return err
	}
	for _, run := range t.runs {
		if _, err := run.Ask(ctx, session.Question{Text: "What is this about?", System: usual, Silent: true}); err != nil {
			return err
		}
		if err := run.Ready(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Tell puts a message to the black box of the first run.
func (t *Team) Tell(ctx context.Context, message string, tokens int) (llm.Reply, error) {
	return t.runs[0].Tell(ctx, message, tokens)
}

// Large is the black box of the first run.
func (t *Team) Large(ctx context.Context) (session.Bare, error) { return t.runs[0].Large(ctx) }

// HasLarge is that of the first run.
func (t *Team) HasLarge(ctx context.Context) error { return t.runs[0].HasLarge(ctx) }

// errMany says that there is one of each run.
var errMany = fmt.Errorf("%w: each of several runs has its own", systems.ErrUnavailable)

// Small is systems.ErrUnavailable: each run has its own small model.
func (t *Team) Small(context.Context) (session.Bare, error) { return session.Bare{}, errMany }

// Embed is systems.ErrUnavailable: each run has its own vectors.
func (t *Team) Embed(context.Context, []string, bool) ([][]float32, error) { return nil, errMany }

// HasEncoder is false.
func (t *Team) HasEncoder(context.Context) bool { return false }

// Document is the section at a source of an expert's corpus, since files of several may have the same name. Where expert is empty, it is that of the first run
// that has it.
func (t *Team) Document(ctx context.Context, expert, source string) ([]session.Part, error) {
	for i, run := range t.runs {
		if expert != "" && t.router.Scouts[i].Name != expert {
			continue
		}
		if parts, err := run.Document(ctx, "", source); err != nil || len(parts) > 0 {
			return parts, err
		}
	}
	return nil, nil
}

// Price is that of the black boxes, where it is the same for all; else it is unknown.
func (t *Team) Price() *llm.Price {
	first := t.runs[0].Price()
	for _, run := range t.runs[1:] {
		if p := run.Price(); (p == nil) != (first == nil) || p != nil && *p != *first {
			return nil
		}
	}
	return first
}

// Stats are those of the models that are open, each with the run's name where it is not the first.
func (t *Team) Stats() map[string]schedule.Stats {
	out := map[string]schedule.Stats{}
	for i, run := range t.runs {
		for name, s := range run.Stats() {
			if i > 0 {
				name += " " + t.router.Scouts[i].Name
			}
			out[name] = s
		}
	}
	return out
}

// Stamp says which runs they are, with their checkpoints.
func (t *Team) Stamp() string { return t.stamp }

// Stamp says which runs some folders have now, with their checkpoints.
func Stamp(folders []string) string {
	var parts []string
	for _, folder := range folders {
		parts = append(parts, session.Stamp(folder))
	}
	return strings.Join(parts, "\n")
}

// Close closes the runs.
func (t *Team) Close() error {
	err := t.router.Close()
	for _, run := range t.runs {
		err = errors.Join(err, run.Close())
	}
	return err
}
