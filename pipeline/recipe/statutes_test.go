package recipe

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"slm/data/corpus"
	"slm/data/exam"
	"slm/data/pairs"
	"slm/recipes"
	"slm/stages"
	"slm/stages/dp"
)

// The statutes' exam is never trained on: not its questions, in no split, and none of its articles is asked about in training.
func TestStatutesCN_AreTrainedWithoutTheirExam(t *testing.T) {
	data, err := filepath.Abs(filepath.Join("..", "..", "..", "shared", "data"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := Load(Source{Name: "statutes-cn", Shipped: recipes.Files, Env: []string{"SLM_DATA=" + data}})
	if err != nil {
		t.Fatal(err)
	}
	if n := r.Model.Config(r.Tokenizer.Train.Vocab).Count(); n > 5_000_000 {
		t.Errorf("the model has %d parameters", n)
	}
	if _, err := os.Stat(r.Data.Exam.File); errors.Is(err, os.ErrNotExist) {
		t.Skip("the statutes are not here: slm data pull statutes-cn")
	}
	if stages.Get[dp.Mix](r, "stages.dp.mix").Pairs != 0 || stages.Get[string](r, "stages.kit.pairs.from") != "corpus" {
		t.Errorf("mix %+v, pairs from %s", stages.Get[dp.Mix](r, "stages.dp.mix"), stages.Get[string](r, "stages.kit.pairs.from"))
	}
	sections, _, err := corpus.Collect(corpus.Options{Paths: r.Data.Corpus.Path, Numbered: r.Data.Corpus.Numbered, Exact: r.Data.Corpus.Dedup.Exact})
	if err != nil {
		t.Fatal(err)
	}
	items, err := exam.Read(r.Data.Exam.File, exam.From{})
	if err != nil {
		t.Fatal(err)
	}
	forms := r.Data.Forms.Set()
	stream := func(yield func(corpus.Section, error) bool) {
		for _, s := range sections {
			if !yield(s, nil) {
				return
			}
		}
	}
	found, err := exam.Locate(items, stream, forms)
	if err = errors.Join(err, exam.Assign(items, r.Data.Exam.Split.Dev, r.Data.Exam.Split.Test, r.Seed, nil)); err != nil {
		t.Fatal(err)
	}
	if len(sections) != 1908 || found.Items != len(items) || len(items) != 817 {
		t.Errorf("%d articles; %d of %d questions name one", len(sections), found.Items, len(items))
	}
	squeeze := func(text string) string { return strings.Trim(strings.Join(strings.Fields(text), ""), ":：") }
	asked, held := map[string]bool{}, map[string]bool{}
	for _, m := range items {
		asked[squeeze(m.Question)] = true
		held[m.Section] = held[m.Section] || m.Split != exam.Train
		if want := m.Choices[m.Answer]; !strings.HasPrefix(squeeze(m.Knowledge), squeeze(want)[:15]) {
			t.Errorf("%s: the article begins %.40s, the right choice %.40s", m.ID, m.Knowledge, want)
		}
	}
	for _, s := range sections {
		for i := range forms.Document {
			if text := squeeze(forms.DocumentOf(s, i)); asked[text] {
				t.Errorf("%q is read in training and asked in the exam", text)
			}
		}
	}
	for p := range pairs.Over(corpus.Slice(sections), exam.Held(items), forms, r.Seed).All() {
		if asked[squeeze(p.Question)] || held[p.Section] {
			t.Fatalf("%q about %s is asked in training", p.Question, p.Section)
		}
	}
}
