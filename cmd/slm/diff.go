package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"slm/internal/sanitize"
	"slm/pipeline/audit"
	"slm/pipeline/rundir"
)

func newDiff(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "diff A B", GroupID: "look", Args: exact(2, "two runs, or two checkpoints"),
		Short: "Show how two runs or checkpoints differ: recipe, tensors, metrics",
		Long: "Compares two runs: their scores, exam by exam, the keys of their recipes and, stage by stage, the norms of the differences of tensors, the first step\n" +
			"whose metrics differ, and the first value that differs in each table. Where both were asked the same questions, a score's difference has its 95 %\n" +
			"interval. A and B may also be checkpoints: folders, or RUN/STAGE." + exits(exitDiffers, exitCheckpoint),
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
	for _, s := range d.Scores {
		showScores(line, s)
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

// showScores prints how two runs did in an exam.
func showScores(line func(format string, args ...any), d audit.ScoreDiff) {
	if d.A == nil || d.B == nil {
		has := "first"
		if d.A == nil {
			has = "second"
		}
		line("scores  %s: only the %s run was asked", examName(d), has)
		return
	}
	line("scores  %s, by %s: %s → %s", examName(d), d.B.Measure, cmp.Or(d.A.Learned, "not known whether learned"), cmp.Or(d.B.Learned, "not known whether learned"))
	for _, row := range []struct {
		name string
		a, b *audit.Figure
		by   *audit.Paired
	}{{"method", d.A.Method, d.B.Method, d.Method}, {"best", d.A.Best, d.B.Best, d.Best}} {
		if row.a == nil && row.b == nil {
			continue
		}
		line("        %-6s  %s → %s%s", row.name, figureText(row.a), figureText(row.b), difference(d, row.by))
	}
}

// examName says how many questions an exam has, and what they are. An exam that a run was not asked is nil.
func examName(d audit.ScoreDiff) string {
	last := cmp.Or(d.B, d.A)
	text := fmt.Sprintf("%d questions %s", last.Questions, cmp.Or(last.Title, d.Exam))
	if d.A != nil && d.A.Questions != last.Questions {
		text = fmt.Sprintf("%d → %s", d.A.Questions, text)
	}
	return strings.TrimSpace(text)
}

func figureText(f *audit.Figure) string {
	if f == nil {
		return "not run"
	}
	return f.System + " " + share(f.Value)
}

// difference says by how much the second run is better, if that can be said.
func difference(d audit.ScoreDiff, by *audit.Paired) string {
	switch {
	case by != nil && by.Low == by.High && by.Value == 0:
		return " (the same questions right)"
	case by != nil:
		return fmt.Sprintf(": %+.1f points, 95 %% interval %+.1f to %+.1f", 100*by.Value, 100*by.Low, 100*by.High)
	case !d.Same:
		return " (not the same questions)"
	}
	return " (too few questions for an interval)"
}

func orUnset(v string) string {
	if v == "" {
		return "(not set)"
	}
	return v
}
