package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"slm/internal/sanitize"
	"slm/internal/term"
	"slm/pipeline"
	"slm/pipeline/schema"
)

// checked is the result of check.
type checked struct {
	OK       bool      `json:"ok"`
	Recipe   string    `json:"recipe"`
	Problems []problem `json:"problems"`

	Files   *corpusFiles `json:"files,omitempty"`
	Outlook string       `json:"outlook,omitempty"` // what training is expected to come to
}

type problem struct {
	File string `json:"file"`
	Line int    `json:"line"`
	Col  int    `json:"col"`
	What string `json:"what"`
	Note string `json:"note,omitempty"`
}

func newCheck(a *app) *cobra.Command {
	var f recipeFlags
	cmd := &cobra.Command{
		Use: "check RECIPE", GroupID: "before", Args: exact(1, "a recipe"),
		Short: "Show every mistake of a recipe at once, with its line",
		Long:  "Checks a recipe together with what it extends, the environment and -s; the beginning of each of its corpus files;\nand every row of its questions and pairs. Says what share of the sections the model is expected to know, where that was measured. Nothing is run or written." + exits(exitData, exitLLM),
		RunE: func(_ *cobra.Command, args []string) error {
			return a.check(args[0], &f)
		},
	}
	f.add(cmd)
	return cmd
}

func (a *app) check(name string, f *recipeFlags) error {
	r, err := a.load(name, f)
	if err == nil {
		_, err = pipeline.Inputs(&r.Recipe)
	}
	if err == nil {
		err = pipeline.CheckRecords(&r.Recipe, func(string) bool { return true })
	}
	var files *corpusFiles
	if err == nil {
		files, err = filesOf(r.Data.Corpus)
	}
	outlook := ""
	if err == nil {
		outlook, err = outlookOf(r)
	}
	var problems schema.Problems
	if err != nil && (!errors.As(err, &problems) || a.output == "text") {
		return err
	}
	result := checked{OK: err == nil, Recipe: name, Problems: []problem{}, Files: files, Outlook: outlook}
	for _, p := range problems {
		result.Problems = append(result.Problems, problem{p.File, p.Line, p.Col, p.What, p.Note})
	}
	if perr := a.print(result, func(w io.Writer) {
		_, _ = fmt.Fprintf(w, "%s: no problem\n", sanitize.Line(name))
		files.show(w, term.Width(a.out))
		if outlook != "" {
			_, _ = fmt.Fprintf(w, "outlook  %s\n", term.Wrap(outlook, term.Width(a.out), 9))
		}
	}); perr != nil {
		return perr
	}
	return err
}
