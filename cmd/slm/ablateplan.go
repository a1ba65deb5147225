package main

import (
	"fmt"
	"io"
	"unicode/utf8"

	"slm/experiment"
	"slm/internal/sanitize"
	"slm/internal/term"
	"slm/pipeline/ablate"
	"slm/pipeline/study"
)

// ablationPlan is the plan of an experiment as JSON.
type ablationPlan struct {
	Experiment string               `json:"experiment"`
	Variants   []experiment.Variant `json:"variants"`
	Seeds      []uint64             `json:"seeds"`
	Runs       int                  `json:"runs"`
	Due        int                  `json:"stages_to_run"`
	Shared     int                  `json:"stages_shared"` // that are not run because another run makes them
	Stages     []ablate.Stage       `json:"stages"`
	Estimate   *study.Estimate      `json:"estimate,omitempty"`
}

func plannedAblation(p *ablate.Plan) ablationPlan {
	due, shared := p.Due()
	return ablationPlan{Experiment: p.Path(), Variants: p.Variants, Seeds: p.Seeds, Runs: len(p.Members), Due: due, Shared: shared, Stages: p.Stages, Estimate: p.Estimate}
}

// showAblation says what an experiment will do.
func showAblation(w io.Writer, p *ablate.Plan, columns int) {
	due, shared := p.Due()
	_, _ = fmt.Fprintf(w, "experiment  %s\n\n", sanitize.Line(p.Path()))
	const least, most = 20, 40 // columns for names
	wide := least
	for _, v := range p.Variants {
		wide = max(wide, min(utf8.RuneCountInString(v.Name), most))
	}
	for _, v := range p.Variants {
		_, _ = fmt.Fprintf(w, "%-*s %s\n", wide, sanitize.Line(v.Name), term.Wrap(sanitize.Line(v.Means), columns, wide+1))
	}
	_, _ = fmt.Fprintf(w, "\nseeds       %v; the data and the exam are those of the recipe's own seed\nruns        %d\nstages      %d to run, %d shared by several runs\n", p.Seeds, len(p.Members), due, shared)
	showEstimate(w, p.Estimate, columns, "stage")
	_, _ = fmt.Fprintln(w)
}

// showEstimate says what the work of an experiment will take, of which so many pieces are done side by side.
func showEstimate(w io.Writer, e *study.Estimate, columns int, piece string) {
	if e == nil {
		return
	}
	cost := "unknown: the recipe has no llm.price"
	if e.USD != nil {
		cost = fmt.Sprintf("$%.2f", *e.USD)
	}
	_, _ = fmt.Fprintf(w, "time        about %s, one %s at a time\nLLM calls   about %s\ncost        %s\n", term.Span(e.Seconds), piece, term.Amount(float64(e.Calls)), cost)
	if e.Memory > 0 {
		_, _ = fmt.Fprintf(w, "memory      %.1f GB a %s\n", float64(e.Memory)/1e9, piece)
	}
	for _, n := range e.Notes {
		_, _ = fmt.Fprintf(w, "note        %s\n", term.Wrap(sanitize.Line(n), columns, 12))
	}
}
