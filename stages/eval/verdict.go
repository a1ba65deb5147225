package eval

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"slm/checkpoint"
	"slm/data/exam"
	"slm/result"
	"slm/rng"
	"slm/stages"
	"slm/stages/domain"
	"slm/stages/systems"
	"slm/stages/trainer"
	"slm/stages/verdict"
	"slm/stat"
)

// mostTrained is how many training questions the small model is asked, to see whether it knows what it was trained on.
const mostTrained = 64

// judgeRun gives the summaries of a run's exams their verdicts. rows are those of each exam.
func (s *Stage) judgeRun(ctx context.Context, env *stages.Env, with *systems.Resources, dom *domain.Domain, sums []*result.Summary, rows [][]result.Row) error {
	run, err := measure(ctx, env, with, dom)
	if err != nil {
		return err
	}
	for i, sum := range sums {
		m := run
		sum.Measured = &m
		if sum.Notes, err = unprompted(env.Dir(stages.BPO), sum); err != nil {
			return err
		}
		all, err := bySystem(rows[i])
		if err != nil {
			return err
		}
		if last := latest(all); last != nil {
			m.Named = named(dom, last.rows)
			m.Tuning, err = tuning(find(all, "dp"), last)
		}
		if err != nil {
			return err
		}
		against, err := rivals(sum, all, stat.Options{Resamples: s.cfg.Intervals.N, Stream: rng.New(env.Seed, "eval", "bootstrap")})
		if err != nil {
			return err
		}
		sum.Verdict = verdict.Of(sum, against)
	}
	return nil
}

// unprompted adds a note to those of a summary if the method has no prompt, because the search found none that is better.
func unprompted(dir string, s *result.Summary) ([]string, error) {
	_, has := s.Find("blade")
	m, err := checkpoint.Load(dir)
	if errors.Is(err, checkpoint.ErrMissing) || err == nil && (!has || m.Facts["search"] == "" || m.Counters["trials"] == 0 || m.Counters["winner"] != 0) {
		return s.Notes, nil
	}
	if err != nil {
		return nil, err
	}
	same := "blade-z0"
	if _, tuned := m.Parents[stages.RFT]; tuned {
		same = "rft"
	}
	return append(s.Notes, "blade: no prompt proved better in stage bpo, so none is used: it is the same as "+same+"."), nil
}

// rivals compares the systems in which the small model has a part with the best search, on the same questions, with Holm's correction over them.
func rivals(s *result.Summary, all []answers, opt stat.Options) ([]result.Versus, error) {
	out := []result.Versus{}
	over := find(all, verdict.Rival(s))
	if over == nil {
		return out, nil
	}
	by := verdict.Measure(s)
	var ps []float64
	for i := range all {
		spec, _ := systems.Lookup(all[i].name)
		if !verdict.Own(s, spec) {
			continue
		}
		a, b := all[i].right, over.right
		if by == result.ByEvidence {
			a, b = there(all[i].rows), there(over.rows)
		}
		if len(a) == 0 {
			continue
		}
		c, err := pair(a, b, opt)
		if err != nil {
			return nil, fmt.Errorf("eval: %s against %s: %w", all[i].name, over.name, err)
		}
		c.System, c.Over = all[i].name, over.name
		out, ps = append(out, result.Versus{Comparison: c}), append(ps, c.McNemarP)
	}
	for i, p := range stat.Holm(ps) {
		out[i].HolmP = p
		out[i].Outcome = verdict.Outcome(out[i].Comparison)
	}
	return out, nil
}

// pair is the paired difference of two systems.
func pair(a, b []bool, opt stat.Options) (c result.Comparison, err error) {
	d, err := stat.Difference(stat.Floats(a), stat.Floats(b), opt)
	if err != nil {
		return c, err
	}
	test, err := stat.McNemar(a, b)
	return result.Comparison{Difference: d.Value, Low: d.Low, High: d.High, McNemarP: test.P}, err
}

// there says of each row whose right places are known whether one was given.
func there(rows []result.Row) (out []bool) {
	for _, r := range rows {
		if len(r.Right) > 0 {
			out = append(out, r.Rank > 0)
		}
	}
	return out
}

// measure looks at what the run was trained on, and at how well the small model knows that. What the run does not have is left out.
func measure(ctx context.Context, env *stages.Env, with *systems.Resources, dom *domain.Domain) (m result.Measured, err error) {
	m.Sections = int64(dom.Sections.Len())
	if tokens, err := dom.Tokens(); err == nil { // without them nothing has been trained
		for i := range dom.Sections.Len() {
			m.Corpus += int64(tokens.DocumentLen(i, 0))
		}
	}
	dp, err := checkpoint.Load(env.Dir(stages.DP))
	if errors.Is(err, checkpoint.ErrMissing) {
		return m, nil
	}
	if err != nil {
		return m, err
	}
	m.Parameters, m.Tokens = dp.Counters["parameters"], dp.Counters["tokens"]
	m.Nameless, m.Cut = fact(dp, "places_over"), fact(dp, "cut_sections")
	if m.Loss, err = loss(env.Dir(stages.DP)); err != nil {
		return m, err
	}
	m.Trained, err = trained(ctx, with, dom)
	return m, err
}

// fact is a fact of a manifest that is a number; 0 where there is none.
func fact(m *checkpoint.Manifest, name string) (n int64) {
	_, _ = fmt.Sscan(m.Facts[name], &n) // 0 then
	return n
}

// loss is how the loss of a training stage went; nil of too few steps to tell.
func loss(dir string) (*result.Loss, error) {
	rows, err := trainer.ReadMetrics(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	tenth := len(rows) / 10
	if err != nil || tenth < 4 { // one step says little: a batch may be of something easy
		return nil, err
	}
	mean := func(rows []trainer.Metric) (sum float64) {
		for _, r := range rows {
			sum += r.Loss / float64(len(rows))
		}
		return sum
	}
	at := len(rows) * 3 / 4
	return &result.Loss{Before: mean(rows[at-tenth : at]), Last: mean(rows[len(rows)-tenth:]), Held: rows[len(rows)-1].HeldOut}, nil
}

// trained asks the small model some of the questions that it was trained on; nil where there are none, or it names no places.
func trained(ctx context.Context, with *systems.Resources, dom *domain.Domain) (*result.Share, error) {
	items := exam.Evenly(trainable(dom), mostTrained)
	right := 0
	for block := range slices.Chunk(items, systems.Block) {
		qs := make([]systems.Question, len(block))
		for i, it := range block {
			qs[i].Text = it.Question
		}
		places, err := with.Name(ctx, qs)
		if errors.Is(err, systems.ErrUnavailable) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("eval: ask what was trained on: %w", err)
		}
		whole := wholePlace(dom.Forms)
		for i, place := range places {
			right += count(slices.Contains(block[i].Right(), whole(place)))
		}
	}
	return verdict.Share(right, len(items)), nil
}

// trainable are the exam's training questions whose right places are known.
func trainable(dom *domain.Domain) []exam.Item {
	return slices.DeleteFunc(exam.Only(dom.Items, exam.Train), func(it exam.Item) bool { return len(it.Right()) == 0 })
}

// named counts what a small model names for the questions of an exam whose right places are known.
func named(dom *domain.Domain, rows []result.Row) *result.Named {
	var n result.Named
	times := map[string]int{}
	whole := wholePlace(dom.Forms)
	for _, r := range rows {
		if len(r.Right) == 0 {
			continue
		}
		if n.Questions++; r.Place == "" {
			continue
		}
		times[r.Place]++
		n.Most = max(n.Most, times[r.Place])
		said, _, there := dom.Section(r.Place)
		switch {
		case slices.Contains(r.Right, whole(r.Place)):
			n.Right++
		case !there:
			n.Absent++
		case slices.ContainsFunc(r.Right, func(place string) bool {
			right, _, ok := dom.Section(place)
			return ok && right.Title == said.Title
		}):
			n.Document++
		}
	}
	if n.Different = len(times); n.Different == 0 {
		return nil
	}
	return &n
}

// tuning says whether the method's last stage knows more or less than pretraining alone, by place or by text; nil where it is the same stage.
func tuning(before, after *answers) (*result.Outcome, error) {
	if before == nil || before.name == after.name {
		return nil, nil
	}
	out := result.Neither
	for _, of := range []func(result.Row) bool{func(r result.Row) bool { return r.PlaceOK }, func(r result.Row) bool { return r.StartOK }} {
		var a, b []bool
		for i := range before.rows {
			a, b = append(a, of(before.rows[i])), append(b, of(after.rows[i]))
		}
		test, err := stat.McNemar(a, b)
		if err != nil {
			return nil, fmt.Errorf("eval: places before and after tuning: %w", err)
		}
		if test.P*2 < 0.05 { // two tests
			out = map[bool]result.Outcome{true: result.Worse, false: result.Better}[test.OnlyA > test.OnlyB]
			break
		}
	}
	return &out, nil
}
