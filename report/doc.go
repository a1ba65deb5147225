// Package report turns a run folder into report.html, one self-contained file, and an evaluation's summary into a table for the
// terminal. It reads files only (summary.json, items.arrow, metrics.arrow, trials.arrow, manifests, events.jsonl, recipe.yaml) and
// says in words what the figures show, also where they show nothing. It computes no statistics: those are in the summary.
//
//	run, err := report.Load("runs/legal-1f0c9a2b")
//	err = report.Render(out, run)
package report
