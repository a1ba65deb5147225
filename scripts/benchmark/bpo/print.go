package bpo

import (
	"fmt"
	"io"
	"math"
	"text/tabwriter"

	"slm/scripts/benchmark/duel"
)

// print writes the table for people.
func (s *setting) print(out io.Writer) error {
	if _, err := fmt.Fprintf(out, "%s: %d seeds, %d questions a prompt, %d held out; z = 0 has %.1f %% there. Target: BLADE's median less a point, %.1f %%. Gains of %d trials in accuracy correlate with those in margin by %.2f, in log share by %.2f.\n",
		s.Name, len(s.Methods[0].Runs), s.Items, s.Held, 100*s.Zero, 100*s.Target, len(s.gains), s.Correlation["margin"], s.Correlation["log share"]); err != nil {
		return err
	}
	for _, kind := range []string{"ours", "words", "published"} {
		if t := s.Turned[kind]; t != nil {
			if _, err := fmt.Fprintf(out, "A prompt (%s, mean of %d) turns %.1f %% of the wrong answers right and %.1f %% of the right ones wrong.\n", kind, t.Prompts, percent(t.Up, t.Wrong), percent(t.Down, t.Right)); err != nil {
				return err
			}
		}
	}
	w := tabwriter.NewWriter(out, 2, 4, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "method\tcalls to the target\treached\tp\tall calls\theld-out accuracy\tgain over z = 0\tp against BLADE") // Flush tells
	for _, m := range s.Methods {
		var all []float64
		for _, c := range m.Runs {
			all = append(all, float64(c.Calls))
		}
		_, _ = fmt.Fprintf(w, "%s\t%s [%s, %s]\t%d/%d\t%.3g\t%.0f\t%.1f %% [%.1f, %.1f]\t%+.1f [%+.1f, %+.1f]\t%.3g\n",
			m.Name, number(m.Calls.Value), number(m.Calls.Low), number(m.Calls.High), m.Reached, len(m.Runs), m.P, duel.Median(all),
			100*m.Final.Value, 100*m.Final.Low, 100*m.Final.High, 100*m.Gain.Value, 100*m.Gain.Low, 100*m.Gain.High, m.PAccuracy)
	}
	return w.Flush()
}

func percent(part, whole float64) float64 { return 100 * part / math.Max(1, whole) }

func number(v float64) string {
	if math.IsInf(v, 1) {
		return "never"
	}
	return fmt.Sprintf("%.0f", v)
}
