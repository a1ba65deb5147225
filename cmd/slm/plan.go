package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"slm/internal/sanitize"
	"slm/internal/term"
	"slm/model/kernel"
	"slm/pipeline"
	"slm/pipeline/blackbox"
	"slm/pipeline/estimate"
	"slm/pipeline/recipe"
	"slm/stages"
)

// planned is the result of plan.
type planned struct {
	Run        string             `json:"run"`
	Class      kernel.Class       `json:"numerics"`
	Search     bool               `json:"search_alone,omitempty"`       // there is no small model
	Parameters int64              `json:"parameters"`                   // of the small model; 0 = they follow from the corpus, which was not read
	Trained    int64              `json:"trained_parameters,omitempty"` // of an adapter; 0 = all are trained
	Files      *corpusFiles       `json:"files,omitempty"`
	Stages     []pipeline.Planned `json:"stages"`
	Tried      bool               `json:"llm_tried"` // the LLM is tried before the first stage, by one call
	Estimate   *estimate.Estimate `json:"estimate,omitempty"`
	Ranks      []scaledStage      `json:"ranks,omitempty"`
}

func newPlan(a *app) *cobra.Command {
	var f recipeFlags
	var quick, ablation bool
	var sc scaleFlags
	cmd := &cobra.Command{
		Use: "plan RECIPE", GroupID: "before", Args: exact(1, "a recipe"),
		Short: "Show what train would run and reuse, and what that takes",
		Long: "Shows which stages train would run, resume or reuse, why, and what they will take. The estimate comes from a calibration of a few seconds: a training " +
			"step of the recipe's shape, some generation, a few questions to local weights. If the data stage has not been run, it is run in a temporary " +
			"folder. Below runs/ only the digests of input files and the estimate are written; slm runs show compares the estimate with what happened. " +
			"No server is asked." + exits(exitData, exitLLM, exitCheckpoint),
		RunE: func(cmd *cobra.Command, args []string) error {
			if ablation {
				return a.ablate(cmd.Context(), args[0], &ablateFlags{studyFlags: studyFlags{recipe: f, quick: quick, dry: true}})
			}
			link, err := a.link(cmd.Context(), &sc)
			if err != nil {
				return err
			}
			r, p, err := a.plan(args[0], &f)
			if err != nil {
				return err
			}
			result := planned{Run: p.Folder(), Class: p.Class, Stages: p.Stages, Tried: r.LLM.Tried() && p.Tries(), Search: r.Off(stages.DP)}
			if !r.Model.Open() && !result.Search {
				shape := r.Model.Config(vocabulary(r))
				result.Parameters = shape.Count()
				if r.Adapter.LoRA != nil {
					result.Trained = r.Adapter.LoRA.Count(shape)
				}
			}
			if result.Files, err = filesOf(r.Data.Corpus); err != nil {
				return err
			}
			if !quick && !p.Done() {
				if result.Estimate, err = a.estimate(cmd.Context(), r, p); err != nil {
					return err
				}
				result.Parameters = result.Estimate.Parameters
				result.Ranks = scaled(result.Estimate.Stages, sc.ranks, link)
				if err := p.KeepEstimate(result.Estimate.Events()); err != nil {
					a.log().Warn("a later run will not show this estimate", "why", err)
				}
			}
			return a.print(result, func(w io.Writer) { showPlan(w, result, p.Done(), term.Width(a.out)) })
		},
	}
	f.add(cmd)
	f.addStages(cmd)
	sc.add(cmd)
	cmd.Flags().BoolVar(&ablation, "ablate", false, "show what slm ablate would run instead")
	cmd.Flags().BoolVar(&quick, "quick", false, "leave out the estimate and its calibration")
	return cmd
}

// vocabulary is the number of tokens of a recipe's tokenizer: that of the weights that training goes on from, where they are there.
func vocabulary(r *recipe.Loaded) int {
	ref, ok := r.From()
	if !ok {
		return r.Tokenizer.Train.Vocab
	}
	src, err := ref.Open()
	if err != nil {
		return r.Tokenizer.Train.Vocab // whoever trains is told
	}
	defer func() { _ = src.Close() }() // opened for reading
	if c, err := src.Config(); err == nil {
		return c.Vocab
	}
	return r.Tokenizer.Train.Vocab
}

// estimate calibrates with a black box of its own, which stores nothing.
func (a *app) estimate(ctx context.Context, r *recipe.Loaded, p *pipeline.Plan) (*estimate.Estimate, error) {
	be, err := a.backend(p.Class)
	if err != nil {
		return nil, err
	}
	box := &blackbox.Box{Config: r.LLM, Seed: r.Seed}
	cost, err := estimate.Of(ctx, p, r, be, box, a.now)
	return cost, errors.Join(err, box.Close())
}

func showPlan(w io.Writer, r planned, done bool, columns int) {
	size := term.Amount(float64(r.Parameters)) + " parameters"
	if r.Trained > 0 {
		size += ", of which none is trained: an adapter of " + term.Amount(float64(r.Trained)) + " is"
	}
	switch {
	case r.Search:
		size = "none: search alone (stages.dp: off)"
	case r.Parameters == 0:
		size = "auto: it follows from the corpus"
	}
	_, _ = fmt.Fprintf(w, "run      %s\nnumerics %s\nmodel    %s\n", sanitize.Line(r.Run), r.Class, size)
	r.Files.show(w, columns)
	_, _ = fmt.Fprintln(w)
	for _, s := range r.Stages {
		_, _ = fmt.Fprintf(w, "%-6s %-7s %s\n", s.Stage, s.Action, term.Wrap(sanitize.Line(s.Why), columns, len("stage  action  ")-1))
	}
	if done {
		_, _ = fmt.Fprintln(w, "\nnothing to do")
	}
	if r.Tried {
		_, _ = fmt.Fprintln(w, "\nllm      train tries it first, by one call")
	}
	if r.Estimate == nil {
		return
	}
	_, _ = fmt.Fprintf(w, "\n%-6s %8s %10s %10s %10s %10s\n", "about", "time", "trained", "FLOPs", "LLM calls", "LLM tokens")
	amount := func(x float64) string {
		if x == 0 {
			return "–"
		}
		return term.Amount(x)
	}
	for _, c := range append(r.Estimate.Stages, r.Estimate.All) {
		flops := "–"
		if c.FLOPs > 0 {
			flops = fmt.Sprintf("%.1e", c.FLOPs)
		}
		_, _ = fmt.Fprintf(w, "%-6s %8s %10s %10s %10s %10s\n", c.Stage, term.Span(c.Seconds), amount(float64(c.Tokens)), flops,
			amount(float64(c.Calls)), amount(float64(c.LLMTokens)))
	}
	cost := "unknown: the recipe has no llm.price"
	if usd := r.Estimate.USD; usd != nil {
		cost = fmt.Sprintf("$%.2f", *usd)
	}
	_, _ = fmt.Fprintf(w, "\ncost     %s\n", cost)
	if r.Estimate.All.Questions > r.Estimate.All.Calls {
		_, _ = fmt.Fprintf(w, "calls    %s\n", term.Wrap(fmt.Sprintf("at most %s, if every soft prompt made the small model say something new", term.Amount(float64(r.Estimate.All.Questions))), columns, 9))
	}
	if m := r.Estimate.Memory; m > 0 {
		_, _ = fmt.Fprintf(w, "memory   %.1f GB\n", float64(m)/1e9)
	}
	showScaled(w, r.Ranks)
	for _, n := range r.Estimate.Notes {
		_, _ = fmt.Fprintf(w, "note     %s\n", term.Wrap(sanitize.Line(n), columns, 9))
	}
}
