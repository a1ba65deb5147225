package eval

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"slm/data/exam"
	"slm/llm"
	"slm/result"
	"slm/stages"
	"slm/stages/systems"
)

func TestScoreFree_ReplyIsRightByWhatItHolds(t *testing.T) {
	long := strings.Repeat("word ", 30)
	for _, c := range []struct {
		item              exam.Item
		said              string
		correct, unscored bool
		contains, f1      float64
		picked            int32
	}{
		{exam.Item{Answer: -1, Answers: []string{"30 days"}}, "Within 30 days.", true, false, 1, .8, -1},
		{exam.Item{Answer: -1, Contains: []string{"yes"}, Answers: []string{"of course"}}, "Yes!", true, false, 1, 0, -1},
		{exam.Item{Answer: -1, Contains: []string{"no"}}, "I know.", false, false, 0, -1, -1},
		{exam.Item{Answer: -1, Answers: []string{long}}, long, false, true, -1, 1, -1},
		{exam.Item{Answer: -1, Reference: "at length"}, "length", false, true, -1, 2. / 3, -1},
		{exam.Item{Answer: -1}, "length", false, true, -1, -1, -1},
		{exam.Item{Choices: []string{"yes", "no"}, Answer: 1}, "No, they may not.", true, false, 1, .4, 1},
		{exam.Item{Choices: []string{"ACADSB", "ASL"}, Answer: 0}, "ASL or ACADSB? ASL", false, false, 1, .4, -1},
		{exam.Item{Choices: []string{"autosomal recessive", "X-linked"}, Answer: 0}, "it is autosomal and recessive", true, false, 0, 4. / 7, 0},
		{exam.Item{Choices: []string{"yes", "no"}, Answer: 0}, "", false, false, 0, 0, -1},
	} {
		row := result.Row{Answer: int32(c.item.Answer), Picked: -1, Unscored: len(c.item.Choices) == 0}
		scoreFree(&row, c.item, systems.Answer{Text: c.said})
		if !row.Free || row.Unscored != c.unscored || row.Contains != c.contains || math.Abs(row.F1-c.f1) > 1e-12 || row.Picked != c.picked || row.Faithful != -1 {
			t.Errorf("%+v: %q: %+v", c.item, c.said, row)
		}
		if row.Correct != c.correct {
			t.Errorf("%+v: %q is right: %v", c.item, c.said, row.Correct)
		}
	}
}

// echo is a black box that writes the knowledge back, and judges that a reply with a question mark is wrong.
type echo struct{ *duo }

func (e echo) Do(_ context.Context, reqs []llm.Request) ([]llm.Reply, error) {
	out := make([]llm.Reply, len(reqs))
	for i, r := range reqs {
		out[i].Calls = 1
		switch knowledge, _, knows := strings.Cut(r.Prompt, "\n\nQuestion:"); {
		case len(r.Options) > 0 && strings.Contains(r.Prompt, "Reply: What?"):
			out[i].Scores = []llm.Score{{LogProb: -2, Tokens: 1}, {LogProb: -1, Tokens: 1}}
		case len(r.Options) > 0:
			out[i].Scores = []llm.Score{{LogProb: -1, Tokens: 1}, {LogProb: -2, Tokens: 1}}
		case knows:
			out[i].Text = knowledge
		default:
			out[i].Text = "What?"
		}
	}
	return out, nil
}

func TestRunner_FreeAnswersAreScoredAndJudged(t *testing.T) {
	w := newDuo(8)
	for i := range w.items {
		it := &w.items[i]
		it.Answers, it.Choices, it.Answer = []string{strings.Join(strings.Fields(it.Knowledge)[:4], " ")}, nil, -1
	}
	with := w.with()
	with.Box = echo{w}
	specs, err := systems.Resolve([]string{"oracle"})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := newRunner(w.items, with, &work{}, true).run(t.Context(), specs)
	if err != nil {
		t.Fatal(err)
	}
	judge := llm.Default()
	cfg := Default()
	cfg.Answer, cfg.Judge = Free, &judge
	env := &stages.Env{Other: func(name string) (llm.Client, error) {
		if name != judgeName {
			return nil, errors.New(name)
		}
		return echo{w}, nil
	}}
	j, err := New(cfg, false).judge(t.Context(), env, w.items, rows)
	if err != nil || j.Replies != 16 || j.Kappa == nil || *j.Kappa != 1 || j.LLM != "duo" || !strings.Contains(j.Prompt, "{reply}") {
		t.Fatalf("%+v, %v", j, err)
	}
	var sum result.Summary
	if err := summarise(&sum, rows, map[string]bool{}, nil, 200, 1); err != nil {
		t.Fatal(err)
	}
	alone, _ := sum.Find(systems.Alone)
	bound, _ := sum.Find("oracle")
	if alone.Accuracy != 0 || bound.Accuracy != 1 || *alone.Free.Judged != 0 || *bound.Free.Judged != 1 || *bound.Free.Faithful != 1 || alone.Free.Faithful != nil || *bound.Free.Exact != 0 || sum.Chance != 0 {
		t.Errorf("%+v\n%+v", alone.Free, bound.Free)
	}
}
