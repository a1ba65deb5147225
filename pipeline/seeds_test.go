package pipeline_test

import (
	"testing"
	"time"

	"slm/pipeline"
	"slm/pipeline/runtest"
	"slm/stages"
)

func TestBuild_RunsOfAnotherSeedShareTheDataWhoseSeedIsHeld(t *testing.T) {
	dir := t.TempDir()
	plan := func(set ...string) *pipeline.Plan {
		t.Helper()
		r, err := runtest.Load(set...)
		if err != nil {
			t.Fatal(err)
		}
		job, err := pipeline.Build(r, dir, "none", runtest.Versions, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		p, err := pipeline.New(job, pipeline.Choice{})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	base, other, free, named := plan(), plan("seed=8", "data.seed=7"), plan("seed=8"), plan("data.seed=7")
	for i, s := range base.Stages {
		shared := s.Stage == stages.Data
		if (other.Stages[i].Fingerprint == s.Fingerprint) != shared {
			t.Errorf("%s: seed 8 on the data of seed 7 has the fingerprint of seed 7: %v", s.Stage, !shared)
		}
		if free.Stages[i].Fingerprint == s.Fingerprint || !shared && free.Stages[i].Fingerprint == other.Stages[i].Fingerprint {
			t.Errorf("%s: seed 8 alone has the fingerprint of another run", s.Stage)
		}
		if named.Stages[i].Fingerprint != s.Fingerprint {
			t.Errorf("%s: a seed of the data that is the recipe's changes the fingerprint", s.Stage)
		}
	}
	if named.Folder() != base.Folder() {
		t.Errorf("%s and %s are one run", named.Folder(), base.Folder())
	}
}
