package task

import (
	"fmt"

	"slm/internal/grid"
	"slm/stages"
)

// Metrics are macro-F1 of each way to classify.
func (s *Labels) Metrics() (list []stages.Metric) {
	for _, sys := range s.Systems {
		list = append(list, stages.Metric{Name: "macro-F1 of " + sys.System, Value: sys.MacroF1.Value, Near: -1})
	}
	return list
}

// Table has a line for each way to classify.
func (s *Labels) Table() Table {
	about := ""
	if s.None > 0 {
		about = fmt.Sprintf(", %d of them of none of the labels", s.None)
	}
	return Table{
		Headline: "What the small model has learned to tell.", Line: s.line(),
		About: fmt.Sprintf("%d rows for test%s; %d for dev", s.Test, about, s.Dev),
		Legend: "the surer of the two: the label of the small model or of the nearest text, whichever is surer of it; right: share of all rows, where none of the labels is one; right if it must: of the rows with a label, if none were not to be said; none told, wrongly none: share of the rows " +
			"without and with a label that are told none; calibration: expected calibration error of the probabilities.",
		Rows: s.cells(),
	}
}

// line says in three sentences what a classification comes to.
func (s *Labels) line() string {
	if len(s.Systems) == 0 { // a file that this program has not written
		return ""
	}
	ours := s.Systems[0]
	line := fmt.Sprintf("The small model gives %s of %d texts the right one of %d labels", grid.Percent(ours.Accuracy.Value), s.Test, len(s.Labels))
	if s.None > 0 {
		line += " or rightly none"
	}
	line += fmt.Sprintf(" (95 %% interval %s to %s). ", grid.Percent(ours.Accuracy.Low), grid.Percent(ours.Accuracy.High))
	line += verdict(s.Over, "It is better than the label of the nearest known text", "The label of the nearest known text is better, and needs no training",
		"No difference from the label of the nearest known text is shown")
	line += fmt.Sprintf(": %s points of macro-F1, 95 %% interval %s to %s. ", grid.Points(s.Over.Value), grid.Points(s.Over.Low), grid.Points(s.Over.High))
	line += verdict(s.Together.Over, "The surer of the two is better than the nearest text alone", "The surer of the two is worse than the nearest text alone",
		"No difference of the surer of the two from the nearest text alone is shown")
	return line + fmt.Sprintf(": %s points.", points(s.Together.Over))
}

// cells are the figures of each way to classify, under their names.
func (s *Labels) cells() [][]string {
	rows := [][]string{{"", "macro-F1", "95 % interval", "balanced", "right", "95 % interval", "right if it must", "none told", "wrongly none", "calibration"}}
	for _, sys := range s.Systems {
		refused, sure := "–", "–"
		if sys.Refused != nil {
			refused = grid.Percent(*sys.Refused)
		}
		if sys.Sure != nil {
			sure = grid.Decimals(sys.Sure.ECE)
		}
		rows = append(rows, []string{
			sys.System, grid.Percent(sys.MacroF1.Value), grid.Between(sys.MacroF1.Low, sys.MacroF1.High), grid.Percent(sys.Balanced.Value), grid.Percent(sys.Accuracy.Value), grid.Between(sys.Accuracy.Low, sys.Accuracy.High),
			grid.Percent(sys.Forced), refused, grid.Percent(sys.Wrongly), sure,
		})
	}
	return rows
}
