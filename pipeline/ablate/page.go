package ablate

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"slm/checkpoint"
	"slm/pipeline/rundir"
	"slm/report"
	answering "slm/stages/systems"
	"slm/stat"
)

// loaded is a member's run as reports see it; nil = it has no result.
type loaded struct {
	*report.Run
	trained, calls int64
	seconds        float64
}

// load reads the runs of all members that have a result. A stage that was taken over took what it took where it was made.
func (p *Plan) load(results []Result) ([]*loaded, error) {
	list, took := make([]*loaded, len(results)), map[string]float64{}
	for i, r := range results {
		if r.Failed != "" {
			continue
		}
		run, err := report.Load(p.Members[i].Run())
		if err != nil {
			return nil, err
		}
		list[i] = &loaded{Run: run}
		for _, s := range run.Stages {
			took[s.Digest] = max(took[s.Digest], s.Seconds)
		}
	}
	for _, l := range list {
		if l == nil {
			continue
		}
		for _, s := range l.Stages {
			trained, calls := s.Spent()
			l.trained, l.calls, l.seconds = l.trained+trained, l.calls+calls, l.seconds+took[s.Digest]
		}
	}
	return list, nil
}

// study is the experiment for its page.
func (p *Plan) study(sum *Summary, results []Result, runs []*loaded) *report.Study {
	s := &report.Study{Name: p.Name, Recipe: p.Base.Name, Seeds: p.Seeds, System: p.Answers(), Notes: sum.Notes, Tables: []report.StudyTable{sum.table()}}
	for _, d := range sum.Differences {
		s.Differences = append(s.Differences, report.StudyDifference{Variant: d.Variant, System: d.System, Value: d.Value, Low: d.Low, High: d.High})
	}
	for _, v := range p.Variants {
		one := report.StudyVariant{Name: v.Name, Means: v.Means}
		var right, n float64
		for i, r := range results {
			if r.Variant != v.Name {
				continue
			}
			run := report.StudyRun{Seed: r.Seed, Failed: r.Failed}
			if l := runs[i]; l != nil {
				run.Curves = l.Curves
				if page := filepath.Join(p.Members[i].Run(), rundir.ReportFile); exists(page) {
					run.Link = relative(p.Path(), page)
				}
				if sys, ok := l.Summary.Find(s.System); ok {
					right += sys.Accuracy
				} else {
					right = math.NaN()
				}
				one.Tokens, one.Calls, one.Seconds, n = one.Tokens+float64(l.trained), one.Calls+float64(l.calls), one.Seconds+l.seconds, n+1
			}
			one.Runs = append(one.Runs, run)
		}
		one.Accuracy, one.Tokens, one.Calls, one.Seconds = right/n, one.Tokens/n, one.Calls/n, one.Seconds/n
		s.Variants = append(s.Variants, one)
	}
	return s
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// table has a line for each variant and a column for each system.
func (s *Summary) table() report.StudyTable {
	t := report.StudyTable{Title: "Accuracy, mean of the seeds", Head: []string{"variant"}}
	at := map[string]int{}
	for _, a := range s.Accuracies {
		if !slices.Contains(t.Head, a.System) {
			t.Head = append(t.Head, a.System)
		}
	}
	for _, a := range s.Accuracies {
		i, ok := at[a.Variant]
		if !ok {
			i = len(t.Rows)
			at[a.Variant] = i
			t.Rows = append(t.Rows, append([]string{a.Variant}, slices.Repeat([]string{"–"}, len(t.Head)-1)...))
		}
		t.Rows[i][slices.Index(t.Head, a.System)] = fmt.Sprintf("%.1f %%", 100*a.Value)
	}
	return t
}

// Text is the summary for a terminal: accuracies, differences and what failed.
func (s *Summary) Text() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	t := s.table()
	for _, line := range append([][]string{t.Head}, t.Rows...) {
		_, _ = fmt.Fprintln(w, strings.Join(line, "\t")) // in memory
	}
	_, _ = fmt.Fprint(w, "\n")
	same := map[string][]string{}
	for _, d := range s.Differences {
		if d.Interval == (stat.Interval{}) {
			same[d.Variant] = append(same[d.Variant], d.System)
			continue
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%+.1f points\t[%+.1f, %+.1f]\n", d.Variant, d.System, 100*d.Value, 100*d.Low, 100*d.High)
	}
	_ = w.Flush()
	for _, v := range slices.Sorted(maps.Keys(same)) {
		fmt.Fprintf(&b, "\n%s is right where the recipe is: %s\n", v, strings.Join(same[v], ", "))
	}
	for _, r := range s.Units {
		if r.Failed != "" {
			fmt.Fprintf(&b, "\n%s, seed %d: no result: %s\n", r.Variant, r.Seed, r.Failed)
		}
	}
	for _, n := range s.Notes {
		fmt.Fprintf(&b, "\n%s\n", n)
	}
	return b.String()
}

// Answers is the system that a run of the recipe answers with: the one whose accuracy is drawn against costs.
func (p *Plan) Answers() string {
	specs, err := answering.Resolve(p.Base.Eval.Systems)
	if err != nil || len(specs) == 0 {
		return answering.Alone // the recipe was checked
	}
	for _, name := range []string{"auto", "blade", "blade-z0"} {
		if slices.ContainsFunc(specs, func(s answering.Spec) bool { return s.Name == name }) {
			return name
		}
	}
	return specs[len(specs)-1].Name
}

// writePage writes report.html.
func (p *Plan) writePage(s *report.Study) error {
	var page bytes.Buffer
	if err := report.RenderStudy(&page, s); err != nil {
		return err
	}
	if err := checkpoint.WriteFileAtomic(filepath.Join(p.Path(), rundir.ReportFile), page.Bytes()); err != nil {
		return fmt.Errorf("ablate: %w", err)
	}
	return nil
}
