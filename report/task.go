package report

import (
	"strings"

	"slm/internal/grid"
	"slm/stages/task"
)

// TaskTable prints what a task comes to for a terminal.
func TaskTable(f task.Figures) string {
	t := f.Table()
	var b strings.Builder
	b.WriteString(plain(wrap(t.Line, 80)) + "\n")
	b.WriteString(plain(wrap(t.About, 80)) + "\n")
	rows := make([][]string, len(t.Rows))
	for i, row := range t.Rows {
		for _, cell := range row {
			rows[i] = append(rows[i], plain(cell))
		}
	}
	b.WriteString(grid.Align(rows, 1) + "\n" + wrap(t.Legend, 80))
	return b.String()
}

// taskView is what the page shows of a task.
type taskView struct {
	Line, Legend string
	Head         []string
	Rows         [][]string
}

func viewTask(t task.Table) *taskView {
	return &taskView{Line: t.Line, Legend: t.Legend, Head: t.Rows[0], Rows: t.Rows[1:]}
}
