package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"slm/internal/sanitize"
	"slm/internal/term"
	"slm/pipeline/rundir"
	"slm/pipeline/session"
	"slm/stages/systems"
)

func newAsk(a *app) *cobra.Command {
	var f askFlags
	cmd := &cobra.Command{
		Use: "ask RUN QUESTION", GroupID: "use", Args: exact(2, "a run and a question"),
		Short: "Ask a question: what the small model knows, its source, and the LLM's answer",
		Long: "Asks the small model for a place and the text there, says whether the corpus has exactly this text at that place, " +
			"and gives the text to the LLM, which chooses among the --choice options or answers freely. RUN is a folder, a run's name, or the beginning of one. " +
			"If the question is -, each line of stdin is a question. The LLM's replies are stored beside the run and reused for the same question." +
			exits(exitStopped, exitLLM, exitCheckpoint, exitInterrupted),
		Example: "  slm ask legal \"What does section 2 of the MPL-2.0 license say?\"\n  slm ask legal - --no-llm -o jsonl < questions.txt",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.ask(cmd.Context(), args[0], args[1], f)
		},
	}
	cmd.Flags().StringArrayVar(&f.choices, "choice", nil, "`TEXT` of an option; give two or more")
	cmd.Flags().StringVar(&f.system, "system", "", "the system that answers, by `NAME`: "+strings.Join(systems.Names(), ", ")+" (default: the method's last stage that the run has)")
	cmd.Flags().StringVar(&f.trial, "trial", "", "use the prompt of trial `N` of the search (0: no prompt), or of a control, such as random/3; see trials.arrow")
	cmd.Flags().BoolVar(&f.silent, "no-llm", false, "show the knowledge only")
	cmd.Flags().BoolVar(&f.offline, "offline", false, "use stored LLM replies only")
	return cmd
}

// askFlags are the flags of ask.
type askFlags struct {
	choices         []string
	system, trial   string
	silent, offline bool
}

func (a *app) ask(ctx context.Context, run, question string, f askFlags) (err error) {
	_, known := systems.Lookup(f.system)
	switch {
	case strings.TrimSpace(question) == "":
		return usage("the question is empty")
	case len(f.choices) == 1:
		return usage("one --choice leaves nothing to choose")
	case len(f.choices) > 26:
		return usage("%d choices; 26 are the most", len(f.choices))
	case question == "-" && a.output == "json":
		return usage("several answers are not one JSON value: use -o jsonl")
	case f.system != "" && !known:
		return usage("--system %s: there are %s", f.system, strings.Join(systems.Names(), ", "))
	}
	s, err := a.session(run, f.offline, nil)
	if err != nil {
		return err
	}
	s.System, s.Trial = f.system, f.trial
	defer func() { err = errors.Join(err, s.Close()) }()
	q := session.Question{Text: question, Choices: f.choices, Silent: f.silent}
	if question != "-" {
		return a.askOne(ctx, s, q)
	}
	lines := bufio.NewScanner(a.in)
	for n := 0; lines.Scan(); {
		if q.Text = strings.TrimSpace(lines.Text()); q.Text != "" {
			if n++; n > 1 && a.output == "text" {
				_, _ = fmt.Fprintln(a.out)
			}
			if err := a.askOne(ctx, s, q); err != nil {
				return err
			}
		}
	}
	return lines.Err()
}

// askOne asks one question and prints what was found, also when the LLM does not answer.
func (a *app) askOne(ctx context.Context, s *session.Session, q session.Question) error {
	answer, err := s.Ask(ctx, q)
	if answer == nil {
		return err
	}
	perr := a.print(answer, func(w io.Writer) { showAnswer(w, answer, q.Silent || err != nil, term.Width(a.out)) })
	return errors.Join(err, perr)
}

// showAnswer writes an answer for people. All of it came from a corpus or a model, so none of it is printed raw.
func showAnswer(w io.Writer, a *session.Answer, silent bool, columns int) {
	const indent = len("knowledge  ")
	line := func(label, text string) {
		_, _ = fmt.Fprintf(w, "%-*s%s\n", indent, label, term.Wrap(sanitize.Line(text), columns, indent))
	}
	place := strings.TrimSuffix(strings.TrimSpace(a.Place), ":")
	if place == "" {
		place = "(none was named)"
	}
	line("place", strings.ReplaceAll(place, "\n", ", "))
	if a.Source != "" {
		line("source", a.Source)
	}
	if a.Knowledge != "" {
		line("knowledge", a.Knowledge)
		mark := "not in the corpus at that place"
		if a.InCorpus {
			mark = "in the corpus at that place, word for word"
		}
		line("", "["+mark+"]")
	}
	if silent {
		return
	}
	reply := a.Reply
	if a.Choice != nil {
		reply = fmt.Sprintf("%c. %s", 'A'+*a.Choice, reply)
		if *a.Choice < 0 {
			reply = "(the reply named no option)"
		}
	}
	if a.NoAnswer != nil {
		reply = "(no answer: " + a.NoAnswer.String() + ")"
	}
	line("answer", reply)
	line("", "["+cmp.Or(a.LLM, "the small model")+"]")
}

// session opens the run that a user names.
func (a *app) session(name string, offline bool, view rundir.Viewer) (*session.Session, error) {
	folder, err := rundir.Find(a.dir, name)
	if err != nil {
		return nil, err
	}
	be, err := a.backend()
	if err != nil {
		return nil, err
	}
	return session.Open(folder, be, offline, view, a.log(), a.now)
}
