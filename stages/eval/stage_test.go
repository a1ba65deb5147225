package eval

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"slm/checkpoint"
	"slm/data/corpus"
	"slm/data/exam"
	"slm/data/form"
	"slm/data/pack"
	"slm/data/tokenizer"
	"slm/llm"
	"slm/model"
	"slm/model/kernel"
	"slm/result"
	"slm/rng"
	"slm/stages"
	"slm/stages/domain"
	"slm/stages/systems"
)

// reader is a fake black box: an option is likely if it stands in the prompt, else by a hash of both.
type reader struct {
	calls, failAt int
}

func (r *reader) Info() llm.Info {
	return llm.Info{Provider: "fake", Model: "reader", CanScore: true}
}
func (r *reader) Close() error { return nil }
func (r *reader) Do(_ context.Context, reqs []llm.Request) ([]llm.Reply, error) {
	if r.calls++; r.calls == r.failAt {
		return nil, llm.ErrUnavailable
	}
	out := make([]llm.Reply, len(reqs))
	for i, q := range reqs {
		out[i] = llm.Reply{PromptTokens: len(strings.Fields(q.Prompt)), Calls: 1}
		for _, o := range q.Options {
			score := llm.Score{LogProb: -5 - rng.New(0, q.Prompt, o).Float64(), Tokens: 1}
			if strings.Contains(q.Prompt, strings.TrimSpace(o)) {
				score.LogProb += 5
			}
			out[i].Scores = append(out[i].Scores, score)
		}
	}
	return out, nil
}

var forms = form.Set{Place: "{title}\nSection {number}:", Document: []string{"{title}\nSection {number}:"}, Question: []string{"What does section {number} of {title} say?"}}

// tinyRun writes the checkpoints that an evaluation reads, with models of random weights.
func tinyRun(t *testing.T, sections int) string {
	t.Helper()
	run := t.TempDir()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var all []corpus.Section
	var items []exam.Item
	var texts []string
	for i := range sections {
		sec := corpus.Section{ID: fmt.Sprintf("Act#%d", i), Title: "Act", Number: fmt.Sprint(i), Text: text(i), Source: "test"}
		all, texts = append(all, sec), append(texts, forms.PlaceOf(sec)+" "+sec.Text)
		it := exam.Item{ID: sec.ID, Section: sec.ID, Question: forms.ExamOf(sec), Answer: i % 3, Split: exam.Test, Place: forms.PlaceOf(sec), Knowledge: sec.Text}
		for c := range 3 {
			it.Choices = append(it.Choices, text((i + (c - i%3 + sections)) % sections)[:20])
		}
		if i%4 == 3 {
			it.Split = exam.Dev
		}
		items = append(items, it)
	}
	tok, err := tokenizer.Train(slices.Values(texts), tokenizer.TrainOptions{Vocab: 300, Special: []string{domain.EOS}})
	check(err)
	write := func(stage string, fill func(p *checkpoint.Pending)) {
		p, err := checkpoint.Begin(filepath.Join(run, stage))
		check(err)
		fill(p)
		check(p.Commit(&checkpoint.Manifest{Stage: stage, Fingerprint: stage}))
	}
	write(stages.Data, func(p *checkpoint.Pending) {
		check(tok.Save(p.Path(domain.TokenizerFile)))
		stream := func(yield func(corpus.Section, error) bool) {
			for _, sec := range all {
				if !yield(sec, nil) {
					return
				}
			}
		}
		check(corpus.Write(p.Path(domain.SectionsFile), stream, nil))
		shards, err := pack.WriteShards(filepath.Join(t.TempDir(), "shards"), func(skip int) iter.Seq2[pack.Example, error] {
			return domain.Shards(tok, domain.EOS, forms, stream, skip)
		}, 1000)
		check(err)
		check(shards.Link(filepath.Dir(p.Path("x"))))
		check(exam.Write(p.Path(domain.ExamFile), items, nil))
		check(forms.Save(p.Path(domain.FormsFile)))
	})
	cfg := model.Config{Vocab: tok.Vocab(), Width: 16, Layers: 1, Heads: 2, KVHeads: 2, HeadDim: 8, Hidden: 32, Context: 128, RopeTheta: 10000, NormEps: 1e-5, Tied: true}
	for seed, stage := range []string{stages.DP, stages.KIT} {
		write(stage, func(p *checkpoint.Pending) {
			check(domain.SaveModel(p.Path(domain.WeightsFile), model.New(cfg, uint64(seed))))
		})
	}
	write(stages.BPO, func(p *checkpoint.Pending) {
		type row struct {
			Soft []float32 `arrow:"soft"`
		}
		check(checkpoint.WriteTable(p.Path("prompt.arrow"), []row{{make([]float32, 2*cfg.Width)}}, nil))
	})
	return run
}

func tinyEnv(t *testing.T, run string, box *reader) *stages.Env {
	t.Helper()
	k, err := kernel.Open("go")
	if err != nil {
		t.Fatal(err)
	}
	return &stages.Env{
		Run: run, Seed: 3, Fingerprint: "f", Parents: map[string]string{stages.KIT: "k"}, Kernel: k, Answer: llm.Cloze,
		LLM:     func(context.Context) (llm.Client, error) { return box, nil },
		Replies: func(path string) error { return os.WriteFile(path, []byte("replies"), 0o644) },
		Emit:    func(stages.Event) {}, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return time.Unix(0, 0) },
	}
}

func tinyConfig() Config {
	c := Default()
	c.Knowledge, c.Intervals.N = 24, 200
	return c
}

func TestRun_WritesItsCheckpointAndAKilledOneEndsInTheSameDigest(t *testing.T) {
	run := tinyRun(t, 12)
	var digests []string
	for _, failAt := range []int{0, 4} {
		box := &reader{failAt: failAt}
		env := tinyEnv(t, run, box)
		err := New(tinyConfig(), false).Run(context.Background(), env)
		if failAt > 0 {
			if !errors.Is(err, llm.ErrUnavailable) {
				t.Fatalf("the black box fails: %v", err)
			}
			if m, err := checkpoint.Load(env.Dir(stages.Eval)); err != nil || m.Digest() != digests[0] {
				t.Fatalf("the old checkpoint is hurt: %v", err)
			}
			err = New(tinyConfig(), false).Run(context.Background(), env)
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := checkpoint.Verify(env.Dir(stages.Eval)); err != nil {
			t.Fatal(err)
		}
		m, err := checkpoint.Load(env.Dir(stages.Eval))
		if err != nil {
			t.Fatal(err)
		}
		digests = append(digests, m.Digest())
		if _, err := os.Stat(env.Work(stages.Eval)); !os.IsNotExist(err) {
			t.Error("partial work is left behind")
		}
		if m.Counters["items"] != 9 || m.Counters["llm_calls"] != 90 {
			t.Errorf("counters %v", m.Counters)
		}
	}
	if digests[0] != digests[1] {
		t.Error("an evaluation that was stopped ends in another digest")
	}
	s, rows, err := result.Read(filepath.Join(run, stages.Eval))
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Systems) != len(systems.Usual())+1 || len(rows) != 9*(len(systems.Usual())+1) || s.LLM != "reader" || s.Limit != 24 {
		t.Errorf("%d systems, %d rows, %+v", len(s.Systems), len(rows), s)
	}
	if o, _ := s.Find("oracle"); o.Accuracy != 1 {
		t.Errorf("oracle: %+v", o)
	}
	for _, r := range rows {
		if r.System == "oracle" && (r.Knowledge == "" || !strings.HasPrefix(text(atoi(r.Section)), r.Knowledge)) {
			t.Errorf("oracle is given %q for %s", r.Knowledge, r.Section)
		}
	}
}

func atoi(section string) (n int) {
	_, _ = fmt.Sscanf(section, "Act#%d", &n)
	return n
}

func TestQuestions_OtherOnesLeaveTheRunAsItIs(t *testing.T) {
	run := tinyRun(t, 8)
	items := []exam.Item{
		{ID: "1", Question: "What does section 2 of Act say?", Choices: []string{text(2)[:40], text(3)[:40]}},
		{ID: "2", Question: "And section 5?", Choices: []string{text(1)[:40], text(5)[:40], text(6)[:40]}, Answer: 1},
	}
	s, rows, err := New(tinyConfig(), false).Items(context.Background(), tinyEnv(t, run, &reader{}), items)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := s.Find("oracle"); ok || len(s.Recall) != 0 || s.Items != 2 {
		t.Errorf("%+v", s)
	}
	if want := (1./2 + 1./3) / 2; math.Abs(s.Chance-want) > 1e-15 {
		t.Errorf("chance %v, want %v", s.Chance, want)
	}
	if len(rows) != 2*len(s.Systems) {
		t.Errorf("%d rows", len(rows))
	}
	if _, err := os.Stat(filepath.Join(run, stages.Eval)); !os.IsNotExist(err) {
		t.Error("it wrote into the run")
	}
}

// A question that names a place has the corpus's text there for a truth, and all that hangs on it.
func TestQuestions_OtherOnesFindTheirSections(t *testing.T) {
	run := tinyRun(t, 8)
	items := []exam.Item{
		{ID: "1", Question: "What does Act section 2 say?", Choices: []string{text(2)[:40], text(3)[:40]}},
		{ID: "2", Question: "Recite Act Section 5: what is it?", Choices: []string{text(1)[:40], text(5)[:40]}, Answer: 1, Knowledge: "its own"},
	}
	s, rows, err := New(tinyConfig(), false).Items(context.Background(), tinyEnv(t, run, &reader{}), items)
	if err != nil {
		t.Fatal(err)
	}
	oracle := map[string]string{}
	for _, r := range rows {
		if r.System == "oracle" {
			oracle[r.Item] = r.Section + " " + r.Knowledge
		}
	}
	if _, ok := s.Find("oracle"); !ok || !strings.HasPrefix(text(2), strings.TrimPrefix(oracle["1"], "Act#2 ")) || oracle["2"] != "Act#5 its own" || items[0].Section != "" {
		t.Errorf("%q, %+v", oracle, items[0])
	}
}

func TestRunner_PassagesOfAllSystemsHaveTheSameLimit(t *testing.T) {
	run := tinyRun(t, 8)
	dom, err := domain.Open(filepath.Join(run, stages.Data))
	if err != nil {
		t.Fatal(err)
	}
	cfg := tinyConfig()
	_, rows, err := New(cfg, false).Items(context.Background(), tinyEnv(t, run, &reader{}), dom.Items)
	if err != nil {
		t.Fatal(err)
	}
	most := map[string]int{}
	for _, r := range rows {
		most[r.System] = max(most[r.System], len(dom.Tokenizer.Encode(r.Knowledge)))
	}
	for system, passages := range map[string]int{"llm": 0, "dp": 1, "blade": 1, "rag1": 1, "oracle": 1, "rag3": 3, "rag+blade": 2} {
		if limit := passages*cfg.Knowledge + max(0, passages-1); most[system] > limit {
			t.Errorf("%s is given %d tokens, more than %d", system, most[system], limit)
		}
	}
	if most["oracle"] != cfg.Knowledge || most["rag3"] < 2*cfg.Knowledge {
		t.Errorf("the limit is not used: %v", most)
	}
}
