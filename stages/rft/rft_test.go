package rft

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"slm/checkpoint"
	"slm/data/corpus"
	"slm/data/exam"
	"slm/data/form"
	"slm/llm"
	"slm/model"
	"slm/stages"
	"slm/stages/domain"
	"slm/stages/stagetest"
)

const sections = 20

var forms = form.Set{
	Place: "{title}, section {number}:", Document: []string{"{title}, section {number}:", "[{title} | {number}]"},
	Question: []string{"What does section {number} of {title} say?"}, Exam: "What does section {number} of {title} say?",
}

func newDomain(t *testing.T) *domain.Domain {
	t.Helper()
	spec := stagetest.Spec{Forms: forms, Item: func(i int, item *exam.Item) bool {
		item.Split = []string{exam.Train, exam.Train, exam.Train, exam.Dev, exam.Test}[i%5]
		item.Choices, item.Answer = []string{"alpha", "beta", "gamma"}, i%3
		if i == 1 {
			item.Choices, item.Answer, item.Answers = nil, -1, []string{"x"} // without options nobody can tell what is right
		}
		return true
	}}
	for i := range sections {
		spec.Sections = append(spec.Sections, corpus.Section{ID: fmt.Sprintf("Act#%d", i), Title: "Act", Number: fmt.Sprint(i), Text: stagetest.Text(i), Source: "act.txt"})
	}
	return stagetest.Domain(t, spec)
}

// box is a black box to which a text is the more useful the longer it is; it is right with texts of odd length.
type box struct {
	items []exam.Item
	fails int // the call that fails; 0 = none
	none  bool
	calls int
	asked []string
}

func (*box) Info() llm.Info { return llm.Info{Provider: "fake", Model: "box", CanScore: true} }

func (b *box) Do(_ context.Context, reqs []llm.Request) ([]llm.Reply, error) {
	if b.calls++; b.calls == b.fails {
		return nil, llm.ErrBudget
	}
	out := make([]llm.Reply, len(reqs))
	for i, r := range reqs {
		b.asked = append(b.asked, r.Prompt)
		out[i].Calls = 1
		if b.none {
			out[i].None = &llm.NoAnswer{Reason: llm.Refused}
			continue
		}
		item := b.items[slices.IndexFunc(b.items, func(it exam.Item) bool { return strings.Contains(r.Prompt, it.Question+"\n") })]
		known := strings.Index(r.Prompt, "Question: ")
		for c := range r.Options {
			lp := -50 - float64(c)
			if c == item.Answer && known%2 == 1 {
				lp = -40 + float64(known)/100
			}
			out[i].Scores = append(out[i].Scores, llm.Score{LogProb: lp, Tokens: 1})
		}
	}
	return out, nil
}

func newRun(t *testing.T, b *box) *stages.Env {
	t.Helper()
	dom := newDomain(t)
	b.items = dom.Items
	env := stagetest.Env(t)
	env.Answer, env.Replies = llm.Cloze, func(path string) error { return os.WriteFile(path, []byte("replies"), 0o666) }
	env.LLM = func(context.Context) (llm.Client, error) { return b, nil }
	stagetest.WriteData(t, env, dom)
	for _, stage := range []string{stages.DP, stages.KIT} {
		stagetest.Commit(t, env, stage, func(p *checkpoint.Pending) []error {
			return []error{domain.SaveModel(p.Path(domain.WeightsFile), model.New(stagetest.Shape(dom), 1))}
		})
	}
	return env
}

func brief() Config {
	c := Default()
	c.Samples, c.Epochs, c.Batch, c.Passage, c.OneStep = 4, 1, 128, 12, true // a model that knows nothing names no place
	return c
}

func run(t *testing.T, cfg Config, env *stages.Env) ([]SampleRow, *checkpoint.Manifest) {
	t.Helper()
	if err := New(cfg).Run(t.Context(), env); err != nil {
		t.Fatal(err)
	}
	rows, _, err := checkpoint.ReadTable[SampleRow](filepath.Join(env.Dir(stages.RFT), SamplesFile))
	if err != nil {
		t.Fatal(err)
	}
	m, err := checkpoint.Load(env.Dir(stages.RFT))
	if err != nil {
		t.Fatal(err)
	}
	return rows, m
}

func TestRun_TheAnswerThatHelpsMostWinsWhateverItNames(t *testing.T) {
	b := &box{}
	env := newRun(t, b)
	rows, m := run(t, brief(), env)
	best, won := map[string]float64{}, map[string]float64{}
	train := map[string]bool{}
	for _, it := range b.items {
		train[it.ID] = it.Split == exam.Train && len(it.Choices) > 0
	}
	seen := map[[3]string]bool{}
	for _, r := range rows {
		if !train[r.Item] || seen[[3]string{r.Item, r.Place, r.Text}] || r.Right != (r.Reward > 0) {
			t.Errorf("%+v", r)
		}
		seen[[3]string{r.Item, r.Place, r.Text}] = true
		if r.Right && r.Text != "" {
			best[r.Item] = max(best[r.Item], r.Reward)
		}
		if r.Won {
			if _, twice := won[r.Item]; twice {
				t.Errorf("two answers win %s", r.Item)
			}
			won[r.Item] = r.Reward
		}
	}
	if !reflect.DeepEqual(best, won) || len(won) < 3 || m.Facts["winners"] != fmt.Sprint(len(won)) || m.Facts["answers"] != fmt.Sprint(len(rows)) || m.Facts["llm_calls"] != fmt.Sprint(len(rows)) {
		t.Errorf("the best are %v, and %v won; %v", best, won, m.Facts)
	}
	if m.Counters["steps"] == 0 || m.Facts["changed"] == "0" {
		t.Errorf("%v %v", m.Counters, m.Facts)
	}
	was, err := domain.LoadModel(env.Dir(stages.KIT))
	if err != nil {
		t.Fatal(err)
	}
	if is, err := domain.LoadModel(env.Dir(stages.RFT)); err != nil || reflect.DeepEqual(was.Tensors(), is.Tensors()) {
		t.Errorf("the weights are those of kit (%v)", err)
	}
}

func TestRun_GoesOnAfterAFailureToTheSameResult(t *testing.T) {
	rows, m := run(t, brief(), newRun(t, &box{}))
	if _, again := run(t, brief(), newRun(t, &box{})); again.Digest() != m.Digest() {
		t.Error("the same run ends in other bytes")
	}
	cfg := brief()
	b := &box{fails: 1}
	env := newRun(t, b)
	if err := New(cfg).Run(t.Context(), env); !errors.Is(err, llm.ErrBudget) {
		t.Fatal(err)
	}
	if got, again := run(t, cfg, env); again.Digest() != m.Digest() || !reflect.DeepEqual(got, rows) {
		t.Error("interrupted, it ends in other bytes")
	}
}

func TestRun_WithoutAWinnerOrAnAnswerItSaysSo(t *testing.T) {
	if err := New(brief()).Run(t.Context(), newRun(t, &box{none: true})); !errors.Is(err, llm.ErrNoAnswer) {
		t.Error(err)
	}
	cfg := brief()
	cfg.Items = 3
	if rows, m := run(t, cfg, newRun(t, &box{})); m.Facts["items"] != "3" || len(rows) > 12 {
		t.Errorf("%v, %d rows", m.Facts, len(rows))
	}
}

func TestLesson_TeachesThePlaceThatWonAndReplaysSections(t *testing.T) {
	dom := stagetest.Open(t, newDomain(t))
	read, err := dom.Read(100, false)
	if err != nil {
		t.Fatal(err)
	}
	cfg := brief()
	cfg.Replay = 1.5
	items := exam.Only(dom.Items, exam.Train)
	won := map[string]SampleRow{items[0].ID: {Place: "Act, section 7:", Text: "what it recites"}, items[2].ID: {Place: "Act, section 9:", Text: "more"}}
	for _, oneStep := range []bool{false, true} {
		cfg.OneStep = oneStep
		l := &lesson{cfg: cfg, dom: dom, read: read, seed: 7, context: 128, items: items, won: won}
		source, err := l.epoch(0)
		taught, replayed := 0, 0
		for _, ex := range stagetest.Examples(t, source, err) {
			text := dom.Tokenizer.Decode(ex.Tokens)
			if ex.Prompt == 0 {
				replayed++
				continue
			}
			taught++
			w := won[ex.ID]
			want := form.Join(form.Ask(items[slices.IndexFunc(items, func(i exam.Item) bool { return i.ID == ex.ID })].Question), w.Place)
			if oneStep {
				want = form.Join(want, w.Text)
			}
			if text != want+domain.EOS {
				t.Errorf("%q, want %q", text, want)
			}
		}
		if taught != 2 || replayed != 3 {
			t.Errorf("%d winners, %d sections", taught, replayed)
		}
		again, err := l.epoch(0)
		if !reflect.DeepEqual(stagetest.Examples(t, again, err), stagetest.Examples(t, source, nil)) {
			t.Error("an epoch is another one now")
		}
	}
}

func TestReward_IsTheMarginOrRightOrWrong(t *testing.T) {
	for _, c := range []struct {
		style  string
		choice llm.Choice
		want   float64
	}{
		{llm.Cloze, llm.Choice{Scores: []float64{-1, -3, -2}}, -2}, {llm.Cloze, llm.Choice{Index: 1, Scores: []float64{-3, -1, -2}}, 1},
		{llm.Letter, llm.Choice{Index: 1}, 1}, {llm.Letter, llm.Choice{Index: 0}, 0}, {llm.Letter, llm.Choice{Index: 1, None: &llm.NoAnswer{}}, 0},
	} {
		if got := reward(c.style, 1, c.choice); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}
