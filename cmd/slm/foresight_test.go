package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRunsShow_PlanStandsBesideWhatHappened(t *testing.T) {
	dir := t.TempDir()
	with := func(args ...string) []string {
		return append(append(args, "tiny", "--until", "dp"), strings.Fields(lesser)...)
	}
	if o := slm(t, dir, with("plan")...); o.code != 0 {
		t.Fatal(o.err)
	}
	if o := slm(t, dir, with("train", "-q")...); o.code != 0 {
		t.Fatal(o.err)
	}
	o := slm(t, dir, "runs", "show", "tiny", "-o", "json")
	var shown struct {
		Hindsight struct {
			Stages []struct {
				Stage         string
				Planned, Took float64
			}
			PlannedMemory uint64 `json:"planned_memory"`
			Memory        uint64
		}
	}
	if err := json.Unmarshal([]byte(o.out), &shown); err != nil {
		t.Fatalf("%v: %s", err, o.err)
	}
	h := shown.Hindsight
	if len(h.Stages) != 3 || h.Stages[1].Stage != "dp" || h.Stages[2].Stage != "all" || h.Memory == 0 || h.PlannedMemory == 0 {
		t.Fatalf("%+v", h)
	}
	for _, s := range h.Stages {
		if s.Planned <= 0 || s.Took <= 0 {
			t.Errorf("%+v", s)
		}
	}
	if o := slm(t, dir, "runs", "show", "tiny"); !strings.Contains(o.out, "planned") || !strings.Contains(o.out, "memory") {
		t.Errorf("%s", o.out)
	}
	if left, err := os.ReadDir(filepath.Join(dir, "runs", ".estimates")); err != nil || len(left) != 0 {
		t.Errorf("the estimate is told again: %v, %v", left, err)
	}
}

func TestTrain_OverfittingOneBatchPrintsItsLossesAndWritesNoCheckpoint(t *testing.T) {
	dir := t.TempDir()
	run := func(lr string) outcome {
		return slm(t, dir, append([]string{"train", "tiny", "--overfit-one-batch", "-s", "stages.dp.optim.name=muon", "-s", "stages.dp.optim.lr=" + lr}, strings.Fields(lesser)...)...)
	}
	if o := run("2e-2"); o.code != 0 || !strings.Contains(o.out, "step   1  loss ") || !strings.Contains(o.out, "learnt by heart in ") {
		t.Errorf("exit code %d\n%s%s", o.code, o.out, o.err)
	}
	if o := run("1e-8"); o.code != 1 || !strings.Contains(o.out, "step 300  loss ") || !strings.Contains(o.err, "stages.dp.optim.lr") {
		t.Errorf("exit code %d\n%s%s", o.code, o.out, o.err)
	}
	if found, err := filepath.Glob(filepath.Join(dir, "runs", "*", "*")); err != nil || len(found) != 0 {
		t.Errorf("written: %v, %v", found, err)
	}
}
