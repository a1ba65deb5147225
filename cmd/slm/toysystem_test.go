package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"slm/result"
	"slm/stages"
	"slm/stages/systems"
)

// withToy is the variable by which the program is told to have one more system.
const withToy = "TOY_SYSTEM"

func init() {
	if os.Getenv(withToy) != "" {
		systems.All = append(systems.All, parrot)
	}
}

// parrot is a system as one writes a new one: a file, and its line in the list.
var parrot = systems.Spec{
	Name: "parrot", Label: "the parrot", Gets: "the question once more", Kind: systems.Baseline,
	Against: []systems.Contrast{{Over: systems.Alone, Topic: systems.Additional, Subject: "Parroting", Does: "A question that is put twice", Than: "the LLM alone"}},
	Note:    func(rows []result.Row) string { return "parrot: polly wants a cracker." },
	Cost:    func(items int, r *stages.Rates) stages.Cost { return r.AskItems(items, true) },
	Open: func(_ context.Context, r *systems.Resources) (systems.System, error) {
		return r.Reader(func(_ context.Context, qs []systems.Question) ([]systems.Answer, error) {
			out := make([]systems.Answer, len(qs))
			for i, q := range qs {
				out[i].Knowledge = q.Text
			}
			return out, nil
		}), nil
	},
}

// A system that is a file and a line is in every place that shows or runs systems. What forgets it fails here.
func TestToySystem_IsEverywhere(t *testing.T) {
	dir := t.TempDir()
	toy := func(args string) string {
		t.Helper()
		o := slmEnv(t, dir, []string{withToy + "=1"}, strings.Fields(args)...)
		if o.code != 0 {
			t.Fatalf("slm %s: %+v", args, o)
		}
		return o.out
	}
	has := func(where, text string, wants ...string) {
		t.Helper()
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("%s forgets the system: it lacks %q", where, want)
			}
		}
	}

	has("slm config keys", toy("config keys eval.systems"), " parrot;")
	has("slm config schema", toy("config schema"), " parrot;")
	has("the help of slm ask", toy("ask --help"), "parrot")

	questions := func(env ...string) (n int64) {
		o := slmEnv(t, dir, env, strings.Fields("plan tiny -o json "+lesser)...)
		var plan struct {
			Estimate struct {
				Stages []struct {
					Stage     string
					Questions int64
				}
			}
		}
		if err := json.Unmarshal([]byte(o.out), &plan); err != nil || o.code != 0 {
			t.Fatalf("%v, %+v", err, o)
		}
		for _, s := range plan.Estimate.Stages {
			if s.Stage == stages.Eval {
				n = s.Questions
			}
		}
		return n
	}
	const items = 4 // of lesser
	if with, without := questions(withToy+"=1"), questions(); with != without+items {
		t.Errorf("slm plan forgets the system: %d questions with it, %d without", with, without)
	}

	var trained struct {
		Run     string
		Summary result.Summary
	}
	if err := json.Unmarshal([]byte(toy("train tiny -q -o json "+lesser)), &trained); err != nil {
		t.Fatal(err)
	}
	if _, ok := trained.Summary.Find("parrot"); !ok {
		t.Errorf("the summary forgets the system: %+v", trained.Summary.Systems)
	}
	if _, ok := trained.Summary.Compare("parrot", systems.Alone); !ok {
		t.Errorf("the comparisons forget the system: %+v", trained.Summary.Comparisons)
	}
	var shown result.Summary
	if err := json.Unmarshal([]byte(toy("eval tiny -o json")), &shown); err != nil || shown.Verdict == nil || shown.Verdict.Learned == "" || shown.Measured == nil {
		t.Errorf("slm eval -o json shows no verdict: %v, %+v", err, shown)
	}
	has("the table", toy("eval tiny"), "\nparrot ", "polly wants a cracker")
	page, err := os.ReadFile(filepath.Join(dir, trained.Run, "report.html"))
	if err != nil {
		t.Fatal(err)
	}
	has("the report's chart", string(page), `aria-label="the parrot: `, "the question once more")
	has("the report's table", string(page), `<th scope="row">the parrot</th>`)
	has("the report's verdict", strings.ToLower(string(page)), "parroting", "a question that is put twice")

	var answer struct{ System, Knowledge string }
	out := slmEnv(t, dir, []string{withToy + "=1"}, "ask", "tiny", "Polly?", "--system", "parrot", "--choice", "yes", "--choice", "no", "-o", "json")
	if err := json.Unmarshal([]byte(out.out), &answer); err != nil || answer.System != "parrot" || answer.Knowledge != "Polly?" {
		t.Errorf("slm ask --system forgets the system: %v, %+v", err, out)
	}
	if o := slm(t, dir, "ask", "tiny", "Polly?", "--system", "parrot"); o.code != exitUsage || !strings.Contains(o.err, "shuffled") {
		t.Errorf("without the system: %+v", o)
	}
	toy("check tiny -s eval.systems=[llm,parrot]")
}
