package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"slm/data/form"
	"slm/internal/sanitize"
	"slm/internal/term"
	"slm/pipeline/draft"
	"slm/pipeline/experts"
	"slm/stages/gate"
	"slm/stages/systems"
)

// draftFlags are the flags of draft.
type draftFlags struct {
	set       []string
	maxTokens int
	quote     bool
	offline   bool
	system    string
}

func newDraft(a *app) *cobra.Command {
	var f draftFlags
	cmd := &cobra.Command{
		Use: "draft RUN MESSAGE", GroupID: "use", Args: exact(2, "a run and a message"),
		Short: "Draft a reply to a customer's message from the run's documents, with sources and what they do not cover",
		Long: "Cuts a message into its questions, answers each as slm ask does, and joins the answers to a reply. Behind each sentence stand the numbers of its sources. " +
			"A question to which nothing in the documents is found, or that the run's gate refuses, is listed as not covered: the LLM is not asked, and nothing is made up.\n\n" +
			"Where the run's LLM writes text, it words each answer from the passages; else, and with --no-llm, sentences of the documents are quoted. A sentence whose words the passages do not have, " +
			"or which names a number that they do not have, is marked. The share of supported sentences is a measure by words: it does not see that something is said wrongly in the same words. " +
			"A draft is for a person who reads it before it is sent.\n\n" +
			"RUN is as in ask. If the message is -, all of stdin is the message. The LLM's replies are stored beside the run, those of ask among them." +
			exits(exitStopped, exitLLM, exitCheckpoint, exitInterrupted),
		Example: "  slm draft shop \"Hello, can I return a lamp? And do you ship to Norway?\"\n  slm draft shop - --no-llm -o json < message.txt",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.draft(cmd.Context(), args[0], args[1], f)
		},
	}
	addConnection(cmd, &f.set)
	cmd.Flags().StringVar(&f.system, "system", "", "the system that answers, by `NAME`, as in ask (default: as in ask)")
	cmd.Flags().IntVar(&f.maxTokens, "max-tokens", systems.DefaultReplyTokens, "at most `N` tokens of what the LLM says to one question")
	cmd.Flags().BoolVar(&f.quote, "no-llm", false, "quote the documents, and do not ask the LLM")
	cmd.Flags().BoolVar(&f.offline, "offline", false, "use stored LLM replies only")
	return cmd
}

// longestMessage is how many bytes of stdin are read.
const longestMessage = 1 << 20

func (a *app) draft(ctx context.Context, run, message string, f draftFlags) (err error) {
	if message == "-" {
		text, err := io.ReadAll(io.LimitReader(a.in, longestMessage+1))
		if err != nil {
			return fmt.Errorf("draft: stdin: %w", err)
		}
		message = string(text)
	}
	system := checkSystem(f.system)
	switch {
	case strings.TrimSpace(message) == "":
		return usage("the message is empty")
	case len(message) > longestMessage:
		return usage("the message is longer than %d bytes", longestMessage)
	case f.maxTokens < 1:
		return usage("--max-tokens %d: at least 1", f.maxTokens)
	case system != nil:
		return system
	case experts.Names(run):
		return usage("a draft is made from one run: name one of those in %s", run)
	}
	s, err := a.session(run, f.set, f.offline, a.aside())
	if err != nil {
		return err
	}
	s.System = f.system
	defer func() { err = errors.Join(err, s.Close()) }()
	d, err := draft.Write(ctx, s, message, draft.Options{Quote: f.quote, MaxTokens: f.maxTokens})
	if d == nil {
		return err
	}
	return errors.Join(err, a.print(d, func(w io.Writer) { showDraft(w, d, term.Width(a.out)) }))
}

// showDraft writes a draft for people. Like an answer's, its texts are not printed raw.
func showDraft(w io.Writer, d *draft.Draft, columns int) {
	const indent = len("not covered  ")
	line := func(label, text string) {
		_, _ = fmt.Fprintf(w, "%-*s%s\n", indent, label, term.Wrap(sanitize.Line(text), columns, indent))
	}
	label := "draft"
	switch {
	case d.Text != "":
		for i, text := range strings.Split(d.Text, "\n\n") {
			if i > 0 {
				_, _ = fmt.Fprintln(w)
			}
			line(label, text)
			label = ""
		}
	case len(d.Parts) == 0:
		line(label, "(none: the message asks nothing)")
	default:
		line(label, "(none: nothing in your documents is about this message)")
	}
	for _, p := range d.Parts {
		if !p.Covered {
			line("not covered", p.Question)
			if text := whyNot(p); text != "" {
				line("", "["+text+"]")
			}
		}
		if p.NoAnswer != nil {
			line("quoted", p.Question)
			line("", "[the LLM gave no answer: "+p.NoAnswer.String()+"]")
		}
		if p.Cut != "" {
			line("cut", p.Question)
			line("", "["+p.Cut+"]")
		}
	}
	for i, s := range d.Sources {
		label := ""
		if i == 0 {
			label = "sources"
		}
		line(label, fmt.Sprintf("[%d] %s  %s", s.Number, form.InLine(s.Place), s.Source))
	}
	if len(d.Aside) > 0 {
		line("not asked", strings.Join(d.Aside, " | "))
	}
	if d.Text != "" {
		line("support", supportOf(d))
	}
}

// whyNot says why a question has no answer in a draft.
func whyNot(p draft.Part) string {
	switch {
	case p.Confidence == nil:
		return ""
	case p.Way == gate.None:
		return "nothing in your documents is about this: what comes nearest is right with " + surely(*p.Confidence)
	}
	return "nothing is sure enough to be said: what comes nearest is right with " + surely(*p.Confidence)
}

// supportOf says how far a draft can be relied on.
func supportOf(d *draft.Draft) string {
	if d.Faithful == nil {
		return "no sentence says anything that could be looked for"
	}
	text := fmt.Sprintf("%.0f %% of %s have their words from the passages", 100**d.Faithful, counted(d.Sentences, "sentence"))
	if d.Quoted {
		return text + ": all is quoted, and whether it answers the questions is for you to say"
	}
	if d.Marked > 0 {
		text += fmt.Sprintf("; %d marked: check them", d.Marked)
	}
	return text + " (" + d.LLM + ")"
}
