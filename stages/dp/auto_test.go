package dp

import (
	"context"
	"strconv"
	"strings"
	"testing"

	"slm/checkpoint"
	"slm/model"
	"slm/pipeline/schema"
	"slm/stages"
	"slm/stages/domain"
	"slm/stages/stagetest"
)

func TestLook_AutoTakesThePassesOfTheTableWithinItsBounds(t *testing.T) {
	cfg := Default()
	cfg.Tokens, cfg.Batch, cfg.Optim.Name, cfg.Mix.Drill = schema.Auto, 4096, "muon", 4
	for _, c := range []struct {
		pass   int64
		steps  int64
		enough bool
	}{
		{4096, leastSteps, true}, {4096 * 50, int64(50 * enoughPasses), true}, {4096 * 1000, mostTokens / 4096, false},
	} {
		o := cfg.look(c.pass)
		if o.Tokens/4096 != c.steps || (o.Tokens >= o.Wanted) != c.enough || (o.Recall.Mid >= expect(enoughPasses).Mid) != c.enough {
			t.Errorf("a pass of %d tokens: %+v", c.pass, o)
		}
		if said := strings.Contains(o.String(), "it would be"); said == c.enough {
			t.Errorf("a pass of %d tokens: %s", c.pass, o)
		}
	}
	cfg.Tokens = 8192
	if o := cfg.look(4096 * 10); o.Auto || o.Tokens != 8192 || o.Passes != 0.2 || !o.Poor() || !strings.Contains(o.String(), "20 % of the sections are read, once") {
		t.Errorf("tokens that the recipe gives: %+v, %s", o, o)
	}
	cfg.Tokens, cfg.Epochs = 0, 2.5
	if o := cfg.look(4096); o.Passes != 2.5 || o.Tokens != 10240 {
		t.Errorf("passes that the recipe gives: %+v", o)
	}
	cfg.Optim.Name = "adamw"
	if o := cfg.look(4096); o.Known || o.Poor() || o.String() != "each section is read 2 times, in 10240 tokens of training" {
		t.Errorf("nothing was measured of this optimiser: %+v, %s", o, o)
	}
}

func TestExpect_SaysWhatShareOfTheTokensIsText(t *testing.T) {
	cfg := Default()
	cfg.Tokens, cfg.Optim.Name, cfg.Mix = schema.Auto, "muon", Mix{Corpus: 1, Places: 2, Drill: 4, Asked: 1}
	o := cfg.Expect(100, 7*questionTokens*100) // as many tokens of text as of seven questions a section
	if want := "50 % of which are the texts"; o.Texts != 0.5 || !strings.Contains(o.String(), want) {
		t.Errorf("%v, %q, want %q", o.Texts, o, want)
	}
	cfg.Mix = Mix{Corpus: 1}
	if o := cfg.Expect(100, 1000); strings.Contains(o.String(), "of which") {
		t.Errorf("nothing but text: %q", o)
	}
	if o := cfg.Expect(0, 0); o.Texts != 0 {
		t.Errorf("nothing at all: %v", o.Texts)
	}
}

func TestSooner_SaysWhatAQuarterOfAnHourComesToWhereTrainingTakesLonger(t *testing.T) {
	o := Outlook{Known: true, Tokens: 5_000_000, Pass: 200_000}
	if got, want := o.sooner(4*patience), "1.2 M tokens here (-s stages.dp.tokens=1200k); the small model is expected to know "+expect(6).String(); !strings.Contains(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	unknown := o
	unknown.Known = false
	for name, got := range map[string]string{"soon enough": o.sooner(patience), "nothing measured": unknown.sooner(4 * patience), "too slow for any": o.sooner(1e9), "no time": o.sooner(0)} {
		if got != "" {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestExpect_RecallGrowsWithPassesWithinItsRange(t *testing.T) {
	before := Range{}
	for n := 0.0; n < 50; n += 0.5 {
		r := expect(n)
		if r.Low > r.Mid || r.Mid > r.High || r.Mid < before.Mid || r.Low < before.Low || r.High > 1 {
			t.Errorf("%v passes: %+v after %+v", n, r, before)
		}
		before = r
	}
	if got, most := expect(enoughPasses).Mid, expect(1e9).Mid; got < min(Enough, most) {
		t.Errorf("%v passes are expected to come to %v", enoughPasses, got)
	}
}

func TestRun_WhatAutoCameToStandsInTheCheckpoint(t *testing.T) {
	dom := acts(t)
	run := stagetest.NewRun(t, "go")
	stagetest.WriteData(t, run.Env, dom)
	shape := model.Shape{Layers: 1, Width: 64, Heads: schema.Auto, Context: 64, RopeTheta: 10000, Tied: true}
	cfg := Default()
	cfg.Tokens, cfg.Batch, cfg.Optim.Name, cfg.Optim.LR = schema.Auto, 64, "muon", schema.Auto
	stage := New(cfg, model.Config{})
	stage.open = &shape
	job, mix, err := stage.Job(stagetest.Open(t, dom), run.Seed)
	if err != nil {
		t.Fatal(err)
	}
	look, err := cfg.Look(mix, 64)
	if err != nil || job.Tokens != look.Tokens || job.Optim.LR != 0.02 || job.Model.Config.Heads != 1 {
		t.Fatalf("%d tokens, not %d, rate %v, %d heads, %v", job.Tokens, look.Tokens, job.Optim.LR, job.Model.Config.Heads, err)
	}
	if err := stage.Run(context.Background(), run.Env); err != nil {
		t.Fatal(err)
	}
	m, err := checkpoint.Load(run.Dir(stages.DP))
	if err != nil {
		t.Fatal(err)
	}
	if m.Facts["auto_tokens"] != strconv.FormatInt(look.Tokens, 10) || m.Counters["steps"] != look.Tokens/64 || m.Facts["auto_model"] != "1 layers, width 64, 1 heads" || m.Facts["expected_recall"] == "" {
		t.Errorf("%v, %v", m.Facts, m.Counters)
	}
	got, err := domain.LoadModel(run.Dir(stages.DP))
	if err != nil || got.Config.Width != 64 || got.Config.Layers != 1 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestShape_FollowsFromTheTokensOfTheCorpus(t *testing.T) {
	dom := acts(t)
	open := model.Shape{Layers: schema.Auto, Width: schema.Auto, Heads: schema.Auto, Context: 64}
	s, err := filled(open, dom)
	layers, width := shapeOf(0)
	if err != nil || s.Layers != layers || s.Width != width || s.Heads != width/64 || s.Open() {
		t.Errorf("%+v, %v", s, err)
	}
	open.Layers = 2
	if s, err = filled(open, dom); err != nil || s.Layers != 2 || s.Width != width {
		t.Errorf("what the recipe says: %+v, %v", s, err)
	}
	if more, _ := shapeOf(1e9); more <= layers {
		t.Errorf("a large corpus has %d layers, a small one %d", more, layers)
	}
}
