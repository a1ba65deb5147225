package eval

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"slm/llm"
	"slm/result"
	"slm/stages"
	"slm/stages/domain"
	"slm/stages/systems"
)

// proxyRun evaluates llm, slm and proxy of a run whose LLM is the model of one of its own stages, and returns rows by system and the notes.
func proxyRun(t *testing.T, run, stage string, set systems.Proxying) (rows map[string][]result.Row, notes string) {
	t.Helper()
	return proxyRunBy(t, run, stage, set, func(box *llm.Service) llm.Client { return box })
}

// proxyRunBy is proxyRun with a client made of that LLM.
func proxyRunBy(t *testing.T, run, stage string, set systems.Proxying, by func(*llm.Service) llm.Client) (rows map[string][]result.Row, notes string) {
	t.Helper()
	env := tinyEnv(t, run, nil)
	tok, err := os.ReadFile(filepath.Join(run, stages.Data, domain.TokenizerFile))
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(t.TempDir(), "of", stage)
	if err := os.CopyFS(folder, os.DirFS(filepath.Join(run, stage))); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, domain.TokenizerFile), tok, 0o644); err != nil {
		t.Fatal(err)
	}
	cfg := llm.Default()
	cfg.Model = "run:" + folder
	box, err := llm.New(cfg, llm.Options{Kernel: env.Kernel})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = box.Close() })
	env.LLM = func(context.Context) (llm.Client, error) { return by(box), nil }
	c := tinyConfig()
	c.Systems, c.Proxy = systems.List{"llm", "slm", "proxy"}, set
	if err := New(c, false).Run(context.Background(), env); err != nil {
		t.Fatal(err)
	}
	sum, all, err := result.Read(filepath.Join(run, stages.Eval))
	if err != nil {
		t.Fatal(err)
	}
	if _, ran := sum.Find("proxy"); !ran {
		return nil, strings.Join(sum.Notes, "\n")
	}
	if sum.Steered == nil || !strings.Contains(strings.Join(sum.Notes, "\n"), sum.Steered.Note) || sum.Steered.Alpha != set.Alpha {
		t.Errorf("the summary says of proxy %+v, its notes %q", sum.Steered, sum.Notes)
	}
	rows = map[string][]result.Row{}
	for _, r := range all {
		rows[r.System] = append(rows[r.System], r)
	}
	return rows, strings.Join(sum.Notes, "\n")
}

func sameScores(a, b []result.Row) bool {
	for i := range a {
		for k := range a[i].Scores {
			if !(math.Abs(a[i].Scores[k]-b[i].Scores[k]) < 1e-5) {
				return false
			}
		}
		if a[i].Picked != b[i].Picked {
			return false
		}
	}
	return len(a) == len(b) && len(a) > 0
}

// The LLM is what the small model was before kit.
func TestProxy_IsTheSmallModelAloneWhereTheLLMIsTheUntunedOne(t *testing.T) {
	run := tinyRun(t, 12)
	rows, notes := proxyRun(t, run, stages.DP, systems.Proxying{Alpha: 1})
	if !sameScores(rows["proxy"], rows["slm"]) {
		t.Errorf("proxy %+v\nslm %+v", rows["proxy"], rows["slm"])
	}
	if sameScores(rows["slm"], rows["llm"]) || !strings.Contains(notes, "alpha is 1, by the recipe") {
		t.Errorf("slm is llm, or the note is missing: %s", notes)
	}
	half, _ := proxyRun(t, run, stages.DP, systems.Proxying{Alpha: 0.5})
	if sameScores(half["proxy"], rows["slm"]) || sameScores(half["proxy"], rows["llm"]) {
		t.Error("half of alpha moves the LLM by nothing, or by all")
	}
}

// Models of random weights know nothing, so that no alpha is better than another.
func TestProxy_AnswersAsTheLLMWhereNoGainIsShown(t *testing.T) {
	rows, notes := proxyRun(t, tinyRun(t, 48), stages.DP, systems.Proxying{})
	if !sameScores(rows["proxy"], rows["llm"]) || !strings.Contains(notes, "no gain is shown: alpha ") || !strings.Contains(notes, "of 12 development questions right") {
		t.Error(notes)
	}
	if _, notes = proxyRun(t, tinyRun(t, 8), stages.DP, systems.Proxying{}); !strings.Contains(notes, "alpha takes 8 development questions with options, and there are 2") {
		t.Error(notes)
	}
}

func TestProxy_IsLeftOutWithTheReason(t *testing.T) {
	run := tinyRun(t, 12)
	c := tinyConfig()
	c.Systems = systems.List{"proxy"}
	leave := func(run, why string) {
		t.Helper()
		env := tinyEnv(t, run, &reader{})
		if err := New(c, false).Run(context.Background(), env); err != nil {
			t.Fatal(err)
		}
		sum, _, err := result.Read(filepath.Join(run, stages.Eval))
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := sum.Find("proxy"); ok || !strings.Contains(strings.Join(sum.Notes, "\n"), why) {
			t.Errorf("want %q: %q", why, sum.Notes)
		}
	}
	leave(run, "the LLM is not in this process")

	other := tinyRun(t, 8) // its tokenizer is of other texts
	tok, err := os.ReadFile(filepath.Join(other, stages.Data, domain.TokenizerFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(other, stages.DP, domain.TokenizerFile), tok, 0o644); err != nil {
		t.Fatal(err)
	}
	cfg := llm.Default()
	cfg.Model = "run:" + filepath.Join(other, stages.DP)
	env := tinyEnv(t, run, nil)
	box, err := llm.New(cfg, llm.Options{Kernel: env.Kernel})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = box.Close() }()
	env.LLM = func(context.Context) (llm.Client, error) { return box, nil }
	if err := New(c, false).Run(context.Background(), env); err != nil {
		t.Fatal(err)
	}
	sum, _, err := result.Read(filepath.Join(run, stages.Eval))
	if err != nil || !strings.Contains(strings.Join(sum.Notes, "\n"), "the models have different vocabularies: stage kit has the tokenizer ") {
		t.Errorf("%v, %q", err, sum.Notes)
	}
}
