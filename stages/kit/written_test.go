package kit

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"slm/checkpoint"
	"slm/data/pairs"
	"slm/llm"
	"slm/stages"
	"slm/stages/domain"
)

// scribe writes a question for each text that it is shown, about its first word, and picks the answer of which the knowledge holds the words.
type scribe struct{ asked int }

func (*scribe) Info() llm.Info { return llm.Info{Provider: "fake", Model: "scribe", CanScore: true} }

var shown = regexp.MustCompile(`Text:\n(\S+) (\S+) (\S+)`)

func (s *scribe) Do(_ context.Context, reqs []llm.Request) ([]llm.Reply, error) {
	out := make([]llm.Reply, len(reqs))
	for i, r := range reqs {
		s.asked++
		out[i].Calls = 1
		if len(r.Options) == 0 {
			words := shown.FindStringSubmatch(r.Prompt)
			out[i].Text = fmt.Sprintf("Q: After %[1]s and %[2]s, which %[1]s of %[2]s?\nA: %[3]s\nQ: Why?\nA: no", words[1], words[2], words[3])
		}
		for _, option := range r.Options {
			lp := -9 - float64(len(out[i].Scores))
			if strings.Contains(r.Prompt, option) {
				lp = -1
			}
			out[i].Scores = append(out[i].Scores, llm.Score{LogProb: lp, Tokens: 1})
		}
	}
	return out, nil
}

// newWriting is a run whose questions are written, by the run's black box or by another one.
func newWriting(t *testing.T, other bool) (Config, *stages.Env, *scribe, *scribe) {
	t.Helper()
	env := newRun(t, newDomain(t), &box{})
	cfg, box, second := brief(), &scribe{}, &scribe{}
	cfg.Pairs.From, cfg.Filter = "llm", false
	env.LLM = func(context.Context) (llm.Client, error) { return box, nil }
	env.Other = func(string) (llm.Client, error) { return second, nil }
	env.OtherReplies = func(_, path string) error { return os.WriteFile(path, []byte("others"), 0o666) }
	if other {
		own := llm.Default()
		cfg.Writer = &own
	}
	return cfg, env, box, second
}

func TestWritten_QuestionsTeachThePlaceAndSayWhyTheyStayed(t *testing.T) {
	for _, other := range []bool{false, true} {
		cfg, env, box, second := newWriting(t, other)
		rows, m := run(t, cfg, env)
		kept := 0
		for _, r := range rows {
			why := "dropped: it has 1 words"
			if r.Kept {
				kept++
				why = "kept: the black box answers right with the knowledge"
			}
			if r.Kind != pairs.Written || r.Why != why || r.Place == "" || r.Text == "" || r.Answer == "" || !strings.HasPrefix(r.Source, "written by scribe from act.txt:") {
				t.Errorf("%+v", r)
			}
		}
		if kept != sectionCount || len(rows) != 2*sectionCount {
			t.Errorf("%d of %d are kept", kept, len(rows))
		}
		for name, want := range map[string]string{"written": "24", "written_kept": "12", "written_keep_rate": "0.5000", "written_sections": "12", "written_dropped_length": "12", "written_no_question": "0", "llm_calls": "24"} {
			if m.Facts[name] != want {
				t.Errorf("%s is %q, want %q", name, m.Facts[name], want)
			}
		}
		if other != (second.asked == sectionCount) || other == (box.asked == 2*sectionCount) {
			t.Errorf("other %v: the run's is asked %d times, the other %d times", other, box.asked, second.asked)
		}
		_, table := stages.OtherReplies(writerName)
		if _, err := os.Stat(filepath.Join(env.Dir(stages.KIT), table)); (err == nil) != other {
			t.Errorf("other %v: its replies: %v", other, err)
		}
	}
}

func TestWritten_WhatWasKeptIsAFileForTheNextRun(t *testing.T) {
	cfg, env, _, _ := newWriting(t, false)
	rows, _ := run(t, cfg, env)
	next := brief()
	next.Pairs.From, next.Pairs.File = "file", filepath.Join(env.Dir(stages.KIT), WrittenFile)
	again, _ := run(t, next, newRun(t, newDomain(t), &box{}))
	n := 0
	for _, r := range rows {
		if !r.Kept {
			continue
		}
		if a := again[n]; a.Question != r.Question || a.Place != r.Place || a.Text != r.Text || !a.Kept {
			t.Errorf("%+v, was %+v", a, r)
		}
		n++
	}
	if n != len(again) || n == 0 {
		t.Errorf("%d questions of %d", len(again), n)
	}
}

func TestWritten_StandBesideOtherPairsInTheLesson(t *testing.T) {
	cfg, env, _, _ := newWriting(t, false)
	cfg.Pairs.From = "corpus+llm"
	rows, _ := run(t, cfg, env)
	kinds := map[string]int{}
	for _, r := range rows {
		kinds[r.Kind]++
	}
	if kinds[pairs.Written] != 2*sectionCount || kinds[pairs.Number] == 0 {
		t.Errorf("%v", kinds)
	}
	dom, err := domain.Open(env.Dir(stages.Data))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = dom.Close() }() // mapped for reading
	list, err := New(cfg).pairs(dom, reading(t, dom), 7)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := New(cfg).write(t.Context(), env, dom, &list); err != nil {
		t.Fatal(err)
	}
	for _, steps := range []string{"two-step", "one-step"} {
		cfg.Knowledge = steps
		l := &lesson{cfg: cfg, dom: dom, read: list.read, pairs: list, seed: 7, context: 512}
		taught := 0
		for _, ex := range pass(t, l, 0) {
			if !strings.Contains(ex.ID, "/"+pairs.Written+"/") {
				continue
			}
			taught++
			answer := dom.Tokenizer.Decode(ex.Tokens[ex.Prompt:])
			sec, _, ok := dom.Section(strings.TrimSpace(answer[:strings.Index(answer, ":")+1]))
			if !ok || !strings.HasPrefix(ex.ID, sec.ID+"/") || strings.Contains(answer, sec.Text) != (steps == "one-step") {
				t.Errorf("%s, %s: %q", steps, ex.ID, answer)
			}
		}
		if taught != 2*sectionCount {
			t.Errorf("%s: %d are taught", steps, taught)
		}
	}
}

func TestWritten_AFailureOfTheWriterLeavesNoCheckpoint(t *testing.T) {
	cfg, env, _, _ := newWriting(t, true)
	env.Other = func(string) (llm.Client, error) { return &box{fails: llm.ErrBudget}, nil }
	if err := New(cfg).Run(t.Context(), env); err == nil || !strings.Contains(err.Error(), llm.ErrBudget.Error()) {
		t.Error(err)
	}
	if _, err := checkpoint.Load(env.Dir(stages.KIT)); err == nil {
		t.Error("a checkpoint was left")
	}
}
