// Package stagetest makes small domains and runs for the tests of the stages. Nothing else imports it.
package stagetest

import (
	"iter"
	"path/filepath"
	"testing"

	"slm/checkpoint"
	"slm/data/corpus"
	"slm/data/exam"
	"slm/data/pack"
	"slm/model"
	"slm/stages"
	"slm/stages/domain"
)

// Shape is the smallest model of a domain.
func Shape(dom *domain.Domain) model.Config {
	return model.Config{
		Vocab: dom.Tokenizer.Vocab(), Width: 8, Layers: 1, Heads: 1, KVHeads: 1, HeadDim: 8, Hidden: 8, Context: 128, RopeTheta: 10000, NormEps: 1e-5, Tied: true,
	}
}

// WriteData writes the checkpoint of stage data.
func WriteData(t *testing.T, env *stages.Env, dom *domain.Domain) {
	t.Helper()
	longest, _ := domain.MeasurePlaces(dom.Tokenizer, dom.Forms, dom.Sections.All(), 0)
	m := &checkpoint.Manifest{Stage: stages.Data, Counters: map[string]int64{domain.LongestPlace: int64(longest)}}
	commit(t, env, m, func(p *checkpoint.Pending) []error {
		sections := func(yield func(corpus.Section, error) bool) {
			for _, s := range dom.Sections.All() {
				if !yield(s, nil) {
					return
				}
			}
		}
		shards, err := pack.WriteShards(filepath.Join(t.TempDir(), "shards"), func(skip int) iter.Seq2[pack.Example, error] {
			return domain.Shards(dom.Tokenizer, domain.EOS, dom.Forms, sections, skip)
		}, 1000)
		if err != nil {
			return []error{err}
		}
		return []error{
			shards.Link(filepath.Dir(p.Path("x"))), corpus.Write(p.Path(domain.SectionsFile), sections, nil), exam.Write(p.Path(domain.ExamFile), dom.Items, nil),
			dom.Forms.Save(p.Path(domain.FormsFile)), dom.Tokenizer.Save(p.Path(domain.TokenizerFile)),
		}
	})
}

// Open writes a domain as stage data does, and opens what it has written.
func Open(t *testing.T, dom *domain.Domain) *domain.Domain {
	t.Helper()
	env := Env(t)
	WriteData(t, env, dom)
	opened, err := domain.Open(env.Dir(stages.Data))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := opened.Close(); err != nil {
			t.Error(err)
		}
	})
	return opened
}

// Commit writes a stage's checkpoint.
func Commit(t *testing.T, env *stages.Env, stage string, write func(p *checkpoint.Pending) []error) {
	t.Helper()
	commit(t, env, &checkpoint.Manifest{Stage: stage}, write)
}

func commit(t *testing.T, env *stages.Env, m *checkpoint.Manifest, write func(p *checkpoint.Pending) []error) {
	t.Helper()
	p, err := checkpoint.Begin(env.Dir(m.Stage))
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range append(write(p), p.Commit(m)) {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// Batch packs examples and lays out one batch.
func Batch(t *testing.T, examples pack.Source, rows, cols, i int) pack.Batch {
	t.Helper()
	b, err := pack.Pack(examples, rows, cols).Batch(i)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Examples makes every example of an epoch, or of another source.
func Examples(t *testing.T, from pack.Source, err error) (out pack.Examples) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	for i := range from.Len() {
		ex, err := from.Example(i)
		if err != nil {
			t.Fatal(err)
		}
		if tokens, prompt := from.Size(i); tokens != len(ex.Tokens) || prompt != ex.Prompt {
			t.Fatalf("%s has %d tokens and a prompt of %d, and %d and %d were announced", ex.ID, len(ex.Tokens), ex.Prompt, tokens, prompt)
		}
		out = append(out, ex)
	}
	return out
}
