package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"slm/internal/sanitize"
	"slm/pipeline/audit"
	"slm/pipeline/rundir"
	"slm/stages/all"
)

func newVerify(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "verify RUN", GroupID: "trust", Args: exact(1, "a run"),
		Short: "Hash a run again and say what differs",
		Long: "Hashes every file of a run again and checks the chain from the recipe and the texts through all stages, each of which keeps the digests of what\n" +
			"it was made from. For each difference it names the tensor and first index, the column and row, or the line, and the original value if it can be known.\n" +
			"Of an update it follows the chain to the run that was brought up to date, and so on. " +
			"It also checks files that no manifest lists, the recipe's fingerprints, the recipe's input files, events, stored replies and interrupted work.\n" +
			"Nothing is written." + exits(exitDiffers, exitCheckpoint),
		Example: "  slm verify legal\n  slm verify runs/legal-1f0c9a2b -o json",
		RunE:    func(_ *cobra.Command, args []string) error { return a.verify(args[0]) },
	}
}

func (a *app) verify(run string) error {
	folder, err := rundir.Find(a.dir, run)
	if err != nil {
		return err
	}
	v, err := audit.Verify(folder)
	if err != nil {
		return err
	}
	if !a.quiet {
		for _, n := range v.Notes {
			_, _ = fmt.Fprintln(a.err, "note:", sanitize.Line(n)) // a closed stderr must not stop the check
		}
	}
	if err := a.print(v, func(w io.Writer) { showVerified(w, v) }); err != nil {
		return err
	}
	if !v.OK {
		return fmt.Errorf("%s: %w: %d in all; the first: %s", folder, audit.ErrDiffers, len(v.Differences), v.Differences[0])
	}
	return nil
}

func showVerified(w io.Writer, v *audit.Verified) {
	for _, stage := range all.Names() {
		state := "sound"
		switch {
		case slices.Contains(v.Missing, stage):
			state = "not there"
		case v.Digests[stage] == "" && !slices.ContainsFunc(v.Differences, func(d audit.Difference) bool { return d.Stage == stage }):
			continue // the run has no such stage
		case slices.ContainsFunc(v.Differences, func(d audit.Difference) bool { return d.Stage == stage }):
			state = "DIFFERS"
		}
		_, _ = fmt.Fprintf(w, "%-5s %-9s %s\n", stage, state, v.Digests[stage])
	}
	if v.Numerics != "" {
		_, _ = fmt.Fprintf(w, "numerics: %s\n", sanitize.Line(v.Numerics))
	}
	if len(v.Before) > 0 {
		_, _ = fmt.Fprintf(w, "goes back to: %s\n", sanitize.Line(strings.Join(v.Before, ", ")))
	}
	for _, d := range v.Differences {
		_, _ = fmt.Fprintf(w, "%s\n", sanitize.Line(d.String()))
	}
	if v.OK {
		_, _ = fmt.Fprintln(w, "every byte is what was written")
	}
}
