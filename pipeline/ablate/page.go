package ablate

import (
	"bytes"
	"math"
	"path/filepath"
	"slices"

	"slm/experiment"
	"slm/pipeline/rundir"
	"slm/pipeline/study"
	"slm/report"
	answering "slm/stages/systems"
)

// loaded is a member's run as reports see it; nil = it has no result.
type loaded struct {
	*report.Run
	trained, calls int64
	seconds        float64
	clock          map[string]map[int64]float64 // seconds by stage and step
	found          experiment.Curve             // by the search of bpo
}

// load reads the runs of all members that have a result. A stage that was taken over took what it took where it was made.
func (p *Plan) load(results []Result) ([]*loaded, error) {
	list, took, clocks := make([]*loaded, len(results)), map[string]float64{}, map[string]map[int64]float64{}
	for i, r := range results {
		if r.Failed != "" {
			continue
		}
		run, err := report.Load(p.Members[i].Run())
		if err != nil {
			return nil, err
		}
		list[i] = &loaded{Run: run, clock: map[string]map[int64]float64{}}
		if list[i].found, err = experiment.SearchCurve(p.Members[i].Run()); err != nil {
			return nil, err
		}
		clock, err := experiment.Clock(filepath.Join(p.Members[i].Run(), rundir.EventsFile))
		if err != nil {
			return nil, err
		}
		for _, s := range run.Stages {
			took[s.Digest] = max(took[s.Digest], s.Seconds)
			if len(clock[s.Name]) > 0 {
				clocks[s.Digest] = clock[s.Name]
			}
		}
	}
	for _, l := range list {
		if l == nil {
			continue
		}
		for _, s := range l.Stages {
			l.clock[s.Name] = clocks[s.Digest]
			trained, calls := s.Spent()
			l.trained, l.calls, l.seconds = l.trained+trained, l.calls+calls, l.seconds+took[s.Digest]
		}
	}
	return list, nil
}

// study is the experiment for its page.
func (p *Plan) study(sum *Summary, results []Result, runs []*loaded) *report.Study {
	s := &report.Study{Name: p.Name, Recipe: p.Base.Name, Seeds: p.Seeds, System: p.Answers(), Notes: sum.Notes}
	for _, t := range sum.Tables() {
		if len(t.Rows) > 0 {
			s.Tables = append(s.Tables, report.StudyTable{Title: t.Title, Head: t.Head, Left: t.Left, Rows: t.Rows})
		}
	}
	for _, d := range sum.Differences {
		one := report.StudyDifference{Variant: d.Variant, System: d.System, Value: d.Cross.Value, Low: d.Cross.Low, High: d.Cross.High, P: &d.HolmP}
		if d.Exam != "" {
			one.System += ", " + d.Exam
		}
		s.Differences = append(s.Differences, one)
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
				if page := filepath.Join(p.Members[i].Run(), rundir.ReportFile); study.Exists(page) {
					run.Link = study.Relative(p.Path(), page)
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
	return study.Write(p.Path(), rundir.ReportFile, page.Bytes())
}
