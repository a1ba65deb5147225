package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"slm/checkpoint"
	"slm/data/exam"
	"slm/pipeline/experts"
	"slm/pipeline/rundir"
	"slm/report"
	"slm/result"
	evaluation "slm/stages/eval"
)

func newEval(a *app) *cobra.Command {
	var file, answer, target string
	var fields, set []string
	var offline bool
	var ask evalAsk
	cmd := &cobra.Command{
		Use: "eval RUN", GroupID: "run", Args: exact(1, "a run"),
		Short: "Show a run's table of systems, or ask them your own questions",
		Long: "Shows the evaluation of a run. With --items the same systems answer other questions from a file of records\n" +
			"(JSONL, a JSON array, .csv or .tsv) with question, choices and answer (the index of the right choice, from 0, or its letter). Rows may name\n" +
			"the places of their answers (places, articles, or focus for the title of a document): then the table says how often these are found. A row that\n" +
			"does, or that has answers, contains or reference, needs no choices. --field maps other names. The run does not change; the LLM's replies are stored beside it.\n\n" +
			"With --ask the questions of a text, one a line, are answered as slm ask does, into a file (--to) in which each answer is marked by hand: y where its\n" +
			"place is the right one, n otherwise, with the right place behind instead:. The same command goes on where it was stopped. With --marks that file becomes\n" +
			"FILE.jsonl, questions with places for --items and data.asked.file.\n\n" +
			"For a file with experts: [RUN, RUN] in place of a run it shows how the test questions of each run are routed, and what is lost by it." +
			exits(exitStopped, exitData, exitLLM, exitCheckpoint, exitInterrupted),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case experts.Names(args[0]):
				if file != "" || ask != (evalAsk{}) {
					return usage("a file with experts has no questions of its own: its table is of the questions of its runs")
				}
				return a.evalTeam(cmd.Context(), args[0], set, offline)
			case ask.questions != "":
				return a.askAll(cmd.Context(), args[0], ask, set, offline)
			case ask.marks != "":
				return a.examOfMarks(args[0], ask.marks)
			case ask.to != "" || ask.silent:
				return usage("--to and --no-llm belong to --ask")
			}
			return a.eval(cmd.Context(), args[0], file, answer, target, fields, set, offline)
		},
	}
	addConnection(cmd, &set)
	cmd.Flags().StringVar(&file, "items", "", "`FILE` of questions")
	cmd.Flags().StringArrayVar(&fields, "field", nil, "`KEY=NAME` of a field of the file, for the keys id, question, choices, answer, knowledge, places, focus, answers, contains and reference; may be repeated")
	cmd.Flags().StringVar(&answer, "answer", "", "with --items: `choice` among the options, or free answers in words; default: as the recipe has it")
	cmd.Flags().StringVar(&target, "route", "", "with --items: what auto is to reach: `TARGET`, as ask has it")
	cmd.Flags().StringVar(&ask.questions, "ask", "", "`FILE` of questions without answers, one a line; # begins a comment")
	cmd.Flags().StringVar(&ask.to, "to", "", "with --ask: the `FILE` that answers are added to (default: questions.answers.yaml beside questions.txt)")
	cmd.Flags().BoolVar(&ask.silent, "no-llm", false, "with --ask: places and texts only")
	cmd.Flags().StringVar(&ask.marks, "marks", "", "`FILE` of answers that are marked y or n: makes FILE.jsonl of them")
	cmd.MarkFlagsMutuallyExclusive("items", "ask", "marks")
	cmd.Flags().BoolVar(&offline, "offline", false, "use stored LLM replies only")
	return cmd
}

func (a *app) eval(ctx context.Context, run, file, answer, target string, fields, set []string, offline bool) (err error) {
	var sum *result.Summary
	if file == "" && len(set) > 0 {
		return usage("-s changes how the LLM is asked, and without --items it is not asked")
	}
	if err := checkRoute(target); err != nil {
		return err
	}
	if file == "" && target != "" {
		return usage("--route belongs to --items: the run's own routing is told as its recipe has it (eval.route.target)")
	}
	if file == "" {
		folder, err := rundir.Find(a.dir, run)
		if err != nil {
			return err
		}
		if sum, err = rundir.Summary(folder); err != nil {
			return err
		}
		if sum == nil {
			return fmt.Errorf("%s has not been evaluated: %w: slm train does it", folder, checkpoint.ErrMissing)
		}
		return a.printSummary(sum)
	}
	if answer != "" && answer != evaluation.Choice && answer != evaluation.Free {
		return usage("--answer %s: want choice or free", answer)
	}
	names, err := exam.ParseFields(fields)
	if err != nil {
		return usage("--field %v", err)
	}
	items, err := exam.Read(file, exam.From{Fields: names, AnySplit: true})
	if err != nil {
		return err
	}
	view := a.viewer()
	if a.output != "text" {
		view = nil
	}
	s, err := a.session(run, set, offline, view)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	s.Route = target
	sum, err = s.Evaluate(ctx, items, answer)
	if view != nil {
		view.Close()
	}
	if err != nil {
		return err
	}
	return a.printSummary(sum)
}

func (a *app) printSummary(sum *result.Summary) error {
	report.Judge(sum)
	return a.print(sum, func(w io.Writer) { _, _ = io.WriteString(w, report.Table(sum)) })
}
