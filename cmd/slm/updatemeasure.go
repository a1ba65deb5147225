package main

import (
	"context"
	"fmt"
	"io"

	"slm/internal/sanitize"
	"slm/pipeline/refresh"
)

// measure prints what an updated run knows.
func (a *app) measure(ctx context.Context, folder, weights string) error {
	be, err := a.kernelOf(folder)
	if err != nil {
		return err
	}
	m, err := refresh.Measure(ctx, folder, weights, be)
	if err != nil {
		return err
	}
	return a.print(m, func(w io.Writer) { showMeasured(w, m) })
}

func showMeasured(w io.Writer, m *refresh.Measured) {
	_, _ = fmt.Fprintf(w, "%s, after %s\n\n%-10s %8s %6s %7s %8s %6s %9s\n", sanitize.Line(m.Run), sanitize.Line(m.Before), "sections", "there", "asked", "named", "recited", "stale", "goes on")
	for _, g := range m.Groups {
		if g.Asked == 0 {
			continue
		}
		_, _ = fmt.Fprintf(w, "%-10s %8d %6d %6.1f%% %7.1f%% %5.1f%% %8.1f%%\n", g.What, g.Sections, g.Asked, 100*g.Named, 100*g.Recited, 100*g.Stale, 100*g.Begun)
	}
	_, _ = fmt.Fprint(w, "\nnamed: the right place is named. recited: the text there begins as the section's; of withdrawn sections, as it did. stale: it begins as before the change.\ngoes on: behind its first words, as it was before\n")
}
