package report

import (
	"fmt"
	"strings"

	"slm/internal/grid"
	"slm/stages/task"
)

// TaskLine says in two sentences what a classification comes to.
func TaskLine(s *task.Summary) string {
	ours := s.Systems[0]
	line := fmt.Sprintf("The small model gives %s of %d texts the right one of %d labels", percent(ours.Accuracy.Value), s.Test, len(s.Labels))
	if s.None > 0 {
		line += " or rightly none"
	}
	line += fmt.Sprintf(" (95 %% interval %s to %s). ", percent(ours.Accuracy.Low), percent(ours.Accuracy.High))
	verdict := "No difference from the label of the nearest known text is shown"
	switch {
	case s.Over.Low > 0:
		verdict = "It is better than the label of the nearest known text"
	case s.Over.High < 0:
		verdict = "The label of the nearest known text is better, and needs no training"
	}
	return line + verdict + fmt.Sprintf(": %s points of macro-F1, 95 %% interval %s to %s.", grid.Points(s.Over.Value), grid.Points(s.Over.Low), grid.Points(s.Over.High))
}

// taskRows are the figures of each way to classify, under their names.
func taskRows(s *task.Summary) [][]string {
	rows := [][]string{{"", "macro-F1", "95 % interval", "balanced", "right", "95 % interval", "right if it must", "none told", "wrongly none", "calibration"}}
	for _, sys := range s.Systems {
		refused, sure := "–", "–"
		if sys.Refused != nil {
			refused = percent(*sys.Refused)
		}
		if sys.Sure != nil {
			sure = decimals(sys.Sure.ECE)
		}
		rows = append(rows, []string{
			sys.System, percent(sys.MacroF1.Value), between(sys.MacroF1), percent(sys.Balanced.Value), percent(sys.Accuracy.Value), between(sys.Accuracy),
			percent(sys.Forced), refused, percent(sys.Wrongly), sure,
		})
	}
	return rows
}

// taskLegend explains the columns.
const taskLegend = "right: share of all rows, where none of the labels is one; right if it must: of the rows with a label, if none were not to be said; none told, wrongly none: share of the rows " +
	"without and with a label that are told none; calibration: expected calibration error of the probabilities."

// TaskTable prints a classification for a terminal.
func TaskTable(s *task.Summary) string {
	var b strings.Builder
	b.WriteString(plain(wrap(TaskLine(s), 80)) + "\n")
	none := ""
	if s.None > 0 {
		none = fmt.Sprintf(", %d of them of none of the labels", s.None)
	}
	b.WriteString(plain(wrap(fmt.Sprintf("%d rows for test%s; %d for dev", s.Test, none, s.Dev), 80)) + "\n")
	rows := taskRows(s)
	for _, row := range rows {
		for i := range row {
			row[i] = plain(row[i])
		}
	}
	b.WriteString(grid.Align(rows, 1) + "\n" + wrap(taskLegend, 80))
	return b.String()
}

// taskView is what the page shows of a classification.
type taskView struct {
	Line, Legend string
	Head         []string
	Rows         [][]string
}

func viewTask(s *task.Summary) *taskView {
	rows := taskRows(s)
	return &taskView{Line: TaskLine(s), Legend: taskLegend, Head: rows[0], Rows: rows[1:]}
}
