package audit

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"slm/pipeline"
	"slm/pipeline/recipe"
	"slm/pipeline/rundir"
	"slm/pipeline/runtest"
	"slm/report"
	"slm/stages/all"
)

func TestVerify_RunOfAnOlderProgramIsSound(t *testing.T) {
	run := runtest.Old(t)
	if v := verified(t, run); !v.OK || len(v.Digests) != 5 || len(v.Notes) > 0 {
		t.Errorf("%+v", v)
	}
	if sum, err := rundir.Summary(run); err != nil || sum == nil || len(sum.Systems) != 3 {
		t.Errorf("%+v, %v", sum, err)
	}
	if shown, err := report.Load(run); err != nil || len(shown.Stages) != 5 || len(shown.Curves) != 2 {
		t.Errorf("%+v, %v", shown, err)
	}
	if d, err := Compare(run, run); err != nil || !d.Same || len(d.Metrics) < 7 {
		t.Errorf("%+v, %v", d, err)
	}
}

// TestBuild_RunOfAnOlderProgramIsReused plans its recipe: each stage is reused up to the first whose format has been raised since.
func TestBuild_RunOfAnOlderProgramIsReused(t *testing.T) {
	run := runtest.Old(t)
	text, err := os.ReadFile(filepath.Join(run, rundir.PlanFile))
	if err != nil {
		t.Fatal(err)
	}
	var old pipeline.Plan
	if err := json.Unmarshal(text, &old); err != nil {
		t.Fatal(err)
	}
	r, err := recipe.Load(recipe.Source{Name: filepath.Join(run, rundir.RecipeFile)})
	if err != nil {
		t.Fatal(err)
	}
	job, err := pipeline.Build(r, filepath.Dir(filepath.Dir(run)), old.Arithmetic(), nil, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	if job.Folder() != run {
		t.Fatalf("the recipe leads to %s, not to %s", job.Folder(), run)
	}
	for _, was := range old.Stages {
		if d, _ := all.Lookup(was.Stage); d.Format != was.Format {
			return
		}
		p, err := pipeline.New(job, pipeline.Choice{})
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(p.Stages, func(s pipeline.Planned) bool { return s.Stage == was.Stage })
		if now := p.Stages[i]; now.Action != pipeline.Reuse || now.Fingerprint != was.Fingerprint {
			t.Errorf("%s: %s (%s)", was.Stage, now.Action, now.Why)
		}
	}
}
