package audit

import (
	"path/filepath"
	"slices"
	"testing"

	"slm/checkpoint"
	"slm/pipeline/rundir"
	"slm/pipeline/runtest"
	"slm/stages"
)

func TestReproduce_RunWithRewardTuningIsWholeAndShowsIt(t *testing.T) {
	r, err := runtest.Load("stages.rft.samples=6", "stages.rft.batch=512", "stages.rft.dpo.epochs=2", "stages.kit.knowledge=one-step", "eval.knowledge=30", "eval.systems=[llm,blade-z0,rft,blade]")
	if err != nil {
		t.Fatal(err)
	}
	folder, err := runtest.Train(t.Context(), r, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if v := verified(t, folder); !v.OK {
		t.Errorf("%+v", v)
	}
	again, err := Reproduce(t.Context(), folder, againIn(t))
	if err != nil || !again.OK || !slices.ContainsFunc(again.Stages, func(s Reproduced) bool { return s.Stage == stages.RFT && s.Result == Same }) {
		t.Errorf("%+v, %v", again, err)
	}
	if tuned, err := checkpoint.Load(filepath.Join(folder, stages.RFT)); err != nil || tuned.Facts["dpo_steps"] == "" {
		t.Errorf("the run has no preferences: %v, %v", tuned, err)
	}
	m, err := checkpoint.Load(filepath.Join(folder, stages.BPO))
	if err != nil || m.Parents[stages.RFT] == "" {
		t.Errorf("the search is not made on the tuned weights: %v, %v", m, err)
	}
	s, err := rundir.Summary(folder)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, sys := range s.Systems {
		names = append(names, sys.System)
	}
	if !slices.Equal(names, []string{"llm", "blade-z0", "rft", "blade", "overlap"}) {
		t.Errorf("the table has %v", names)
	}
}
