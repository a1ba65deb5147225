package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"slm/checkpoint"
	"slm/stages"
)

// withToyStage is the variable by which the test binary is told to have one more stage.
const withToyStage = "SLM_TEST_TOY_STAGE"

// toyConfig is the recipe's section stages.toy.
type toyConfig struct {
	Count int `yaml:"count" min:"1" max:"9" doc:"of what the toy counts"`
}

// toyStage is all that one more stage takes: a declaration, and the stage. The line that registers it is in TestMain.
var toyStage = stages.Def{
	Name: "toy", Title: "Counting of toys", Format: 1, Parents: []string{stages.Data},
	Section: &stages.Section{Doc: "the toy", Default: func() any { return &toyConfig{Count: 3} }, Later: true},
	New:     func(s stages.Settings) stages.Stage { return toy{stages.Get[int](s, "stages.toy.count")} },
	Cost: func(_ context.Context, c *stages.Calibration) (stages.Cost, error) {
		return stages.Cost{Seconds: 1234, Tokens: int64(stages.Get[int](c, "stages.toy.count"))}, nil
	},
	Metrics: func(dir string) ([]stages.Metric, error) {
		text, err := os.ReadFile(filepath.Join(dir, "toys.txt"))
		if err != nil {
			return nil, err
		}
		n, err := strconv.ParseFloat(string(text), 64)
		return []stages.Metric{{Name: "toys_seen", Value: n, Near: 0.1}}, err
	},
	Agrees: stages.InMetrics,
}

type toy struct{ count int }

func (toy) Name() string { return "toy" }

func (t toy) Run(_ context.Context, env *stages.Env) error {
	pending, err := checkpoint.Begin(env.Dir("toy"))
	if err != nil {
		return err
	}
	if err := os.WriteFile(pending.Path("toys.txt"), []byte(strconv.Itoa(t.count)), 0o666); err != nil {
		return errors.Join(err, pending.Abort())
	}
	m := env.Manifest("toy")
	m.Counters["toys"] = int64(t.count)
	return pending.Commit(m)
}

// TestStages_OneMoreIsItsPackageAndALine asks every part of the program that ranges over the stages for one that they have never heard of.
func TestStages_OneMoreIsItsPackageAndALine(t *testing.T) {
	dir, env := t.TempDir(), []string{withToyStage + "=1"}
	do := func(code int, args ...string) outcome {
		t.Helper()
		o := slmEnv(t, dir, env, args...)
		if o.code != code {
			t.Fatalf("slm %v: %+v", args, o)
		}
		return o
	}
	says := func(where, text string, want ...string) {
		t.Helper()
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("%s forgets %q:\n%s", where, w, text)
			}
		}
	}
	if o := do(0, "train", "tiny", "--only", "data", "-q"); strings.Contains(o.out, "toy") {
		t.Errorf("--only data: %s", o.out)
	}
	says("plan", do(0, "plan", "tiny", "--only", "toy").out, "toy    run", "toy      20m34s          3")
	says("train", do(0, "train", "tiny", "--only", "toy").err, "toy   started", "toy   done in")
	says("plan of a finished stage", do(0, "plan", "tiny", "--quick").out, "toy    reuse")
	first := "tiny-bffeb28f" // the folder that a program without the toy has
	says("runs show", do(0, "runs", "show", first).out, "  toy    ")
	says("runs show, of the plan", do(0, "runs", "show", first).out, "20m34s")
	says("inspect", do(0, "inspect", first).out, "  toy    ")
	says("inspect a checkpoint", do(0, "inspect", "runs/"+first+"/toy").out, "stage        toy", "toys.txt", "metrics\n  toys_seen  ")
	says("verify", do(0, "verify", first).out, "toy   sound")
	says("reproduce --stage", do(0, "reproduce", first, "--stage", "toy").out, "toy   same")
	says("reproduce", do(2, "reproduce", first, "--stage", "joy").err, "eval task toy")
	page, err := os.ReadFile(filepath.Join(dir, "runs", first, "report.html"))
	if err != nil {
		t.Fatal(err)
	}
	says("the report", string(page), `title="Counting of toys">toy</th>`, "toys\u00a03", "toys seen\u00a03")

	do(0, "train", "tiny", "--until", "data", "-q", "-s", "stages.toy.count=4")
	do(0, "train", "tiny", "--only", "toy", "-q", "-s", "stages.toy.count=4")
	runs, err := filepath.Glob(filepath.Join(dir, "runs", "tiny-*"))
	if err != nil || len(runs) != 2 {
		t.Fatalf("%v, %v: another count is another run", runs, err)
	}
	says("diff", do(7, "diff", runs[0], runs[1]).out, "stages.toy.count: ", "toy     differs", "toy     toys_seen: ", "toys.txt row 0 line")

	if err := os.WriteFile(filepath.Join(dir, "runs", first, "toy", "toys.txt"), []byte("5"), 0o666); err != nil {
		t.Fatal(err)
	}
	says("verify of a damaged stage", do(7, "verify", first).out, "toy   DIFFERS", "toy/toys.txt")

	says("config keys", do(0, "config", "keys").out, "stages.toy", "of what the toy counts")
	says("config schema", do(0, "config", "schema").out, `"toy"`, "of what the toy counts")
	says("config show", do(0, "config", "show", "tiny").out, "toy:")
	says("check", do(2, "check", "tiny", "-s", "stages.toy.cout=4").err, `did you mean "count"?`)
	says("check of bounds", do(2, "check", "tiny", "-s", "stages.toy.count=11").err, "stages.toy.count")

	if o := slm(t, dir, "plan", "tiny", "--quick"); o.code != 0 || strings.Contains(o.out, "toy") || !strings.Contains(o.out, "data   reuse") {
		t.Errorf("the program without the toy: %+v", o)
	}
}
