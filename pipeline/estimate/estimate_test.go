package estimate

import (
	"context"
	"os"
	"testing"
	"time"

	"slm/model/kernel"
	"slm/pipeline"
	"slm/pipeline/blackbox"
	"slm/pipeline/recipe"
	"slm/recipes"
	"slm/stages"
)

func TestOf_PlanIsEstimatedFromTheRecipeAndACalibration(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	r, err := recipe.Load(recipe.Source{Name: "tiny", Shipped: recipes.Files})
	if err != nil {
		t.Fatal(err)
	}
	be, err := kernel.Open("go")
	if err != nil {
		t.Fatal(err)
	}
	job, err := pipeline.Build(r, t.TempDir(), be.Class(), nil, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	estimate := func(c pipeline.Choice) *Estimate {
		t.Helper()
		p, err := pipeline.New(job, c)
		if err != nil {
			t.Fatal(err)
		}
		cost, err := Of(context.Background(), p, r, be, &blackbox.Box{Config: r.LLM, Seed: r.Seed}, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		return cost
	}
	tokens := stages.Get[int64](r, "stages.dp.tokens")
	cost := estimate(pipeline.Choice{})
	by := map[string]StageCost{}
	for _, c := range cost.Stages {
		by[c.Stage] = c
		if c.Seconds <= 0 {
			t.Errorf("%s takes no time: %+v", c.Stage, c)
		}
	}
	if len(by) != 5 || by[stages.DP].Tokens != tokens || by[stages.DP].FLOPs <= 6*float64(tokens) || by[stages.KIT].Tokens == 0 {
		t.Errorf("%+v", by)
	}
	const asking = 10 // systems of the table that ask the black box
	if c := by[stages.Eval]; c.Questions != int64(r.Eval.Items*asking) || c.Calls == 0 || c.Calls >= c.Questions || c.LLMTokens <= c.Calls {
		t.Errorf("eval: %+v", c)
	}
	if c := by[stages.BPO]; c.Calls == 0 || c.Questions < c.Calls {
		t.Errorf("bpo: %+v", c)
	}
	if cost.USD == nil || *cost.USD != 0 || cost.All.Seconds < by[stages.DP].Seconds+by[stages.Eval].Seconds {
		t.Errorf("%+v", cost)
	}
	if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if cost := estimate(pipeline.Choice{Until: stages.DP}); len(cost.Stages) != 2 || cost.All.Calls != 0 {
		t.Errorf("until dp: %+v", cost)
	}
}

func TestNote_WhatEveryVariantOfAnExperimentGivesReasonToSayIsSaidOnce(t *testing.T) {
	e := &Estimator{}
	for range 3 {
		e.note("an exam of %d questions says little", 16)
	}
	if e.note("the time of the server is not counted"); len(e.notes) != 2 {
		t.Errorf("%q", e.notes)
	}
}
