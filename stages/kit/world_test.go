package kit

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"slm/checkpoint"
	"slm/data/corpus"
	"slm/data/exam"
	"slm/data/form"
	"slm/data/tokenizer"
	"slm/llm"
	"slm/model"
	"slm/model/kernel"
	"slm/rng"
	"slm/stages"
	"slm/stages/domain"
)

const (
	sectionCount = 12
	options      = 3
	unasked      = 6 // a section without a question in the exam
)

// text is a section's: words of its own.
func text(i int) string {
	s, words := rng.New(8, "text").At(uint64(i)), make([]string, 40)
	for w := range words {
		letters := make([]byte, 3+s.IntN(4))
		for l := range letters {
			letters[l] = byte('a' + s.IntN(26))
		}
		words[w] = string(letters)
	}
	return strings.Join(words, " ")
}

// newDomain has one act; of every four sections one is held out for dev and one for test.
func newDomain(t *testing.T) *domain.Domain {
	t.Helper()
	set, err := form.Default(form.NumberForms)
	if err != nil {
		t.Fatal(err)
	}
	dom := &domain.Domain{Forms: set}
	var texts []string
	for i := range sectionCount {
		sec := corpus.Section{ID: fmt.Sprintf("Act#%d", i), Title: "Act", Number: strconv.Itoa(i), Text: text(i), Source: fmt.Sprintf("act.txt:%d", i)}
		dom.Sections, texts = append(dom.Sections, sec), append(texts, set.PlaceOf(sec)+" "+sec.Text)
		if i == unasked {
			continue
		}
		item := exam.Item{
			ID: sec.ID, Section: sec.ID, Question: set.ExamOf(sec), Answer: i % options, Place: set.PlaceOf(sec), Knowledge: sec.Text,
			Split: []string{exam.Train, exam.Dev, exam.Train, exam.Test}[i%4],
		}
		for c := range options {
			item.Choices = append(item.Choices, text((i + c - item.Answer + sectionCount) % sectionCount)[:30])
		}
		dom.Items = append(dom.Items, item)
	}
	if dom.Tokenizer, err = tokenizer.Train(slices.Values(texts), tokenizer.TrainOptions{Vocab: 500, Special: []string{domain.EOS}}); err != nil {
		t.Fatal(err)
	}
	return dom
}

// box is a fake black box: with a section's text before it, it picks the right option, except for the sections that it gets wrong.
type box struct {
	t      *testing.T
	items  []exam.Item
	wrong  map[string]bool // sections
	fails  error
	opened int
	asked  map[string]int // by item
}

func (b *box) Info() llm.Info { return llm.Info{Provider: "fake", Model: "box", CanScore: true} }

func (b *box) Do(_ context.Context, reqs []llm.Request) ([]llm.Reply, error) {
	if b.fails != nil {
		return nil, b.fails
	}
	out := make([]llm.Reply, len(reqs))
	for i, r := range reqs {
		at := slices.IndexFunc(b.items, func(it exam.Item) bool { return strings.Contains(r.Prompt, it.Question) })
		if at < 0 {
			b.t.Errorf("asked something else: %q", r.Prompt)
			continue
		}
		item := b.items[at]
		b.asked[item.ID]++
		if !strings.Contains(r.Prompt, item.Knowledge[:30]) || len(r.Options) != options {
			b.t.Errorf("%s was asked without its knowledge, or with %d options", item.ID, len(r.Options))
		}
		pick := item.Answer
		if b.wrong[item.Section] {
			pick = (pick + 1) % options
		}
		for c := range r.Options {
			score := llm.Score{LogProb: -9 - float64(c), Tokens: 3}
			if c == pick {
				score.LogProb = -1
			}
			out[i].Scores = append(out[i].Scores, score)
		}
	}
	return out, nil
}

// newRun writes the checkpoints that the stage reads and returns its surroundings.
func newRun(t *testing.T, dom *domain.Domain, b *box) *stages.Env {
	t.Helper()
	be, err := kernel.Open("go")
	if err != nil {
		t.Fatal(err)
	}
	b.t, b.items, b.asked = t, dom.Items, map[string]int{}
	env := &stages.Env{
		Run: t.TempDir(), Seed: 7, Fingerprint: "f", Kernel: be, Answer: llm.Cloze, Emit: func(stages.Event) {}, Log: slog.New(slog.DiscardHandler),
		Now:     func() time.Time { return time.Unix(0, 0) },
		LLM:     func(context.Context) (llm.Client, error) { b.opened++; return b, nil },
		Replies: func(path string) error { return os.WriteFile(path, []byte("replies"), 0o644) },
	}
	commit := func(stage string, errs func(p *checkpoint.Pending) []error) {
		t.Helper()
		p, err := checkpoint.Begin(env.Dir(stage))
		if err != nil {
			t.Fatal(err)
		}
		for _, err := range append(errs(p), p.Commit(&checkpoint.Manifest{Stage: stage})) {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	commit(stages.Data, func(p *checkpoint.Pending) []error {
		sections := func(yield func(corpus.Section, error) bool) {
			for _, s := range dom.Sections {
				if !yield(s, nil) {
					return
				}
			}
		}
		return []error{
			corpus.Write(p.Path(domain.SectionsFile), sections, nil), exam.Write(p.Path(domain.ExamFile), dom.Items),
			dom.Forms.Save(p.Path(domain.FormsFile)), dom.Tokenizer.Save(p.Path(domain.TokenizerFile)),
		}
	})
	commit(stages.DP, func(p *checkpoint.Pending) []error {
		shape := model.Config{
			Vocab: dom.Tokenizer.Vocab(), Width: 8, Layers: 1, Heads: 1, KVHeads: 1, HeadDim: 8, Hidden: 8, Context: 128, RopeTheta: 10000, NormEps: 1e-5, Tied: true,
		}
		return []error{domain.SaveModel(p.Path(domain.WeightsFile), model.New(shape, 1))}
	})
	return env
}

// brief is a recipe of one step.
func brief() Config {
	c := Default()
	c.Epochs, c.Batch = 0.01, 128
	return c
}
