package ablate

import (
	"errors"
	"fmt"
	"path/filepath"

	"slm/experiment"
	"slm/pipeline/rundir"
	"slm/pipeline/study"
	"slm/result"
	"slm/stages"
)

// SummaryFile is what an experiment came to. It stands beside experiment.json, questions.arrow and items.arrow (package experiment), the tables
// (tables.go), report.html, events.jsonl, replies.wal and lock.
const SummaryFile = "summary.json"

// errOther says that a member answered other questions than the first, so that nothing can be paired.
var errOther = errors.New("it answered other questions than the recipe did")

// Summary is summary.json, and the result of the command.
type Summary struct {
	Version int    `json:"v"`
	Page    string `json:"page"` // its report, from where experiments/ is
	*experiment.Comparison
}

// write writes the experiment's files. All but the times depend on the members' checkpoints alone.
func (p *Plan) write(results []Result) (*Summary, error) {
	runs, err := p.load(results)
	if err != nil {
		return nil, err
	}
	e, err := p.experiment(results, runs)
	if err != nil {
		return nil, err
	}
	if err := e.Write(p.Path()); err != nil {
		return nil, err
	}
	s := &Summary{Version: 2, Page: study.Relative(p.Dir, filepath.Join(p.Path(), rundir.ReportFile))}
	e.Root = p.Dir
	if s.Comparison, err = compare(e); err != nil {
		return nil, err
	}
	return s, errors.Join(study.WriteJSON(p.Path(), SummaryFile, s), study.WriteTables(p.Path(), s.Tables(), s.Notes), p.writePage(p.study(s, results, runs)))
}

// experiment gathers what all members came to, variant by variant. A member whose questions are others loses its result, and says so.
func (p *Plan) experiment(results []Result, runs []*loaded) (*experiment.Experiment, error) {
	e := &experiment.Experiment{
		Name: p.Name, Variants: p.Variants, Family: p.Family,
		Notes: append([]string{fmt.Sprintf("recipe %s; numerics %s; the data and the exam have seed %d in all runs", p.Base.Name, p.Members[0].plan.Class, p.exam)}, means(p.Variants)...),
	}
	var asked string // digest of the first member's questions
	for _, v := range p.Variants {
		for i := range results {
			r := &results[i]
			if r.Variant != v.Name {
				continue
			}
			if l := runs[i]; l != nil {
				digest := examOf(l.Summary)
				if asked == "" {
					asked = digest
				}
				if digest != asked {
					runs[i] = nil
					r.Digest, r.Failed, r.err = "", errOther.Error(), fmt.Errorf("ablate: %s: %w", p.Members[i].Name(), errOther)
				}
			}
			if l := runs[i]; l != nil {
				l.fill(&r.Unit)
				r.Wording = experiment.Wording(p.Members[i].Run())
				e.Rows = append(e.Rows, p.Members[i].rows(l.Rows)...)
				if len(e.Questions) == 0 {
					e.Questions = experiment.Questions(l.Rows)
				}
			}
			e.Units = append(e.Units, r.Unit)
		}
	}
	return e, nil
}

// examOf is the digest of the questions of all exams.
func examOf(s *result.Summary) (digest string) {
	for _, exam := range s.Exams() {
		digest += exam.Exam + " "
	}
	return digest
}

// rows are those of a run. Where a part of the method is left out, what the method is without it stands for the system that has it, too: without kit the model of
// dp answers, and without a search the prompt is none.
func (m *Member) rows(all []result.Row) (rows []experiment.Row) {
	names := map[string]bool{}
	for _, r := range all {
		names[r.System] = true
		rows = append(rows, m.row(r))
	}
	for _, s := range []struct{ off, system, by string }{{stages.KIT, unsearched, read}, {stages.BPO, searched, unsearched}} {
		if !m.recipe.Off(s.off) || names[s.system] {
			continue
		}
		for _, r := range rows {
			if r.System == s.by {
				r.System = s.system
				rows = append(rows, r)
				names[s.system] = true
			}
		}
	}
	return rows
}

// row is a row of the evaluation in the experiment, with what it cost at the recipe's prices.
func (m *Member) row(r result.Row) experiment.Row {
	row := experiment.NewRow(m.Variant, m.Seed, r)
	if m.recipe.LLM.Price != nil {
		usd := m.price(int64(r.Calls), int64(r.Tokens))
		row.USD = &usd
	}
	return row
}

// price is what calls cost: their tokens are nearly all of prompts, and a reply is a token.
func (m *Member) price(calls, tokens int64) float64 {
	p := m.recipe.LLM.Price
	return (float64(float64(max(0, tokens-calls))*p.Input) + float64(float64(calls)*p.Output)) / 1e6
}

// fill says of a unit what its run came to.
func (l *loaded) fill(u *experiment.Unit) {
	u.LLM, u.Style = l.Summary.LLM, l.Summary.Style
	trained, calls := l.trained, l.calls
	u.Cost.Tokens, u.Cost.Calls = &trained, &calls
	if seconds := l.seconds; seconds > 0 {
		u.Cost.Seconds = &seconds
	}
	for _, c := range l.Curves {
		curve := experiment.Curve{Stage: c.Stage, Figure: "held-out loss", Least: true, Points: []experiment.Point{}}
		for _, m := range c.Metrics {
			if m.Heldout != nil {
				curve.Points = append(curve.Points, experiment.Point{Tokens: float64(m.Tokens), Seconds: l.clock[c.Stage][m.Step], Value: *m.Heldout})
			}
		}
		if len(curve.Points) > 0 && (c.Stage == stages.DP || c.Stage == stages.KIT || c.Stage == stages.RFT) {
			u.Curves = append(u.Curves, curve)
		}
	}
	if len(l.found.Points) > 0 {
		u.Curves = append(u.Curves, l.found)
	}
}
