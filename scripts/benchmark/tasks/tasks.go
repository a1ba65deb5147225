// Package tasks makes the table of a task (docs/tasks.md) from runs that differ in the seed alone.
package tasks

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"slm/internal/grid"
	"slm/stages"
	"slm/stat"
)

// Command is the subcommand.
func Command() *cobra.Command {
	var form string
	cmd := &cobra.Command{
		Use:   "tasks RUN…",
		Short: "What runs of one task in several seeds come to",
		Long: "The figures of a task by system: their mean over the runs, and the difference from the control that needs no training, which is paired by run and, where a figure is a mean over texts\n" +
			"or functions, of the same ones. Each run has its own seed, which draws the weights, the order of training and, where no file says them, the rows for the test. Intervals are at 95 %:\n" +
			"Student's over the runs; where all runs have the same items (the functions of a task of kind code), seeds and items are both drawn, those of a package together. p is Holm's over a\n" +
			"measure. \"A − B\" is the difference of two systems.",
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

var errOther = errors.New("the runs are not of one task in several seeds")

// pColumn is where p stands in a row.
const pColumn = 7

// tableOf has a row for each measure and system that all runs have, and one for each pair of systems.
func tableOf(runs []run) (grid.Table, error) {
	table := grid.Table{
		Title: "Figures of the task over seeds", Left: 2,
		Head: []string{"measure", "system", "seeds", "mean, points", "95 % interval", "less the control, points", "95 % interval of that", "p, Holm"},
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
	for _, measure := range runs[0].measures {
		var at []int
		var p []float64
		row := func(name string, of, less []sample) error {
			cells := []string{measure, name, strconv.Itoa(len(runs)), "", "", "", "", ""}
			for column, samples := range map[int][]sample{3: of, 5: less} {
				if len(samples) < len(runs) {
					continue
				}
				c, err := interval(samples, runs[0].cluster)
				if err != nil {
					return fmt.Errorf("%s of %s: %w", measure, name, err)
				}
				cells[column], cells[column+1] = figure(measure, c.Value), figure(measure, c.Low)+" to "+figure(measure, c.High)
				if column == 5 {
					at, p = append(at, len(table.Rows)), append(p, c.P)
				}
			}
			table.Rows = append(table.Rows, cells)
			return nil
		}
		for _, system := range runs[0].systems {
			of := gather(runs, measure, system)
			if len(of) < len(runs) {
				continue
			}
			var less []sample
			if system != runs[0].control {
				less = differences(runs, measure, system, runs[0].control)
			}
			if err := row(system, of, less); err != nil {
				return table, err
			}
		}
		for _, pair := range runs[0].pairs {
			if d := differences(runs, measure, pair[0], pair[1]); len(d) == len(runs) {
				if err := row(pair[0]+" − "+pair[1], nil, d); err != nil {
					return table, err
				}
			}
		}
		for i, corrected := range stat.Holm(p) {
			table.Rows[at[i]][pColumn] = grid.PValue(corrected)
		}
	}
	return table, nil
}

// figure is a value of a measure: points, but a number of tokens.
func figure(measure string, x float64) string {
	if measure == length {
		return grid.Minus(fmt.Sprintf("%.1f", x))
	}
	return grid.Points(x)
}

// gather is what a system has of a measure in each run that has it.
func gather(runs []run, measure, system string) (of []sample) {
	for _, r := range runs {
		if s, ok := r.figures[system][measure]; ok {
			of = append(of, s)
		}
	}
	return of
}

// differences are a system less another in each run: on the items that both have, where there are any.
func differences(runs []run, measure, system, from string) (out []sample) {
	for _, r := range runs {
		a, ok := r.figures[system][measure]
		b, other := r.figures[from][measure]
		if !ok || !other {
			continue
		}
		d := sample{value: a.value - b.value}
		if a.items != nil && b.items != nil {
			d = sample{items: map[string]float64{}}
			for _, id := range slices.Sorted(maps.Keys(a.items)) {
				if y, ok := b.items[id]; ok {
					d.items[id] = a.items[id] - y
					d.value += a.items[id] - y
				}
			}
			d.value /= float64(len(d.items))
		}
		out = append(out, d)
	}
	return out
}

// interval is the mean of what each run has. Where all have the same items, seeds and clusters of items are drawn; else runs alone are, which bring items of
// their own with them.
func interval(of []sample, cluster map[string]string) (stat.Crossed, error) {
	ids := slices.Sorted(maps.Keys(of[0].items))
	number := map[string]int{}
	var clusters []int
	for _, id := range ids {
		c := cluster[id]
		if _, ok := number[c]; !ok {
			number[c] = len(number)
		}
		clusters = append(clusters, number[c])
	}
	crossed := len(number) > 1
	for _, s := range of {
		crossed = crossed && slices.Equal(slices.Sorted(maps.Keys(s.items)), ids)
	}
	if !crossed {
		values := make([]float64, len(of))
		for i, s := range of {
			values[i] = s.value
		}
		return stat.Student(values, .95)
	}
	seeds := make([][]float64, len(of))
	for i, s := range of {
		for _, id := range ids {
			seeds[i] = append(seeds[i], s.items[id])
		}
	}
	return stat.Cross(clusters, .95, seeds)
}
