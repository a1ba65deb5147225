package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"slm/experiment"
	"slm/pipeline/ablate"
	"slm/pipeline/runtest"
	"slm/stages"
)

// ablation is the command line of a small experiment.
func ablation(more ...string) []string {
	args := []string{"ablate", "tiny", "--quick", "--yes", "--drop", "kit", "--drop", "kit.filter", "--seeds", "2"}
	set := runtest.Smaller
	if os.Getenv("SLM_TEST_ALL") != "" {
		args, set = []string{"ablate", "tiny", "--quick", "--yes", "--drop", "kit", "--drop", "bpo", "--drop", "kit.filter", "--seeds", "3"}, nil
	}
	for _, s := range set {
		args = append(args, "-s", s)
	}
	return append(args, more...)
}

// checkpoints counts what the events of an experiment say was made, by run and stage.
func checkpoints(t *testing.T, folder string) map[string]int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, "events.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	made := map[string]int{}
	for line := range bytes.Lines(text) {
		var e stages.Event
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatal(err)
		}
		if e.Type == "checkpoint" {
			made[e.Run+" "+e.Stage]++
		}
	}
	return made
}

func TestAblate_KilledAnywhereItEndsInTheSameItemsAndTrainsNothingTwice(t *testing.T) {
	kills := 3
	if os.Getenv("SLM_TEST_ALL") != "" {
		kills = 10
	}
	calm, dead := t.TempDir(), t.TempDir()
	began := time.Now()
	if o := slm(t, calm, ablation()...); o.code != 0 {
		t.Fatalf("exit %d\n%s%s", o.code, o.out, o.err)
	}
	took := time.Since(began)
	killed(t, dead, kills, took, ablation("--jobs", "2")...)
	if o := slm(t, dead, ablation()...); o.code != 0 {
		t.Fatalf("after %d kills: exit %d\n%s%s", kills, o.code, o.out, o.err)
	}
	sameFiles(t, "tiny", calm, dead, experiment.ItemsFile, experiment.QuestionsFile)
	whole := checkpoints(t, filepath.Join(calm, "experiments", "tiny"))
	for stage, n := range whole {
		if n != 1 {
			t.Errorf("%s was made %d times", stage, n)
		}
	}
	for stage, n := range checkpoints(t, filepath.Join(dead, "experiments", "tiny")) {
		if n > 1 || whole[stage] == 0 {
			t.Errorf("after kills %s was made %d times", stage, n)
		}
	}
	folder := filepath.Join(calm, "experiments", "tiny")
	table, err := os.ReadFile(filepath.Join(folder, "table.tex"))
	if o := slm(t, t.TempDir(), "compare", folder, "--as", "latex"); err != nil || o.code != 0 || o.out != string(table) { // its runs are found beside it
		t.Errorf("compare: exit %d, %v\n%s%s\nwant\n%s", o.code, err, o.out, o.err, table)
	}
	runtest.LaTeX(t, string(table))
	if o := slm(t, calm, ablation()...); o.code != 0 || len(checkpoints(t, filepath.Join(calm, "experiments", "tiny"))) != len(whole) {
		t.Errorf("once more: exit %d, or something was made again\n%s%s", o.code, o.out, o.err)
	}
}

func TestAblate_ALongOrUnknownExperimentNeedsAYesWhereNobodyCanBeAsked(t *testing.T) {
	dir := t.TempDir()
	args := slices.DeleteFunc(ablation(), func(a string) bool { return a == "--yes" })
	o := slm(t, dir, args...)
	if o.code != 2 || !strings.Contains(o.err, "--yes") || !strings.Contains(o.err, "no-kit.filter") {
		t.Errorf("exit %d, and the plan is not shown, or not what to type\n%s", o.code, o.err)
	}
	if _, err := os.Stat(filepath.Join(dir, "experiments")); err == nil {
		t.Error("something was written")
	}
}

func TestAblate_ThePlanCountsWhatIsShared(t *testing.T) {
	dir := t.TempDir()
	o := slm(t, dir, ablation("--plan", "-o", "json")...)
	var p ablationPlan
	if err := json.Unmarshal([]byte(o.out), &p); err != nil || o.code != 0 {
		t.Fatalf("exit %d, %v\n%s%s", o.code, err, o.out, o.err)
	}
	all := 0
	for _, v := range p.Variants {
		if all += 5 * len(p.Seeds); v.Name == "no-kit" || v.Name == "no-bpo" { // they have no such stage
			all -= len(p.Seeds)
		}
	}
	if p.Runs != len(p.Variants)*len(p.Seeds) || p.Due != len(p.Stages) || p.Shared == 0 || p.Due+p.Shared != all {
		t.Errorf("%d runs, %d stages to run, %d shared", p.Runs, p.Due, p.Shared)
	}
	if o := slm(t, dir, "plan", "tiny", "--ablate", "--quick"); o.code != 0 || !strings.Contains(o.out, "no-dp") || !strings.Contains(o.out, "no-bpo") {
		t.Errorf("slm plan --ablate: exit %d\n%s%s", o.code, o.out, o.err)
	}
}

func TestAblate_WrongFlagsAreUsage(t *testing.T) {
	dir := t.TempDir()
	for flags, want := range map[string]string{
		"--seeds 0": "--seeds", "--seeds x": "--seeds", "--seeds 3,3": "twice", "--seeds 101": "100", "--drop frob": "frob", "--vary seed": "KEY=VALUE",
		"--only frob": "no such variant", "--systems frob": "frob", "-s seed=0": "not 0",
	} {
		args := append([]string{"ablate", "tiny", "--quick", "--yes"}, strings.Fields(flags)...)
		if o := slm(t, dir, args...); o.code != 2 || !strings.Contains(o.err, want) {
			t.Errorf("%s: exit %d\n%s", flags, o.code, o.err)
		}
	}
}

func TestAblate_ASeedWithACommaIsAListOfOne(t *testing.T) {
	for text, want := range map[string]ablate.Spec{"9": {Count: 9}, "9,": {Seeds: []uint64{9}}, "9,11": {Seeds: []uint64{9, 11}}} {
		f := ablateFlags{seeds: text}
		if spec, err := f.spec(); err != nil || spec.Count != want.Count || !slices.Equal(spec.Seeds, want.Seeds) {
			t.Errorf("--seeds %s: %+v, %v", text, spec, err)
		}
	}
	if _, err := (&ablateFlags{seeds: ","}).spec(); err == nil {
		t.Error("a list of nothing is taken")
	}
}
