// Package reason makes the table of cautious reasoning (docs/reason.md) from runs that differ in stages.reason.teach, and in the seed.
package reason

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
	stage "slm/stages/reason"
	"slm/stat"
)

// Command is the subcommand.
func Command() *cobra.Command {
	var form string
	cmd := &cobra.Command{
		Use:   "reason RUN…",
		Short: "What runs with stage reason answer, by what they were taught and by class",
		Long: "Accuracy, tokens an answer and the share of answers under the strategy of their class, by what runs were taught (stages.reason.teach) and by class of tasks,\n" +
			"with the differences from erased on the same tasks and seeds. Intervals draw seeds and the sections of the tasks, and p is Holm's: over the kinds of all classes\n" +
			"together, and over those of single classes. Several seeds of one kind need the same data: train them with data.seed.",
		Example: `  for t in erased hinted direct steps shuffled; do ./slm train reason -s stages.reason.teach=$t -s name=reason-$t; done
  scripts/bench reason runs/reason-*`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return write(cmd.OutOrStdout(), form, args) },
	}
	cmd.Flags().StringVarP(&form, "output", "o", "text", "one of "+strings.Join(grid.Forms, ", "))
	return cmd
}

// run is the answers of a run.
type run struct {
	teach string
	seed  uint64
	rows  []stage.AnswerRow
}

// first is what others are compared with.
const first = "erased"

// order is that of the table.
var order = []string{first, "hinted", "direct", "steps", "shuffled"}

func read(folder string) (run, error) {
	dir := filepath.Join(folder, stages.Reason)
	m, err := checkpoint.Load(dir)
	if err != nil {
		return run{}, fmt.Errorf("%s: %w", folder, err)
	}
	rows, _, err := checkpoint.ReadTable[stage.AnswerRow](filepath.Join(dir, stage.AnswersFile))
	return run{m.Facts["teach"], m.Seed, rows}, err
}

func write(out io.Writer, form string, folders []string) error {
	if !slices.Contains(grid.Forms, form) {
		return fmt.Errorf("-o %s: want one of %s", form, strings.Join(grid.Forms, ", "))
	}
	var runs []run
	for _, f := range folders {
		r, err := read(f)
		if err != nil {
			return err
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

var errOther = errors.New("the runs have other tasks: train them with the same data.seed")

// tableOf has a row for each kind of runs and each class, and one for all classes.
func tableOf(runs []run) (grid.Table, error) {
	table := grid.Table{
		Title: "Held-out tasks in unseen words", Left: 2,
		Head: []string{"taught", "class", "tasks", "seeds", "right", "strategy of the class", "tokens", "less erased, points", "95 % interval", "p, Holm", "tokens less erased", "95 % interval of that"},
	}
	classes := []string{""}
	for _, r := range runs {
		for _, a := range r.rows {
			if !slices.Contains(classes, a.Class) {
				classes = append(classes, a.Class)
			}
		}
	}
	families := map[bool]*family{true: {}, false: {}} // all classes together, and single ones
	for _, teach := range order {
		for _, class := range classes {
			own, seeds := scores(runs, teach, class)
			if len(seeds) == 0 {
				continue
			}
			row, p, err := line(runs, teach, class, own, seeds)
			if err != nil {
				return table, err
			}
			if p >= 0 {
				families[class == ""].add(len(table.Rows), p)
			}
			table.Rows = append(table.Rows, row)
		}
	}
	for _, f := range families {
		for i, p := range stat.Holm(f.p) {
			table.Rows[f.row[i]][pColumn] = grid.PValue(p)
		}
	}
	return table, nil
}

const pColumn = 9

// family is the tests that Holm's correction takes together, and their rows.
type family struct {
	row []int
	p   []float64
}

func (f *family) add(row int, p float64) { f.row, f.p = append(f.row, row), append(f.p, p) }

// side is the answers of one kind of runs to the tasks of a class: seeds × tasks.
type side struct {
	ids           []string
	cluster       []int
	right, tokens [][]float64
	total         stage.Total
}

// scores gathers a side; class "" = all.
func scores(runs []run, teach, class string) (s side, seeds []uint64) {
	sections := map[string]int{}
	for _, r := range runs {
		if r.teach != teach {
			continue
		}
		var right, tokens []float64
		for _, a := range r.rows {
			if class != "" && a.Class != class {
				continue
			}
			if len(seeds) == 0 {
				if _, ok := sections[a.Section]; !ok {
					sections[a.Section] = len(sections)
				}
				s.ids, s.cluster = append(s.ids, a.ID), append(s.cluster, sections[a.Section])
			}
			right, tokens = append(right, stat.Floats([]bool{a.Right})[0]), append(tokens, float64(a.Tokens))
			s.total.Add(a)
		}
		seeds, s.right, s.tokens = append(seeds, r.seed), append(s.right, right), append(s.tokens, tokens)
	}
	return s, seeds
}

// line is a row, and its p before the correction; −1 = it has none.
func line(runs []run, teach, class string, own side, seeds []uint64) ([]string, float64, error) {
	share := func(n int) string { return fmt.Sprintf("%.1f %%", 100*float64(n)/float64(max(1, own.total.Of))) }
	name := class
	if class == "" {
		name = "all"
	}
	row := []string{
		teach, name, strconv.Itoa(len(own.ids)), strconv.Itoa(len(seeds)), share(own.total.Right), share(own.total.Chosen),
		fmt.Sprintf("%.1f", float64(own.total.Tokens)/float64(max(1, own.total.Of))), "", "", "", "", "",
	}
	base, others := scores(runs, first, class)
	if teach == first || len(others) == 0 {
		return row, -1, nil
	}
	if !slices.Equal(base.ids, own.ids) {
		return nil, -1, errOther
	}
	var right, tokens [][]float64
	for s, seed := range seeds {
		at := slices.Index(others, seed)
		if at < 0 {
			continue
		}
		right, tokens = append(right, less(own.right[s], base.right[at])), append(tokens, less(own.tokens[s], base.tokens[at]))
	}
	if len(right) == 0 {
		return row, -1, nil
	}
	c, err := stat.Cross(own.cluster, .95, right)
	if errors.Is(err, stat.ErrItems) { // all tasks of the class are of one section
		return row, -1, nil
	}
	if err != nil {
		return nil, -1, err
	}
	row[7], row[8] = grid.Points(c.Value), grid.Points(c.Low)+" to "+grid.Points(c.High)
	t, err := stat.Cross(own.cluster, .95, tokens)
	if err != nil {
		return nil, -1, err
	}
	figure := func(x float64) string { return grid.Minus(fmt.Sprintf("%.1f", x)) }
	row[10], row[11] = figure(t.Value), figure(t.Low)+" to "+figure(t.High)
	return row, c.P, nil
}

// less is the difference of each item.
func less(a, b []float64) []float64 {
	d := make([]float64, len(a))
	for i := range d {
		d[i] = a[i] - b[i]
	}
	return d
}
