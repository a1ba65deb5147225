package bpo

import (
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"slm/checkpoint"
	"slm/rng"
	"slm/stages"
)

func testEnv(t *testing.T) *stages.Env {
	t.Helper()
	return &stages.Env{
		Run: t.TempDir(), Seed: 7, Fingerprint: "f", Emit: func(stages.Event) {}, Log: slog.New(slog.DiscardHandler),
		Now:     func() time.Time { return time.Unix(0, 0) },
		Replies: func(path string) error { return os.WriteFile(path, []byte("replies"), 0o644) },
	}
}

func TestRun_CheckpointHoldsPromptTrialsAndTheVerdictInWords(t *testing.T) {
	for name, c := range map[string]struct {
		skill func([]float64) float64
		taken bool
	}{"hill": {hill, true}, "downhill": {downhill, false}} {
		t.Run(name, func(t *testing.T) {
			w := newDuo(160, c.skill)
			s := w.search(t, settings(), "")
			out := run(t, s)
			env := testEnv(t)
			project := NewProjection(Soft{Tokens: 5, Dim: 2, Scale: 1}, []float32{-0.1, 0.1}, 8, rng.New(1))
			if err := commit(env, settings(), s, out, project, "key"); err != nil {
				t.Fatal(err)
			}
			m, err := checkpoint.Load(env.Dir(stages.BPO))
			if err != nil {
				t.Fatal(err)
			}
			if want := map[bool]string{true: "a prompt is used", false: "no prompt "}[c.taken]; !strings.HasPrefix(m.Facts["verdict"], want) {
				t.Errorf("verdict: %s", m.Facts["verdict"])
			}
			if !strings.HasPrefix(m.Facts["control random"], "random search") || m.Facts["selection_bias"] == "" || m.Facts["search"] != "key" || (m.Counters["winner"] != 0) != c.taken {
				t.Errorf("facts %v, counters %v", m.Facts, m.Counters)
			}
			prompts, _, err := checkpoint.ReadTable[PromptRow](env.Dir(stages.BPO) + "/" + PromptFile)
			if err != nil || len(prompts) != 1 {
				t.Fatalf("%d prompts, %v", len(prompts), err)
			}
			p := prompts[0]
			if len(p.Z) != 2 || p.Width != 8 || int(p.Tokens*p.Width) != len(p.Soft) || (p.Tokens == 5) != c.taken {
				t.Errorf("prompt %+v", p)
			}
			if c.taken && !slices.Equal(p.Soft, project.Soft(out.winner.z)) {
				t.Error("the soft tokens are not those of the winner's z")
			}
			rows, _, err := checkpoint.ReadTable[TrialRow](env.Dir(stages.BPO) + "/" + TrialsFile)
			if err != nil {
				t.Fatal(err)
			}
			arms, kinds, best := map[string]int{}, map[string]int{}, 0
			var calls, paid int64
			for _, r := range rows {
				arms[r.Arm]++
				if r.Arm == armSearch {
					kinds[r.Kind]++
				}
				if r.Best {
					best++
				}
				if r.Fidelity != int64(len(r.Text)) || r.Fidelity != int64(len(r.Objectives)) || r.Fidelity != int64(len(r.Answers)) || r.Calls != r.Fidelity || r.Paid > r.Calls || r.Score != float64(r.Correct)/float64(r.Fidelity) {
					t.Errorf("row %s %d contradicts itself: %d texts, %d calls, %d paid, %d of %d right, score %v", r.Kind, r.Trial, len(r.Text), r.Calls, r.Paid, r.Correct, r.Fidelity, r.Score)
				}
				calls, paid = calls+r.Calls, paid+r.Paid
			}
			if best != 1 || kinds[kindZero] != 1 || kinds[kindSobol] != 6 || kinds[kindModel] != 14 {
				t.Errorf("%d rows are best; kinds %v", best, kinds)
			}
			for _, a := range s.controls {
				if arms[a.name] == 0 || arms[armChoice+a.name] != 3 || arms[armCheck+a.name] != 1 {
					t.Errorf("%s: rows by arm %v", a.name, arms)
				}
			}
			if arms[armChoice+armSearch] != 4 || arms[armCheck+armSearch] != 2 {
				t.Errorf("rows by arm %v", arms)
			}
			if m.Counters["llm_calls"] != paid || m.Counters["llm_tokens"] != 10*paid {
				t.Errorf("counted %v for %d paid calls of 10 tokens", m.Counters, paid)
			}
			if paid >= calls {
				t.Errorf("%d of %d calls were new: the memory saved nothing", paid, calls)
			}
			if err := checkpoint.Verify(env.Dir(stages.BPO)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestConfig_RefusesWhatMakesNoSearch(t *testing.T) {
	if err := Default().Validate(); err != nil {
		t.Error(err)
	}
	for _, change := range []func(*Config){
		func(c *Config) { c.Items.Ladder = nil },
		func(c *Config) { c.Items.Ladder = []int{40, 40} },
		func(c *Config) { c.Items.Ladder = []int{80, 40} },
		func(c *Config) { c.Controls = []string{random} },
	} {
		c := Default()
		change(&c)
		if c.Validate() == nil {
			t.Errorf("accepted %+v", c)
		}
	}
}
