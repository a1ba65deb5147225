package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"slm/internal/sanitize"
	"slm/stages"
	"slm/stages/task"
)

func newClassify(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "classify RUN TEXT", GroupID: "use", Args: exact(2, "a run and a text"),
		Short: "Give a text one of the labels that a run has learnt, or none, and say how sure that is",
		Long: "Gives a text one of the labels that the run's task has learnt (stages.task of its recipe): the small model's, or that of the nearest known text, whichever is surer of it,\n" +
			"with the probability that it is the right one, calibrated on the rows for dev. Below the limit that was chosen there, it is none of the labels. If the text is -, each\n" +
			"line of stdin is a text. No large model is asked." +
			exits(exitCheckpoint),
		Example: "  slm classify licenses \"Permission is hereby granted, free of charge, to any person\"\n  slm classify licenses - -o jsonl < texts.txt",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.classify(cmd.Context(), args[0], args[1])
		},
	}
}

func (a *app) classify(ctx context.Context, run, text string) (err error) {
	if err := a.taskText(text); err != nil {
		return err
	}
	folder, be, err := a.open(run)
	if err != nil {
		return err
	}
	c, err := task.Open(folder, be)
	if err != nil {
		return fmt.Errorf("classify: %w", notMade(folder, stages.Task, err))
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	return a.eachText(text, func(text string) error { return a.classifyOne(ctx, c, text) })
}

// taskText refuses a text that no task can have an answer to; - stands for several.
func (a *app) taskText(text string) error {
	switch {
	case strings.TrimSpace(text) == "":
		return usage("the text is empty")
	case text == "-" && a.output == "json":
		return usage("several answers are not one JSON value: use -o jsonl")
	}
	return nil
}

// eachText calls f with the text, or where it is -, with each line of stdin.
func (a *app) eachText(text string, f func(text string) error) error {
	if text != "-" {
		return f(text)
	}
	return a.eachLine(4<<20, f)
}

func (a *app) classifyOne(ctx context.Context, c *task.Classifier, text string) error {
	said, err := c.Classify(ctx, text)
	if err != nil {
		return err
	}
	return a.print(said, func(w io.Writer) {
		label := cmp.Or(said.Label, "none of the labels")
		about := ""
		if said.Label == "" {
			about = " that it is " + sanitize.Line(said.Likeliest)
		}
		_, _ = fmt.Fprintf(w, "%s  [%s sure%s]\n", sanitize.Line(label), surely(said.Sure), about)
	})
}
