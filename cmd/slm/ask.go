package main

import (
	"bufio"
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
)

func newAsk(a *app) *cobra.Command {
	var choices []string
	var alone, offline bool
	var trial string
	cmd := &cobra.Command{
		Use: "ask RUN QUESTION", GroupID: "use", Args: exact(2, "a run and a question"),
		Short: "What the small model knows, its source, and the LLM's answer with it",
		Long: "Asks the small model for the place and the text, says whether the text stands in the corpus at that place (verified) or not (UNVERIFIED), " +
			"and gives it to the LLM: to choose among --choice options, or to answer freely. RUN is a folder, a run's name, or its beginning. " +
			"With - for the question, each line of stdin is one. The LLM's replies are stored beside the run, and given again to the same question." +
			exits(exitStopped, exitLLM, exitCheckpoint, exitInterrupted),
		Example: "  slm ask legal \"What does section 2 of the MPL-2.0 license say?\"\n  slm ask legal - --no-llm -o jsonl < questions.txt",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.ask(cmd.Context(), args[0], args[1], choices, trial, alone, offline)
		},
	}
	cmd.Flags().StringArrayVar(&choices, "choice", nil, "`TEXT` to choose; give two or more")
	cmd.Flags().StringVar(&trial, "trial", "", "ask with the prompt of trial `N` of the search (0: none), or of a control's, such as random/3; see trials.arrow")
	cmd.Flags().BoolVar(&alone, "no-llm", false, "show the small model's knowledge only")
	cmd.Flags().BoolVar(&offline, "offline", false, "take the LLM's reply from what is stored")
	return cmd
}

func (a *app) ask(ctx context.Context, run, question string, choices []string, trial string, alone, offline bool) (err error) {
	switch {
	case strings.TrimSpace(question) == "":
		return usage("the question is empty")
	case len(choices) == 1:
		return usage("one --choice leaves nothing to choose")
	case len(choices) > 26:
		return usage("%d choices; 26 are the most", len(choices))
	case question == "-" && a.output == "json":
		return usage("many answers are no one JSON value: use -o jsonl")
	}
	s, err := a.session(run, offline, nil)
	if err != nil {
		return err
	}
	s.Trial = trial
	defer func() { err = errors.Join(err, s.Close()) }()
	if question != "-" {
		return a.askOne(ctx, s, question, choices, alone)
	}
	lines := bufio.NewScanner(a.in)
	for n := 0; lines.Scan(); {
		if q := strings.TrimSpace(lines.Text()); q != "" {
			if n++; n > 1 && a.output == "text" {
				_, _ = fmt.Fprintln(a.out)
			}
			if err := a.askOne(ctx, s, q, choices, alone); err != nil {
				return err
			}
		}
	}
	return lines.Err()
}

// askOne asks one question and prints what was found, also when the LLM does not answer.
func (a *app) askOne(ctx context.Context, s *session.Session, question string, choices []string, alone bool) error {
	answer, err := s.Know(ctx, question)
	if err != nil {
		return err
	}
	var lerr error
	if !alone {
		lerr = s.Reply(ctx, answer, choices)
	}
	perr := a.print(answer, func(w io.Writer) { showAnswer(w, answer, alone || lerr != nil, term.Width(a.out)) })
	return errors.Join(lerr, perr)
}

// showAnswer writes an answer for people. All of it came from a corpus or a model, so none of it is printed raw.
func showAnswer(w io.Writer, a *session.Answer, alone bool, columns int) {
	const indent = len("knowledge  ")
	line := func(label, text string) {
		_, _ = fmt.Fprintf(w, "%-*s%s\n", indent, label, term.Wrap(sanitize.Line(text), columns, indent))
	}
	mark := "UNVERIFIED: this text does not stand in the corpus at that place"
	if a.Verified {
		mark = "verified: stands in the corpus word for word"
	}
	place := strings.TrimSuffix(strings.TrimSpace(a.Place), ":")
	if place == "" {
		place = "(the small model named none)"
	}
	line("place", strings.ReplaceAll(place, "\n", ", "))
	if a.Source != "" {
		line("source", a.Source)
	}
	line("knowledge", a.Knowledge)
	line("", "["+mark+"]")
	if alone {
		return
	}
	reply := a.Reply
	if a.Choice != nil {
		reply = fmt.Sprintf("%c. %s", 'A'+*a.Choice, reply)
		if *a.Choice < 0 {
			reply = "(the reply named no option)"
		}
	}
	line("answer", reply)
	line("", "["+a.LLM+"]")
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
