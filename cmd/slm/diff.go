package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"slm/internal/sanitize"
	"slm/pipeline/audit"
	"slm/pipeline/rundir"
)

func newDiff(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "diff A B", GroupID: "look", Args: exact(2, "two runs, or two checkpoints"),
		Short: "Show how two runs or checkpoints differ: recipe, tensors, metrics",
		Long: "Compares two runs: the keys of their recipes and, stage by stage, the norms of the differences of tensors, the first step whose metrics\n" +
			"differ, and the first value that differs in each table. A and B may also be checkpoints: folders, or RUN/STAGE." + exits(exitDiffers, exitCheckpoint),
		Example: "  slm diff legal-1f0c9a2b legal-77aa01cd\n  slm diff runs/legal-1f0c9a2b/dp runs/legal-1f0c9a2b/kit",
		RunE:    func(_ *cobra.Command, args []string) error { return a.diff(args[0], args[1]) },
	}
}

func (a *app) diff(first, second string) error {
	fa, err := rundir.Resolve(a.dir, first)
	if err != nil {
		return err
	}
	fb, err := rundir.Resolve(a.dir, second)
	if err != nil {
		return err
	}
	d, err := audit.Compare(fa, fb)
	if err != nil {
		return err
	}
	if err := a.print(d, func(w io.Writer) { showDiff(w, d) }); err != nil {
		return err
	}
	if !d.Same {
		return fmt.Errorf("%s and %s: %w", fa, fb, audit.ErrDiffers)
	}
	return nil
}

// shownTensors is how many tensors a stage shows; -o json has all.
const shownTensors = 10

func showDiff(w io.Writer, d *audit.Diff) {
	line := func(format string, args ...any) {
		_, _ = fmt.Fprintln(w, sanitize.Line(fmt.Sprintf(format, args...)))
	}
	for _, k := range d.Recipe {
		line("recipe  %s: %s → %s", k.Key, orUnset(k.A), orUnset(k.B))
	}
	for _, s := range d.Stages {
		state := "differs"
		if s.Same {
			state = "same"
		}
		line("%-7s %s  %.12s %.12s", s.Stage, state, s.A, s.B)
		for _, k := range s.Facts {
			line("        %s: %s → %s", k.Key, orUnset(k.A), orUnset(k.B))
		}
		if s.Metric != nil {
			line("        metrics differ from step %d: %s %s → %s", s.Step, s.Metric.Column, s.Metric.A, s.Metric.B)
		}
		for i, t := range s.Tensors {
			if i == shownTensors {
				line("        … and %d tensors more (-o json)", len(s.Tensors)-i)
				break
			}
			if t.First < 0 {
				line("        %s: shape %v → %v", t.Name, t.Shape, t.Other)
				continue
			}
			line("        %-40s differs by %.3e of its norm, at most %.3e, in %d values, first %s: %v → %v", t.Name, t.Relative, t.Max, t.Count, t.At, t.A, t.B)
		}
		for _, r := range s.Rows {
			line("        %s row %d %s: %s → %s", r.File, r.Row, r.Column, r.A, r.B)
		}
	}
	for _, stage := range d.Missing {
		line("%-7s not in both", stage)
	}
	for _, m := range d.Metrics {
		if m.A != m.B {
			line("%-7s %s: %.6g → %.6g", m.Stage, m.Name, m.A, m.B)
		}
	}
	if d.Same && len(d.Recipe) == 0 {
		line("no difference")
	}
}

func orUnset(v string) string {
	if v == "" {
		return "(not set)"
	}
	return v
}
