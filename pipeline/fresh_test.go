package pipeline_test

import (
	"context"
	"path/filepath"
	"testing"

	"slm/checkpoint"
	"slm/pipeline/runtest"
	"slm/stages"
)

func TestFresh_ModelIsTrainedByKitOnAllTheTokens(t *testing.T) {
	dir := t.TempDir()
	counters := map[string]map[string]int64{}
	for _, set := range []string{"stages.dp.fresh=false", "stages.dp.fresh=true"} {
		r, err := runtest.Load(set, "stages.bpo.trials=1")
		if err != nil {
			t.Fatal(err)
		}
		run, err := runtest.Train(context.Background(), r, dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, stage := range []string{stages.DP, stages.KIT} {
			m, err := checkpoint.Load(filepath.Join(run, stage))
			if err != nil {
				t.Fatal(err)
			}
			counters[set+stage] = m.Counters
		}
	}
	steps := func(fresh, stage string) int64 { return counters["stages.dp.fresh="+fresh+stage]["steps"] }
	if read := steps("false", "dp"); read != 8 || steps("true", "dp") != 0 || steps("true", "kit") != steps("false", "kit")+read { // both have batches of 512 tokens
		t.Errorf("dp and kit: %d + %d steps, fresh %d + %d", read, steps("false", "kit"), steps("true", "dp"), steps("true", "kit"))
	}
}
