// Package tasks makes the table of a task (docs/tasks.md) from runs that differ in the seed alone.
package tasks

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"slm/checkpoint"
	"slm/internal/grid"
	"slm/stages"
	"slm/stages/task"
	"slm/stat"
)

// Command is the subcommand.
func Command() *cobra.Command {
	var form string
	cmd := &cobra.Command{
		Use:   "tasks RUN…",
		Short: "What runs of one task in several seeds come to",
		Long: "The figures of a task by system: their mean over the runs, and the difference from the control that needs no training, which is paired by run. Each run has its own seed, which\n" +
			"draws the weights, the order of training and, where no file says them, the rows for the test. Intervals are Student's over the runs, at 95 %, and p is Holm's over a measure.",
		Example: `  for s in 7 8 9 10 11; do ./slm train recipes/tasks/licenses.yaml -s seed=$s; done
  scripts/bench tasks runs/licenses-*`,
		Args: cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error { return write(cmd.OutOrStdout(), form, args) },
	}
	cmd.Flags().StringVarP(&form, "output", "o", "text", "one of "+strings.Join(grid.Forms, ", "))
	return cmd
}

func write(out io.Writer, form string, folders []string) error {
	if !slices.Contains(grid.Forms, form) {
		return fmt.Errorf("-o %s: want one of %s", form, strings.Join(grid.Forms, ", "))
	}
	var runs []run
	for _, f := range folders {
		r, err := read(filepath.Join(f, stages.Task))
		if err != nil {
			return fmt.Errorf("%s: %w", f, err)
		}
		runs = append(runs, r)
	}
	table, err := tableOf(runs)
	if err != nil {
		return err
	}
	_, err = io.WriteString(out, grid.Render(form, []grid.Table{table}, nil))
	return err
}

// run is the figures of a run: of each system, in their order, what it has of each measure.
type run struct {
	seed     uint64
	control  string
	measures []string
	systems  []string
	figures  map[string][]float64 // system → by measure
}

func (r *run) add(system string, figures ...float64) {
	r.systems = append(r.systems, system)
	r.figures[system] = figures
}

// read reads the figures of a checkpoint of stage task, of whichever kind.
func read(dir string) (run, error) {
	m, err := checkpoint.Load(dir)
	if err != nil {
		return run{}, err
	}
	figures, err := task.Read(dir)
	if err != nil {
		return run{}, err
	}
	r := run{seed: m.Seed, figures: map[string][]float64{}}
	switch f := figures.(type) {
	case *task.Labels:
		r.control, r.measures = task.Nearest, []string{"macro-F1", "right, none included", "right if it must say a label"}
		for _, x := range f.Systems {
			r.add(x.System, x.MacroF1.Value, x.Accuracy.Value, x.Forced)
		}
	case *task.Summaries:
		r.control, r.measures = task.First, []string{"ROUGE-L", "faithful"}
		for _, x := range f.Systems {
			r.add(x.System, x.RougeL.Value, x.Faithful.Value)
		}
	case *task.Bodies:
		r.control, r.measures = task.Like, []string{"pass", "compile", "F1 of tokens"}
		for _, x := range f.Systems {
			r.add(x.System, x.Passes.Value, x.Compiles.Value, x.F1)
		}
	default:
		return r, fmt.Errorf("figures of a kind that has no table: %T", f)
	}
	return r, nil
}

var errOther = errors.New("the runs are not of one task in several seeds")

// pColumn is where p stands in a row.
const pColumn = 7

// tableOf has a row for each measure and system that all runs have.
func tableOf(runs []run) (grid.Table, error) {
	table := grid.Table{
		Title: "Figures of the task over seeds", Left: 2,
		Head: []string{"measure", "system", "seeds", "mean, points", "95 % interval", "less the control, points", "95 % interval", "p, Holm"},
	}
	seeds := map[uint64]bool{}
	for _, r := range runs {
		if seeds[r.seed] = true; r.control != runs[0].control {
			return table, errOther
		}
	}
	if len(seeds) < len(runs) {
		return table, errOther
	}
	for m, measure := range runs[0].measures {
		var at []int
		var p []float64
		for _, system := range runs[0].systems {
			own, less := gather(runs, system, m)
			if len(own) < len(runs) {
				continue
			}
			mean, err := student(own)
			if err != nil {
				return table, err
			}
			row := []string{measure, system, strconv.Itoa(len(own)), grid.Points(mean.Value), grid.Points(mean.Low) + " to " + grid.Points(mean.High), "", "", ""}
			if system != runs[0].control {
				d, err := student(less)
				if err != nil {
					return table, err
				}
				row[5], row[6] = grid.Points(d.Value), grid.Points(d.Low)+" to "+grid.Points(d.High)
				at, p = append(at, len(table.Rows)), append(p, d.P)
			}
			table.Rows = append(table.Rows, row)
		}
		for i, corrected := range stat.Holm(p) {
			table.Rows[at[i]][pColumn] = grid.PValue(corrected)
		}
	}
	return table, nil
}

// gather is what a system has of a measure in each run, and that less the control's.
func gather(runs []run, system string, measure int) (own, less []float64) {
	for _, r := range runs {
		if f, ok := r.figures[system]; ok {
			own, less = append(own, f[measure]), append(less, f[measure]-r.figures[r.control][measure])
		}
	}
	return own, less
}

// student is Student's interval of a mean over runs.
func student(x []float64) (stat.Crossed, error) {
	each := make([]int, len(x))
	for i := range each {
		each[i] = i
	}
	return stat.Cross(each, .95, [][]float64{x})
}
