package bpo

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"slm/checkpoint"
	"slm/data/exam"
	"slm/llm"
	"slm/rng"
	"slm/stages"
	"slm/stages/delivery"
	"slm/stages/knowledge"
)

// trio is a duo whose small model names the right place for half of the questions, beside a search that has the right section first for most. The
// black box believes every text of the right section that it is given, and is easily led astray by others in front of it.
type trio struct{ *duo }

func (w trio) sample(ctx context.Context, questions []string, soft []float32, n int) ([][]knowledge.Piece, error) {
	first, err := w.say(ctx, questions, soft)
	out := make([][]knowledge.Piece, len(first))
	for i, p := range first {
		p.LogProb = math.Log(0.4)
		for range n {
			out[i] = append(out[i], p)
		}
	}
	return out, err
}

func (w trio) shelf() delivery.Shelf {
	return delivery.Shelf{
		At: func(place string) (string, bool) {
			return strings.TrimSuffix(strings.Replace(place, "section", "text of", 1), ":") + ", own", true
		},
		Found: func(_ context.Context, question string, k int) (out []delivery.Passage, err error) {
			i := number(question)
			if w.difficulty(i) > 0.9 {
				i++
			}
			for j := range k {
				out = append(out, delivery.Passage{Place: fmt.Sprintf("section %d:", i+j), Text: fmt.Sprintf("text of %d, found", i+j)})
			}
			return out, nil
		},
		Head: func(text string, _ int) string { return text },
		Said: func(text string, _ int) string { return text },
	}
}

func (w trio) reply(_ context.Context, qs []llm.Question) ([]llm.Choice, error) {
	out := make([]llm.Choice, len(qs))
	for k, q := range qs {
		w.asked++
		if w.dieAfter > 0 && w.asked > w.dieAfter {
			return nil, w.death
		}
		i := number(q.Question)
		scores := []float64{-2, -2.1, -1.9, -2.05}
		switch at := strings.Index(q.Knowledge+"\n", fmt.Sprintf("text of %d,", i)); {
		case at == 0:
			scores[i%4]++
		case at > 0:
			scores[i%4] += 0.5 * w.difficulty(i)
		default:
			scores[i%4] -= 0.3
		}
		c := llm.Choice{Scores: scores, Calls: 1, Tokens: 10 + len(q.Knowledge)}
		for j, s := range scores {
			if s > scores[c.Index] {
				c.Index = j
			}
		}
		out[k] = c
	}
	return out, nil
}

func newTrio(n int) trio {
	return trio{newDuo(n, func(z []float64) float64 { return 0.5 })}
}

// wideSettings are a small search of everything.
func wideSettings() Config {
	cfg := settings()
	cfg.Search = []string{delivery.Prompt, delivery.Wording, delivery.Passages, delivery.Samples, delivery.Gate, delivery.Normalise}
	cfg.Objective, cfg.Controls, cfg.Trials = accuracy, []string{none, random, single}, 12
	return cfg
}

func (w trio) search(t testing.TB, cfg Config, dir string) *search {
	t.Helper()
	s := w.duo.search(t, cfg, dir)
	s.judge.answer, s.judge.sample, s.judge.shelf = w.reply, w.sample, w.shelf()
	s.judge.shares, s.judge.price = cfg.Objective == accuracy, cfg.Price
	return s
}

func TestSearch_WideOneFindsADeliveryThatHelps(t *testing.T) {
	w := newTrio(240)
	s := w.search(t, wideSettings(), "")
	out := run(t, s)
	if !strings.HasPrefix(out.verdict, "a delivery is used, and its gain is shown") {
		t.Fatalf("verdict: %s", out.verdict)
	}
	d := s.space.Delivery(out.winner.z)
	if d.Passages == 0 {
		t.Errorf("chosen without passages: %s", s.space.Words(out.winner.z))
	}
	for _, row := range table(t, s, out) {
		if row.Kind == kindText {
			continue
		}
		if z := s.space.Dims().Snap(append([]float64(nil), row.Z...)); !reflect.DeepEqual(z, row.Z) {
			t.Errorf("%s %d lies between the levels: %v", row.Arm, row.Trial, row.Z)
		}
	}
	knobs, err := s.knobs(out.winner)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(spaceOf(knobs), s.space.Dims()) {
		t.Error("the table of knobs is of another space")
	}
	share := map[string]float64{}
	for _, k := range knobs {
		share[k.Part] += k.Share
	}
	if share[delivery.Passages] < share[delivery.Prompt] || share[delivery.Passages] < share[delivery.Normalise] {
		t.Errorf("the passages are all that matters, shares are %v", share)
	}
}

func TestSearch_WideOneBeginsWithTheRecipesDelivery(t *testing.T) {
	w := newTrio(120)
	cfg := wideSettings()
	s := w.search(t, cfg, "")
	if err := s.explore(context.Background()); err != nil {
		t.Fatal(err)
	}
	for i, r := range s.zero.results {
		if want := w.difficulty(number(s.items[i].Question)) < 0.5; r.Right != want || r.Key == "" {
			t.Errorf("item %d: right %v with %q", i, r.Right, r.Text)
		}
	}
	for _, a := range s.controls {
		if a.name != single {
			continue
		}
		if len(a.trials) < 5 {
			t.Errorf("%d trials with one change", len(a.trials)-1)
		}
		for _, tr := range a.trials[1:] {
			if words := s.space.Words(tr.z); words == "" || strings.Contains(words, "; ") {
				t.Errorf("trial %d changes %q", tr.index, words)
			}
		}
	}
}

func TestSearch_WideOneGoesOnWhereverItWasKilled(t *testing.T) {
	cfg := wideSettings()
	cfg.Trials = 4
	whole := newTrio(100)
	s := whole.search(t, cfg, t.TempDir())
	want := table(t, s, run(t, s))
	for _, dieAfter := range []int32{1, whole.asked / 3, whole.asked - 1} {
		dir := t.TempDir()
		w := newTrio(100)
		w.dieAfter = dieAfter
		s := w.search(t, cfg, dir)
		if _, err := s.run(context.Background()); !errors.Is(err, w.death) {
			t.Fatalf("killed after %d answers: %v", dieAfter, err)
		}
		if err := s.log.close(); err != nil {
			t.Fatal(err)
		}
		s = newTrio(100).search(t, cfg, dir)
		if got := table(t, s, run(t, s)); !reflect.DeepEqual(got, want) {
			t.Errorf("killed after %d answers, the table differs:\n%s", dieAfter, firstDifference(got, want))
		}
	}
}

func TestSearch_SmallSpaceEndsWhenAllOfItHasBeenTried(t *testing.T) {
	cfg := wideSettings()
	cfg.Search, cfg.Init, cfg.Controls = []string{delivery.Gate}, 2, []string{none}
	s := newTrio(80).search(t, cfg, "")
	run(t, s)
	seen := map[float64]bool{}
	for _, tr := range s.own.trials {
		seen[tr.z[0]] = true
	}
	if len(seen) != 6 || len(s.own.trials) > 6+cfg.Init {
		t.Errorf("%d trials at %d of 6 gates", len(s.own.trials), len(seen))
	}
}

func TestSearch_ObjectiveLosesWhatAQuestionCosts(t *testing.T) {
	w := newTrio(60)
	cfg := wideSettings()
	cfg.Price = Price{Call: 0.25, Token: 0.001}
	s := w.search(t, cfg, "")
	if err := s.explore(context.Background()); err != nil {
		t.Fatal(err)
	}
	for _, r := range s.zero.results {
		right := 0.0
		if r.Right {
			right = 1
		}
		if want := right - 0.25 - 0.001*float64(r.Tokens); math.Abs(r.Objective-want) > 1e-12 {
			t.Errorf("objective %v, want %v", r.Objective, want)
		}
	}
}

func TestRun_WideCheckpointHoldsTheDeliveryAndItsKnobs(t *testing.T) {
	w := newTrio(160)
	cfg := wideSettings()
	s := w.search(t, cfg, "")
	out := run(t, s)
	env := testEnv(t)
	if err := commit(env, cfg, s, out, NewProjection(Soft{Tokens: 5, Dim: 2, Scale: 1}, []float32{-0.1, 0.1}, 8, rng.New(1)), "key"); err != nil {
		t.Fatal(err)
	}
	dir := env.Dir(stages.BPO)
	d, err := delivery.Load(dir + "/" + delivery.File)
	if err != nil || !reflect.DeepEqual(d, s.space.Delivery(out.winner.z)) {
		t.Errorf("delivery %+v, %v", d, err)
	}
	knobs, _, err := checkpoint.ReadTable[KnobRow](dir + "/" + KnobsFile)
	if err != nil || len(knobs) != 1+len(s.space.Knobs) {
		t.Fatalf("%d knobs, %v", len(knobs), err)
	}
	rows, _, err := checkpoint.ReadTable[TrialRow](dir + "/" + TrialsFile)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Model(rows, knobs, 7); err != nil {
		t.Errorf("the model cannot be fitted to the tables: %v", err)
	}
	// The trial that was taken is proposed again from the rows before it.
	for i := 1; i <= cfg.Init+2; i++ {
		list, err := before(rows, i)
		if err != nil {
			t.Fatal(err)
		}
		if z, err := next(cfg.Init, spaceOf(knobs), 7, i, observe(list)); err != nil || !reflect.DeepEqual(z, s.own.trials[i].z) {
			t.Errorf("trial %d is %v, and %v when rebuilt (%v)", i, s.own.trials[i].z, z, err)
		}
	}
	p, tok := tinyModel(t)
	for i, tr := range s.own.trials {
		got, err := DeliveryOf(dir, fmt.Sprint(i), cfg, w.items, true)
		if err != nil || !reflect.DeepEqual(*got, s.space.Delivery(tr.z)) {
			t.Errorf("trial %d: %+v, %v", i, got, err)
		}
		soft, err := PromptOf(dir, fmt.Sprint(i), cfg.Soft, tok, p, 7)
		if err != nil || !reflect.DeepEqual(soft, project(cfg.Soft, p, 7).Soft(s.space.Prompt(tr.z))) {
			t.Errorf("trial %d: %d numbers, %v", i, len(soft), err)
		}
	}
	cfg.Search = []string{delivery.Gate}
	if _, err := DeliveryOf(dir, "1", cfg, w.items, true); !errors.Is(err, checkpoint.ErrCorrupt) {
		t.Errorf("of another space: %v", err)
	}
	m, err := checkpoint.Load(dir)
	if err != nil || m.Facts["delivery"] != s.space.Words(out.winner.z) || m.Facts["objective"] != accuracy {
		t.Errorf("facts %v, %v", m.Facts, err)
	}
}

func TestConfig_MarginsOfDifferentScoresAreNotCompared(t *testing.T) {
	c := Default()
	c.Search = []string{delivery.Prompt, delivery.Normalise}
	if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "accuracy") {
		t.Errorf("accepted: %v", err)
	}
	c.Objective = accuracy
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
	c.Search = nil
	if c.Validate() == nil {
		t.Error("nothing to search is accepted")
	}
	c.Search, c.Soft.Dim = []string{delivery.Prompt, delivery.Wording, delivery.Passages, delivery.Samples, delivery.Gate, delivery.Normalise}, 11
	if c.Validate() == nil {
		t.Error("more coordinates than a search can have are accepted")
	}
}

func TestConfig_SearchSeesTheDevelopmentQuestionsOfItsExamThatHaveChoices(t *testing.T) {
	two := []string{"a", "b"}
	items := []exam.Item{
		{ID: "1", Split: exam.Dev, Choices: two}, {ID: "2", Split: exam.Test, Choices: two}, {ID: "3", Split: exam.Dev, Choices: two, Exam: exam.Asked},
		{ID: "4", Split: exam.Dev, Exam: exam.Asked}, {ID: "5", Split: exam.Train, Choices: two, Exam: exam.Asked},
	}
	for name, want := range map[string]string{"": "1", exam.Asked: "3"} {
		c := Default()
		c.Exam = name
		if got := c.dev(items); len(got) != 1 || got[0].ID != want {
			t.Errorf("exam %q: %+v", name, got)
		}
	}
}
