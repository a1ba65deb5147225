package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"slm/internal/sanitize"
	"slm/internal/term"
	"slm/pipeline/experts"
	"slm/pipeline/session"
)

// team is several runs that answer as one.
type team struct {
	*experts.Router
	a        *app
	folders  []string
	sessions []*session.Session // nil until one is asked
	flags    askFlags
}

// team opens the runs that a file with experts names.
func (a *app) team(ctx context.Context, file string, f askFlags) (*team, error) {
	folders, err := experts.Folders(file, a.dir)
	if err != nil {
		return nil, err
	}
	t := &team{a: a, folders: folders, sessions: make([]*session.Session, len(folders)), flags: f}
	t.Router, err = experts.NewRouter(ctx, folders)
	return t, err
}

// session opens an expert once.
func (t *team) session(expert int) (*session.Session, error) {
	if t.sessions[expert] == nil {
		s, err := t.a.session(t.folders[expert], t.flags.set, t.flags.offline, t.a.aside())
		if err != nil {
			return nil, err
		}
		s.System = t.flags.system
		t.sessions[expert] = s
	}
	return t.sessions[expert], nil
}

func (t *team) Close() error {
	err := t.Router.Close()
	for _, s := range t.sessions {
		if s != nil {
			err = errors.Join(err, s.Close())
		}
	}
	return err
}

// teamAnswer is an answer with who gave it.
type teamAnswer struct {
	*session.Answer
	Expert string             `json:"expert"` // empty: nobody's documents are about the question
	Routes map[string]float64 `json:"routes"` // by expert: the probability that its documents are asked
}

// askTeam asks several runs as one.
func (a *app) askTeam(ctx context.Context, file, question string, f askFlags) (err error) {
	if f.trial != "" {
		return usage("--trial belongs to one run")
	}
	t, err := a.team(ctx, file, f)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	if question != "-" {
		return t.ask(ctx, question)
	}
	return a.eachQuestion(func(text string) error { return t.ask(ctx, text) })
}

// ask routes one question and prints what its expert answers.
func (t *team) ask(ctx context.Context, text string) error {
	routed, err := t.Route(ctx, []string{text})
	if err != nil {
		return err
	}
	out := teamAnswer{Answer: &session.Answer{Question: text}, Routes: map[string]float64{}}
	for i, s := range t.Scouts {
		out.Routes[s.Name] = routed[0].Sure[i]
	}
	parts := routed[0].For(session.Question{Text: text, Choices: t.flags.choices})
	if len(parts) == 0 {
		return t.a.print(out, func(w io.Writer) {
			_, _ = fmt.Fprintf(w, "%-11s(none)\n%-11snothing in the documents of any expert is about this; the LLM was not asked\n", "expert", "answer")
		})
	}
	answer, err := experts.Answer(parts, func(p experts.Part, _ bool) (*session.Answer, error) {
		s, err := t.session(p.Expert)
		if err != nil {
			return nil, err
		}
		a, err := s.Ask(ctx, session.Question{Text: p.Text, Choices: t.flags.choices, Silent: t.flags.silent, MaxTokens: t.flags.maxTokens})
		if a != nil {
			a.Expert = t.Scouts[p.Expert].Name
		}
		return a, err
	})
	if answer == nil {
		return err
	}
	out.Answer, out.Expert = answer, answer.Expert
	perr := t.a.print(out, func(w io.Writer) {
		for a := answer; a != nil; a = a.Also {
			if a != answer {
				_, _ = fmt.Fprintln(w)
			}
			asked := ""
			if len(parts) > 1 {
				asked = ", asked: " + a.Question
			}
			_, _ = fmt.Fprintf(w, "%-11s%s\n", "expert", sanitize.Line(a.Expert+asked))
			showAnswer(w, a, t.flags.silent || err != nil && a.Reply == "", term.Width(t.a.out))
		}
	})
	return errors.Join(err, perr)
}

// mostRouted is how many test questions of each expert eval asks.
const mostRouted = 200

// evalTeam prints how well questions are routed.
func (a *app) evalTeam(ctx context.Context, file string, set []string, offline bool) (err error) {
	t, err := a.team(ctx, file, askFlags{set: set, offline: offline, silent: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	table, err := t.Measure(ctx, mostRouted, func(expert int, question string) (string, error) {
		s, err := t.session(expert)
		if err != nil {
			return "", err
		}
		answer, err := s.Ask(ctx, session.Question{Text: question, Silent: true})
		if err != nil {
			return "", err
		}
		return answer.Place, nil
	})
	if err != nil {
		return err
	}
	return a.print(table, func(w io.Writer) { showTeam(w, table) })
}

func showTeam(w io.Writer, t *experts.Table) {
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(w, format, args...) } // a closed pipe stops nothing
	say("%-28s %9s %7s %7s %7s %7s %7s %7s\n", "expert", "questions", "to it", "to none", "to two", "other", "right", "oracle")
	share := func(n, of int) string {
		if of == 0 {
			return "–"
		}
		return fmt.Sprintf("%.1f%%", 100*float64(n)/float64(of))
	}
	for _, r := range t.Experts {
		say("%-28s %9d %7s %7s %7s %7s %7s %7s\n", sanitize.Line(r.Expert), r.Questions, share(r.Routed, r.Questions), share(r.None, r.Questions), share(r.Two, r.Questions),
			share(r.Questions-r.Routed-r.None-r.Two, r.Questions), share(r.Right, r.Placed), share(r.Oracle, r.Placed))
	}
	if p := t.Pairs; p.Questions > 0 {
		say("%-28s %9d %7s %7s %7s %7s %7s %7s\n", "two of these in one", p.Questions, "–", share(p.None, p.Questions), share(p.Routed, p.Questions), share(p.Questions-p.Routed-p.None, p.Questions), share(p.Right, p.Placed), share(p.Oracle, p.Placed))
	}
	say("\n%d of %d questions about anything else go to none (%s)\n", t.Refused, t.Foreign, share(t.Refused, t.Foreign))
	say("right: answered from a right place; oracle: the same where the right expert is asked always\n")
	if t.Pairs.Questions > 0 {
		say("two of these in one: test questions of two experts that the program has put together; there, to two: to both of them; right: both halves\n")
	}
}
