package main

import (
	"cmp"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"slm/checkpoint"
	"slm/internal/sanitize"
	"slm/internal/term"
	"slm/pipeline/rundir"
)

// shownKind is one kind of rows that a run holds. A kind is a file, and a line in shownKinds.
type shownKind struct {
	name  string
	stage string // whose checkpoint holds them
	what  string // for the help
	rows  func(dir string) iter.Seq2[shownRow, error]
}

// shownRow is one of them.
type shownRow struct {
	value any    // as JSON
	head  string // what it is, in one line
	body  string // its text, in lines
}

var shownKinds = []shownKind{shownSections, shownExam, shownPairs, shownTasks, shownDropped}

// terminalRows is how many rows a page has on a terminal.
const terminalRows = 20

// shown is the result of show.
type shown struct {
	Run     string `json:"run"`
	Kind    string `json:"kind"`
	Matched int    `json:"matched"` // rows, on all pages
	Page    int    `json:"page"`
	Pages   int    `json:"pages"`
	Rows    []any  `json:"rows"`

	texts []shownRow
	first int // number of the first row of the page, from 1
}

// showFlags say what is shown of the rows.
type showFlags struct {
	grep        string
	limit, page int
}

func newShow(a *app) *cobra.Command {
	var f showFlags
	var kinds []string
	help := "Shows what a run has made of its texts, page by page. Stage data makes all but the pairs, which are made by stage kit.\n"
	for _, k := range shownKinds {
		kinds = append(kinds, k.name)
		help += fmt.Sprintf("\n  %-9s %s", k.name, k.what)
	}
	cmd := &cobra.Command{
		Use: "show RUN " + strings.Join(kinds, "|"), GroupID: "look", Args: cobra.ExactArgs(2), ValidArgs: kinds,
		Short: "Show the sections, the exam and the pairs of a run, and what was left out",
		Long:  help + exits(exitCheckpoint),
		RunE: func(_ *cobra.Command, args []string) error {
			return a.show(args[0], args[1], f)
		},
	}
	cmd.Flags().StringVar(&f.grep, "grep", "", "only rows that match this `PATTERN`, a regular expression that ignores case")
	cmd.Flags().IntVar(&f.limit, "limit", 0, "`ROWS` of a page (0 = all, on a terminal 20)")
	cmd.Flags().IntVar(&f.page, "page", 1, "`NUMBER` of the page, from 1")
	return cmd
}

func (a *app) show(run, name string, f showFlags) error {
	i := slices.IndexFunc(shownKinds, func(k shownKind) bool { return k.name == name })
	if i < 0 {
		return usage("%q: want one of %s", name, namesOf(shownKinds))
	}
	if f.page < 1 || f.limit < 0 {
		return usage("--page begins at 1, --limit at 0")
	}
	match, err := regexp.Compile("(?i)" + f.grep)
	if err != nil {
		return usage("--grep: %v", err)
	}
	folder, err := rundir.Find(a.dir, run)
	if err != nil {
		return err
	}
	kind := shownKinds[i]
	dir := filepath.Join(folder, kind.stage)
	if _, err := checkpoint.Load(dir); err != nil {
		return fmt.Errorf("show: %s of this run are made by stage %s: %w", name, kind.stage, notMade(folder, kind.stage, err))
	}
	columns := term.Width(a.out)
	if f.limit == 0 && columns > 0 && a.output == "text" {
		f.limit = terminalRows
	}
	result := shown{Run: folder, Kind: name, Page: f.page, Pages: 1, Rows: []any{}}
	for row, err := range kind.rows(dir) {
		if err != nil {
			return err
		}
		if !match.MatchString(row.head + "\n" + row.body) {
			continue
		}
		result.Matched++
		if n := result.Matched; f.limit == 0 || n > (f.page-1)*f.limit && n <= f.page*f.limit {
			result.Rows, result.texts = append(result.Rows, row.value), append(result.texts, row)
			result.first = cmp.Or(result.first, n)
		}
	}
	if f.limit > 0 {
		result.Pages = max(1, (result.Matched+f.limit-1)/f.limit)
	}
	return a.print(result, func(w io.Writer) { showRows(w, result) })
}

func namesOf(kinds []shownKind) string {
	var names []string
	for _, k := range kinds {
		names = append(names, k.name)
	}
	return strings.Join(names, ", ")
}

func showRows(w io.Writer, r shown) {
	for _, row := range r.texts {
		_, _ = fmt.Fprintf(w, "%s\n", sanitize.Line(row.head))
		for line := range strings.Lines(row.body) {
			_, _ = fmt.Fprintf(w, "    %s\n", sanitize.Line(strings.TrimRight(line, "\n")))
		}
		_, _ = fmt.Fprintln(w)
	}
	last := r.first + len(r.texts) - 1
	switch {
	case r.Matched == 0:
		_, _ = fmt.Fprintln(w, "nothing matches")
	case len(r.texts) == 0:
		_, _ = fmt.Fprintf(w, "there are %d pages\n", r.Pages)
	case r.Page < r.Pages:
		_, _ = fmt.Fprintf(w, "%d–%d of %d; --page %d shows more\n", r.first, last, r.Matched, r.Page+1)
	default:
		_, _ = fmt.Fprintf(w, "%d–%d of %d\n", r.first, last, r.Matched)
	}
}

// shownTable are the rows of a table of a checkpoint.
func shownTable[T any](path string, show func(T) shownRow) iter.Seq2[shownRow, error] {
	return func(yield func(shownRow, error) bool) {
		t, err := checkpoint.OpenTable[T](path)
		if err != nil {
			yield(shownRow{}, fmt.Errorf("show: %w", err))
			return
		}
		defer func() { _ = t.Close() }() // mapped for reading
		for row := range t.All() {
			if !yield(show(row), nil) {
				return
			}
		}
	}
}
