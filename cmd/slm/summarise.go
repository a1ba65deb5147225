package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"slm/internal/sanitize"
	"slm/stages"
	"slm/stages/task"
)

func newSummarise(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "summarise RUN TEXT", GroupID: "use", Args: exact(2, "a run and a text"),
		Short: "Summarise a text as a run has learnt to",
		Long: "Writes what the run's task (stages.task of its recipe, kind summary) has learnt to make of a text, the most likely token each time. A summary that did not come to its end ends\n" +
			"in its last whole sentence. If the text is -, each line of stdin is a text. No large model is asked." +
			exits(exitCheckpoint),
		Example: "  slm summarise pubmed \"Visual acuity was measured with two charts in 100 patients …\"\n  slm summarise pubmed - -o jsonl < abstracts.txt",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.summarise(cmd.Context(), args[0], args[1])
		},
	}
}

func (a *app) summarise(ctx context.Context, run, text string) (err error) {
	if err := a.taskText(text); err != nil {
		return err
	}
	folder, be, err := a.open(run)
	if err != nil {
		return err
	}
	s, err := task.OpenSummariser(folder, be)
	if err != nil {
		return fmt.Errorf("summarise: %w", notMade(folder, stages.Task, err))
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return a.eachText(text, func(text string) error {
		said, err := s.Summarise(ctx, text)
		if err != nil {
			return err
		}
		return a.print(said, func(w io.Writer) { _, _ = fmt.Fprintf(w, "%s\n", sanitize.Line(said.Summary)) })
	})
}
