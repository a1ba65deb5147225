package dp

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"slm/data/exam"
	"slm/model/bag"
	"slm/rng"
	"slm/stages"
	"slm/stages/domain"
	"slm/stages/stagetest"
)

// contrasting gives every section so many pairs that there are four steps.
var contrasting = Mix{Corpus: 1, Contrast: 4 * encoderPairs / sectionCount}

func trainEncoder(t *testing.T, ctx context.Context, env *stages.Env) (*bag.Params, error) {
	t.Helper()
	cfg := Default()
	cfg.Mix = contrasting
	s := New(cfg, stagetest.Shape(acts(t)))
	s.bag.Rows, s.bag.Width = 512, 16
	return s.encoder(ctx, env, mixture(t, acts(t), contrasting, longest, 7))
}

func TestEncoder_KilledAtAnyStepEndsInTheSameBits(t *testing.T) {
	want, err := trainEncoder(t, context.Background(), stagetest.Env(t))
	if err != nil {
		t.Fatal(err)
	}
	for kill := 1; kill <= 4; kill++ {
		env := stagetest.Env(t)
		ctx, cancel := context.WithCancel(context.Background())
		steps := 0
		env.Emit = func(e stages.Event) {
			if e.Phase == "encoder" {
				if steps++; steps == kill {
					cancel()
				}
			}
		}
		if _, err := trainEncoder(t, ctx, env); kill < 4 && !errors.Is(err, context.Canceled) {
			t.Fatalf("killed at step %d: %v", kill, err)
		}
		cancel()
		got, err := trainEncoder(t, context.Background(), env)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) || steps != 4 {
			t.Errorf("killed at step %d: another encoder, after %d steps", kill, steps)
		}
	}
}

func TestEncoder_DamagedOrForeignSaveIsNotUsed(t *testing.T) {
	want, err := trainEncoder(t, context.Background(), stagetest.Env(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what   string
		change func(env *stages.Env, file string) error
	}{
		{"save not used", func(_ *stages.Env, file string) error {
			text, err := os.ReadFile(file)
			if err == nil {
				text[len(text)/2] ^= 1
				err = os.WriteFile(file, text, 0o644)
			}
			return err
		}},
		{"", func(env *stages.Env, _ string) error { env.Fingerprint = "another"; return nil }},
	} {
		run := stagetest.NewRun(t, "go")
		if _, err := trainEncoder(t, context.Background(), run.Env); err != nil {
			t.Fatal(err)
		}
		if err := c.change(run.Env, filepath.Join(run.Work(stages.DP), encoderWork, domain.EncoderFile)); err != nil {
			t.Fatal(err)
		}
		got, err := trainEncoder(t, context.Background(), run.Env)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: another encoder, %v", c.what, err)
		}
		if w := run.Warnings(); (c.what == "") != (len(w) == 0) || c.what != "" && !strings.Contains(w[0].Message, c.what) {
			t.Errorf("%q: %v", c.what, w)
		}
	}
}

func newPairs(t *testing.T, dom *domain.Domain, seed uint64) *contrast {
	t.Helper()
	c, err := newContrast(mixture(t, dom, contrasting, longest, seed), bag.DefaultConfig().Rows)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestBatch_IsAPureFunctionOfSeedAndStep(t *testing.T) {
	dom := acts(t)
	batch := func(c *contrast, step int) []bag.Pair {
		b, err := c.batch(context.Background(), step, 32)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	c := newPairs(t, dom, 7)
	first := batch(c, 3)
	for _, other := range []int{0, 5} {
		if reflect.DeepEqual(batch(c, other), first) {
			t.Errorf("step %d has the pairs of step 3", other)
		}
	}
	if !reflect.DeepEqual(batch(c, 3), first) || !reflect.DeepEqual(batch(newPairs(t, dom, 7), 3), first) || reflect.DeepEqual(batch(newPairs(t, dom, 8), 3), first) {
		t.Error("pairs depend on what was asked for before, or not on the seed")
	}
}

func TestBatch_WrongSectionIsNeverARightOne(t *testing.T) {
	dom := acts(t)
	for i := range dom.Items { // some questions have two right sections
		if item := &dom.Items[i]; item.Split == exam.Train && i > 0 {
			item.Places = []string{item.Place, dom.Items[i-1].Place}
		}
	}
	c := newPairs(t, dom, 7)
	for i, a := range c.asked {
		if len(a.right) != 2 && i > 0 {
			t.Errorf("question %d has the sections %v", i, a.right)
		}
		wrong, err := found(context.Background(), c, c.wrong, i, a.question, a.right)
		if err != nil || len(wrong) == 0 {
			t.Fatalf("%v, %v", wrong, err)
		}
		for _, w := range wrong {
			if slices.Contains(a.right, w) {
				t.Errorf("question %d: section %d is right and wrong", i, w)
			}
		}
	}
	for i := range dom.Sections.Len() {
		if like, err := c.like(context.Background(), int32(i)); err != nil || slices.Contains(like, int32(i)) {
			t.Errorf("section %d is like %v, %v", i, like, err)
		}
	}
}

func TestAskedPairs_HeldOutQuestionsAreNoneAndAskedOnesComeFirst(t *testing.T) {
	dom := acts(t)
	questions := func() (out []string) {
		for _, a := range askedPairs(dom) {
			out = append(out, a.question)
		}
		return out
	}
	var want []string
	for _, item := range exam.Only(dom.Items, exam.Train) {
		want = append(want, item.Question)
	}
	if got := questions(); len(got) == 0 || !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	dom.Asked = []exam.Item{
		{Question: "May I?", Exam: exam.Asked, Split: exam.Train, Places: []string{dom.Items[1].Place}},
		{Question: "Must I?", Exam: exam.Asked, Split: exam.Dev, Places: []string{dom.Items[2].Place}},
		{Question: "Where is it?", Exam: exam.Asked, Split: exam.Train, Places: []string{"Nowhere"}},
	}
	if got := questions(); !slices.Equal(got, []string{"May I?"}) {
		t.Errorf("%q", got)
	}
}

func TestByRule_LeavesOutWhatTheExamHoldsOut(t *testing.T) {
	dom := acts(t)
	c := newPairs(t, dom, 7)
	made := map[string]bool{}
	for i := range 40 {
		if q := c.byRule(rng.New(1, "rule").At(uint64(i)), dom.Sections.At(0)); q != "" {
			made[q] = true
		}
	}
	if len(made) == 0 {
		t.Fatal("rules make no question")
	}
	for q := range made {
		dom.Asked = append(dom.Asked, exam.Item{ID: "asked", Question: q, Exam: exam.Asked, Split: exam.Test})
	}
	c = newPairs(t, dom, 7)
	for i := range 40 {
		if q := c.byRule(rng.New(1, "rule").At(uint64(i)), dom.Sections.At(0)); made[q] {
			t.Errorf("%q is held out", q)
		}
	}
}

func TestCloze_AsksWithClausesOfTheText(t *testing.T) {
	text := "You may copy it, even 3.5 times, if you keep the notice; all else is forbidden. 但是，依法登记的除外。"
	parts := clauses(text)
	if want := []string{"You may copy it", "even 3.5 times", "if you keep the notice", "all else is forbidden", "但是", "依法登记的除外"}; !slices.Equal(parts, want) {
		t.Fatalf("%q", parts)
	}
	removed := 0
	for i := range 200 {
		asked, rest := cloze(text, rng.New(1, "cloze").At(uint64(i)))
		taken := strings.Split(asked, ", ")
		for _, part := range taken {
			if !slices.Contains(parts, part) {
				t.Fatalf("%q is no clause", part)
			}
		}
		if len(taken) > mostClauses || rest == "" {
			t.Fatalf("%q of %q", asked, rest)
		}
		if !strings.Contains(rest, taken[0]) {
			removed++
		}
	}
	if removed < 130 || removed > 190 {
		t.Errorf("the clauses are taken out of the text %d times in 200", removed)
	}
	if asked, rest := cloze("one clause", rng.New(1, "cloze")); asked != "one clause" || rest != asked {
		t.Errorf("%q, %q", asked, rest)
	}
}

// A run with an encoder trains the same model as one without, and an older recipe none.
func TestRun_EncoderStandsBesideTheSameModel(t *testing.T) {
	dom := acts(t)
	var weights [][]byte
	for _, each := range []float64{0, contrasting.Contrast} {
		env := stagetest.Env(t)
		stagetest.WriteData(t, env, dom)
		cfg := Default()
		cfg.Tokens, cfg.Epochs, cfg.Batch, cfg.MaxSection, cfg.Mix.Contrast = 0, 0.01, 128, 64, each
		s := New(cfg, stagetest.Shape(dom))
		s.bag.Rows, s.bag.Width = 512, 16
		if err := s.Run(context.Background(), env); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(env.Dir(stages.DP), domain.WeightsFile))
		if err != nil {
			t.Fatal(err)
		}
		weights = append(weights, text)
		_, _, err = bag.Read(filepath.Join(env.Dir(stages.DP), domain.EncoderFile))
		if each == 0 && !errors.Is(err, os.ErrNotExist) || each > 0 && err != nil {
			t.Errorf("%g pairs a section: %v", each, err)
		}
	}
	if !bytes.Equal(weights[0], weights[1]) {
		t.Error("the encoder changes the model")
	}
}
