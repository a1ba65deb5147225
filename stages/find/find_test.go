package find

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"slm/checkpoint"
	"slm/data/corpus"
	"slm/data/exam"
	"slm/data/form"
	"slm/retrieve"
	"slm/rng"
	"slm/stages"
	"slm/stages/search"
	"slm/stages/stagetest"
)

var forms = form.Set{Place: "{title}\nSection {number}:", Document: []string{"{title}\nSection {number}:"}, Question: []string{"What does section {number} of {title} say?"}}

// letters is an encoder whose vectors count letters.
type letters struct {
	calls, failAt int
}

func (*letters) Name() string { return "letters" }
func (*letters) Dim() int     { return 26 }
func (*letters) Close() error { return nil }
func (e *letters) Sections(_ context.Context, texts []string) (out [][]float32, err error) {
	if e.calls++; e.calls == e.failAt {
		return nil, errors.New("no power")
	}
	for _, t := range texts {
		v, n := make([]float32, 26), 0.0
		for _, r := range strings.ToLower(t) {
			if r >= 'a' && r <= 'z' {
				v[r-'a']++
			}
		}
		for _, x := range v {
			n += float64(x) * float64(x)
		}
		for i := range v {
			v[i] /= float32(math.Sqrt(n))
		}
		out = append(out, v)
	}
	return out, nil
}
func (e *letters) Questions(ctx context.Context, texts []string) ([][]float32, error) {
	e.calls-- // only sections count
	return e.Sections(ctx, texts)
}

// withLetters adds the encoder for a test.
func withLetters(t *testing.T, e *letters) {
	before := search.Encoders
	t.Cleanup(func() { search.Encoders = before })
	search.Encoders = append([]search.EncoderSpec{{
		Name: "letters", Chars: 120, Start: 1, Open: func(context.Context, search.Source) (retrieve.Encoder, error) { return e, nil },
		Cost: func(context.Context, *stages.Calibration, int) (stages.Cost, error) {
			return stages.Cost{Seconds: 1}, nil
		},
	}}, before...)
}

// run writes a data checkpoint with questions of people that quote some words of their sections, two in three of them for training.
func run(t *testing.T) *stages.Env {
	t.Helper()
	return runWith(t, func(section string) string { return "asked of " + section })
}

// runWith is run with these ids of the questions.
func runWith(t *testing.T, id func(section string) string) *stages.Env {
	t.Helper()
	env := stagetest.Env(t)
	spec := stagetest.Spec{Forms: forms}
	for i := range 60 {
		spec.Sections = append(spec.Sections, corpus.Section{ID: fmt.Sprintf("Act#%d", i), Title: "Act", Number: fmt.Sprint(i), Text: stagetest.Text(i)})
	}
	spec.Item = func(i int, item *exam.Item) bool {
		words, s := strings.Fields(stagetest.Text(i)), rng.New(1, "question").At(uint64(i))
		item.Question = words[s.IntN(40)] + " " + words[s.IntN(40)] + " " + strings.Fields(stagetest.Text(i + 1))[s.IntN(40)]
		if item.ID = id(item.Section); i%3 == 0 {
			item.Split = exam.Dev
		}
		return true
	}
	stagetest.WriteData(t, env, stagetest.Domain(t, spec))
	return env
}

func TestRun_WritesItsCheckpointAndAKilledOneEndsInTheSameDigest(t *testing.T) {
	for _, fuse := range []string{search.Learned, search.RRF} {
		var digests []string
		for _, failAt := range []int{0, 2} {
			e := &letters{failAt: failAt}
			withLetters(t, e)
			env, stage := run(t), New(Config{Fuse: fuse, Dense: []string{"letters"}})
			err := stage.Run(context.Background(), env)
			if failAt > 0 {
				if err == nil || !strings.Contains(err.Error(), "no power") {
					t.Fatal(err)
				}
				e.failAt, e.calls = 0, 0
				err = stage.Run(context.Background(), env)
				if blocks := (len(texts(t, env)) + block - 1) / block; e.calls != blocks-1 {
					t.Errorf("%d of %d blocks were encoded after the first", e.calls, blocks)
				}
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := checkpoint.Verify(env.Dir(stages.Find)); err != nil {
				t.Fatal(err)
			}
			m, err := checkpoint.Load(env.Dir(stages.Find))
			if err != nil {
				t.Fatal(err)
			}
			digests = append(digests, m.Digest())
			if _, err := os.Stat(env.Work(stages.Find)); !os.IsNotExist(err) {
				t.Error("partial work is left behind")
			}
			if failAt == 0 {
				checkFound(t, env)
			}
		}
		if digests[0] != digests[1] {
			t.Errorf("%s: a stage that was stopped ends in another digest", fuse)
		}
	}
}

func TestRun_OnlyWhatPeopleHaveAskedTeachesTheFusion(t *testing.T) {
	withLetters(t, &letters{})
	fusion := func(id func(string) string) search.Fusion {
		env := runWith(t, id)
		if err := New(Config{Fuse: search.Learned, Dense: []string{"letters"}}).Run(context.Background(), env); err != nil {
			t.Fatal(err)
		}
		f, err := search.ReadFusion(env.Dir(stages.Find))
		if err != nil {
			t.Fatal(err)
		}
		checkFound(t, env) // the program's own questions are measured all the same
		return f
	}
	begins := func(f search.Fusion) (as int) {
		for _, s := range f.Signals {
			if want, ok := start[s.Signal]; ok && s.Weight == want || s.Signal == "letters" && s.Weight == 1 {
				as++
			}
		}
		return as
	}
	for _, id := range []func(string) string{func(section string) string { return section }, exam.RuledID} {
		if f := fusion(id); f.Questions != 0 || begins(f) != len(f.Signals) {
			t.Errorf("the program's own questions have taught %d weights by %d questions: %+v", len(f.Signals)-begins(f), f.Questions, f.Signals)
		}
	}
	if f := fusion(func(section string) string { return "asked of " + section }); f.Questions != 60 || begins(f) == len(f.Signals) {
		t.Errorf("60 questions of people leave %d of %d weights as they were; %d are counted", begins(f), len(f.Signals), f.Questions)
	}
}

func texts(t *testing.T, env *stages.Env) []string {
	t.Helper()
	store, err := corpus.Open(filepath.Join(env.Dir(stages.Data), "sections.arrow"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	out, _ := windows(store, forms, 120)
	return out
}

// checkFound checks what a finished stage says of itself.
func checkFound(t *testing.T, env *stages.Env) {
	t.Helper()
	quality, err := search.ReadRetrieval(env.Dir(stages.Find))
	if err != nil {
		t.Fatal(err)
	}
	by := map[string]retrieve.Quality{}
	for _, q := range quality {
		by[q.Retriever] = q
	}
	if h, k := by[search.Hybrid], by[search.Keyword]; h.Questions != 20 || k.Recall5.Value < 0.9 || h.Recall5.Value < 0.8 || by["letters"].Recall20.Value == 0 {
		t.Errorf("%+v", quality)
	}
	list, err := metrics(env.Dir(stages.Find))
	if err != nil || len(list) != 2*len(by) || list[0].Value != by[search.Keyword].Recall1.Value {
		t.Errorf("%v, %v", list, err)
	}
}

func TestDeal_QuestionsThatShareASectionAreInOneFold(t *testing.T) {
	var questions []retrieve.Asked
	for i := range 200 {
		questions = append(questions, retrieve.Asked{Sections: []int{i, i/10*10 + 1000}})
	}
	fold := deal(questions, 1)
	used := map[int]bool{}
	for i, f := range fold {
		used[f] = true
		if f != fold[i/10*10] || f < 0 || f >= folds {
			t.Errorf("question %d is in fold %d", i, f)
		}
	}
	if len(used) != folds {
		t.Errorf("folds %v are used", used)
	}
}

func TestWindows_EveryCharacterStandsInOne(t *testing.T) {
	long := strings.Repeat("word after word ", 60)
	sections := corpus.Slice{{Title: "A", Number: "1", Heading: "Head", Text: "short"}, {Title: "B", Number: "2", Heading: "word", Text: long}, {Title: "民法", Number: "三", Text: strings.Repeat("自然人的民事权利", 60)}, {Title: "C"}}
	texts, owner := windows(sections, forms, 200)
	covered := map[int]int{}
	for i, text := range texts {
		s := sections[owner[i]]
		if width(text) > 210 || !strings.HasPrefix(text, s.Title+". ") {
			t.Errorf("window %d: %q", i, text)
		}
		piece := strings.TrimPrefix(text, s.Title+". ")
		piece = strings.TrimPrefix(piece, "Head. ")
		at := strings.Index(s.Text[max(0, covered[owner[i]]-len(piece)):], piece)
		if at < 0 {
			t.Errorf("window %d does not go on where the one before ends", i)
		}
		covered[owner[i]] = min(len(s.Text), covered[owner[i]]+len(piece))
	}
	for i, s := range sections {
		if covered[i] != len(s.Text) {
			t.Errorf("of section %d, %d bytes of %d are in windows", i, covered[i], len(s.Text))
		}
	}
	if whole, _ := windows(sections, forms, 0); len(whole) != 4 || whole[1] != "B. "+long || whole[0] != "A. Head. short" {
		t.Errorf("without a limit: %q", whole)
	}
	if !reflect.DeepEqual(unpack(pack([][]float32{{1, -2.5}, {3, 4}}), 2), [][]float32{{1, -2.5}, {3, 4}}) {
		t.Error("vectors do not come back from the journal")
	}
}

func TestDocumentForm_IsAPlaceWithoutItsNumber(t *testing.T) {
	for place, want := range map[string]string{
		"{title} license\nSection {number}:": "{title} license", "{title}{number}：": "{title}", "The {title}, section {number}:": "The {title}, section",
		"{heading} of {title}:": "{title}", "": "{title}", "{title}:": "{title}",
	} {
		if got := documentForm(place); got != want {
			t.Errorf("%q: %q, want %q", place, got, want)
		}
	}
}

func TestConfig_MistakesAreFound(t *testing.T) {
	withLetters(t, &letters{})
	for _, c := range []struct {
		cfg  Config
		want string
	}{
		{Default(), ""},
		{Config{Fuse: search.RRF, Dense: []string{"letters"}}, ""},
		{Config{Fuse: search.None, Dense: []string{"letters"}}, "dense: is read with"},
		{Config{Fuse: search.RRF, Dense: []string{"nosuch"}}, `dense[0]: unknown encoder "nosuch"`},
		{Config{Fuse: search.RRF, Dense: []string{"letters", "letters"}}, "dense[1]: letters stands there twice"},
	} {
		if err := c.cfg.Validate(); (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v", c.cfg, err)
		}
	}
}
