package sweep

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"slm/experiment"
	"slm/model/kernel"
	"slm/pipeline/recipe"
	"slm/pipeline/rundir"
	"slm/pipeline/runtest"
	"slm/pipeline/schema"
	"slm/pipeline/study"
	"slm/recipes"
	"slm/stages"
)

var update = flag.Bool("update", false, "write the golden table")

func load(set ...string) (*recipe.Loaded, error) {
	return runtest.Load(append([]string{"stages.bpo.trials=1", "stages.bpo.controls=[none]", "eval.systems=[llm, blade]"}, set...)...)
}

func planned(t *testing.T, dir string, spec Spec) *Plan {
	t.Helper()
	if spec.Over == nil {
		spec.Over = []string{"stages.dp.optim.lr=log(1e-4,3e-2)", "model.width={8,16}"}
	}
	p, err := New("", load, spec, study.Site{Dir: dir, Kernel: func(kernel.Class) (kernel.Backend, error) { return runtest.Kernel(), nil }, Versions: runtest.Versions, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func executed(t *testing.T, ctx context.Context, p *Plan, view rundir.Viewer) (*Summary, error) {
	t.Helper()
	return p.Execute(ctx, study.How{View: view, Log: slog.New(slog.DiscardHandler), Code: func(error) int { return 1 }})
}

// bomb cancels at an event.
type bomb struct {
	left   int
	cancel context.CancelCauseFunc
}

var errBomb = errors.New("killed")

func (b *bomb) Event(stages.Event) {
	if b.left--; b.left == 0 {
		b.cancel(errBomb)
	}
}
func (b *bomb) Close() {}

func TestExecute_StoppedAnywhereItHasTheSameTrialsAndAsksNoTestQuestion(t *testing.T) {
	spec := Spec{Trials: 8, Risk: .3, Round: 2}
	calm, killed := t.TempDir(), t.TempDir()
	sum, err := executed(t, context.Background(), planned(t, calm, spec), nil)
	if err != nil {
		t.Fatal(err)
	}
	if sum.Stopped == 0 || sum.Failed != 0 || sum.Finished+sum.Stopped != 9 || len(sum.trials) != 9 || sum.Tokens >= sum.Whole {
		t.Errorf("%d finished, %d stopped, %d failed, %d tokens of %d", sum.Finished, sum.Stopped, sum.Failed, sum.Tokens, sum.Whole)
	}
	kills := 0
	for _, after := range []int{1, 5, 9, 16, 3, 12, 20, 7} {
		ctx, cancel := context.WithCancelCause(context.Background())
		_, err := executed(t, ctx, planned(t, killed, spec), &bomb{after, cancel})
		cancel(nil)
		if err == nil {
			break
		}
		if kills++; !errors.Is(err, errBomb) {
			t.Fatal(err)
		}
	}
	if kills < 3 {
		t.Errorf("it was stopped only %d times", kills)
	}
	if _, err := executed(t, context.Background(), planned(t, killed, spec), nil); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{TrialsFile, RecipeFile, "table.txt", "table.tex", SummaryFile} {
		one, err := os.ReadFile(filepath.Join(calm, experiment.Folder, "tiny-sweep", file))
		two, err2 := os.ReadFile(filepath.Join(killed, experiment.Folder, "tiny-sweep", file))
		if err != nil || err2 != nil || !bytes.Equal(one, two) {
			t.Errorf("%s is another after %d stops (%v, %v)\n%.900s\n%.900s", file, kills, err, err2, one, two)
		}
	}
	for _, dir := range []string{calm, killed} {
		if runs := rundir.Glob(dir, "runs", "*", stages.Eval); len(runs) > 0 {
			t.Errorf("the test questions were asked in %v", runs)
		}
		finished := map[string]bool{}
		for _, trial := range sum.trials {
			if trial.State == Finished {
				finished[trial.Run] = true
			}
		}
		if runs := rundir.Glob(dir, "runs", "*", rundir.RecipeFile); len(runs) != len(finished) {
			t.Errorf("%d runs of %d recipes that have finished", len(runs), len(finished))
		}
	}
	if e, err := experiment.Read(filepath.Join(calm, experiment.Folder, "tiny-sweep")); err != nil || len(e.Variants) != 9 || len(e.Units[0].Curves) != 1 {
		t.Errorf("experiment.json: %v", err)
	}
	trainsWithoutTraining(t, calm, sum)
}

// trainsWithoutTraining checks that train takes the best recipe, and the training of the trial with it.
func trainsWithoutTraining(t *testing.T, dir string, sum *Summary) {
	t.Helper()
	r, err := recipe.Load(recipe.Source{Name: filepath.Join(dir, sum.Recipe), Shipped: recipes.Files})
	if err != nil {
		t.Fatal(err)
	}
	plan, deps, err := runtest.Prepare(r, dir)
	if err != nil {
		t.Fatal(err)
	}
	out, err := plan.Execute(context.Background(), deps)
	if err = errors.Join(err, deps.Box.Close()); err != nil || slices.Contains(out.Ran, stages.DP) || !slices.Contains(out.Ran, stages.Eval) {
		t.Errorf("train of the best recipe: %v, it ran %v", err, out.Ran)
	}
}

func TestExecute_ATrialThatFailsIsARowAndMoreTrialsGoOn(t *testing.T) {
	dir := t.TempDir()
	p := planned(t, dir, Spec{Trials: 2})
	next, err := p.search.round(nil, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	_, bad, err := p.member(next[0].Values, p.Seeds[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(bad.Folder(), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(bad.Folder(), "work"), []byte("a file"), 0o644); err != nil { // in its way
		t.Fatal(err)
	}
	sum, err := executed(t, context.Background(), p, nil)
	if err != nil || sum.Failed != 1 || sum.trials[1].Why == "" || !strings.Contains(sum.Text(), "Failed") {
		t.Fatalf("%v: %+v", err, sum)
	}
	if !p.Done() {
		t.Error("it is not done")
	}
	more := planned(t, dir, Spec{Trials: 3})
	again, err := executed(t, context.Background(), more, nil)
	if err != nil || len(again.trials) != 4 || again.trials[2].Run != sum.trials[2].Run {
		t.Errorf("three trials: %v", err)
	}
	if _, err := executed(t, context.Background(), planned(t, dir, Spec{Trials: 2, Seeds: 2}), nil); !errors.Is(err, rundir.ErrUsage) {
		t.Errorf("another sweep in the same folder: %v", err)
	}
}

func TestExecute_RecallAndAccuracyAreOfTheDevelopmentQuestions(t *testing.T) {
	for name, want := range map[string]string{Recall: stages.KIT, Accuracy: stages.BPO} {
		p := planned(t, t.TempDir(), Spec{Trials: 1, Maximise: name, Seeds: 2})
		if p.Until != want || p.On != stages.DP || !p.search.pruner.Other {
			t.Errorf("%s is measured after %s, on the rungs of %s", name, p.Until, p.On)
		}
		sum, err := executed(t, context.Background(), p, nil)
		if err != nil {
			t.Fatal(err)
		}
		if v := sum.Best.Value; v == nil || *v < 0 || *v > 1 || len(sum.Best.Seeds) != 2 || sum.Best.SD == nil {
			t.Errorf("%s: %+v", name, sum.Best)
		}
		if runs := rundir.Glob(p.Dir, "runs", "*", stages.Eval); len(runs) > 0 {
			t.Errorf("the test questions were asked in %v", runs)
		}
	}
}

func TestNew_KeysThatCannotBeSearchedAreRefusedWithTheirPlace(t *testing.T) {
	good := "stages.dp.optim.lr=log(1e-4,1e-2)"
	for _, c := range []struct {
		over, figure, want string
	}{
		{"stages.dp.optim.lrr=log(1,2)", "", `--over:2:17: unknown field "lrr"`},
		{"stages.dp.optim.lr", "", "--over:2:1: want KEY=log"},
		{"stages.dp.save.minutes=linear(1,2)", "", "--over:2:1: stages.dp.save.minutes is operational"},
		{"name={a,b}", "", "operational"},
		{"seed=int(1,9)", "", "luck"},
		{"stages.dp.tokens=int(1000,9000)", "", "may spend"},
		{"stages.kit.optim.lr=log(1e-4,20)", "", "--over:2:1: 20: "},
		{"stages.bpo.soft.dim=int(1,4)", "", "stage bpo"},
		{"eval.items=int(4,8)", Accuracy, "stage eval"},
		{"data.exam.chars=int(40,80)", Recall, "the questions"},
		{"tokenizer.train.vocab={320,400}", "", "what a token is"},
		{"stages.dp.optim.betas={[0.9,0.95],[0.9]}", "", "--over:2:1: [0.9]"},
		{good, "", "searched twice"},
	} {
		_, err := New("", load, Spec{Over: []string{good, c.over}, Maximise: c.figure}, study.Site{Dir: t.TempDir(), Kernel: func(kernel.Class) (kernel.Backend, error) { return runtest.Kernel(), nil }, Versions: runtest.Versions, Now: time.Now})
		var problems schema.Problems
		if !errors.As(err, &problems) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v\nwant %s", c.over, err, c.want)
		}
	}
	if p := planned(t, t.TempDir(), Spec{Over: []string{"tokenizer.train.vocab={320,400}"}, Maximise: Recall}); p.Rungs != nil {
		t.Error("losses of different tokens are compared on rungs")
	}
	if p := planned(t, t.TempDir(), Spec{Over: []string{"stages.kit.optim.lr=log(1e-4,1e-2)", good}}); p.Until != stages.KIT || p.On != stages.DP || !p.search.pruner.Other {
		t.Errorf("measured after %s, on the rungs of %s", p.Until, p.On)
	}
	for _, spec := range []Spec{{Minimise: Recall}, {Maximise: Loss}, {Minimise: Loss, Maximise: Recall}} {
		if spec.Over = []string{good}; true {
			_, err := New("", load, spec, study.Site{Dir: t.TempDir(), Kernel: func(kernel.Class) (kernel.Backend, error) { return runtest.Kernel(), nil }, Versions: runtest.Versions, Now: time.Now})
			if !errors.Is(err, rundir.ErrUsage) {
				t.Errorf("%+v: %v", spec, err)
			}
		}
	}
}

func TestTables_HaveTheirPublishedForm(t *testing.T) {
	number := func(v float64) *float64 { return &v }
	sum := &Summary{
		Objective: objectives[0], Params: []Param{param(t, "stages.dp.optim.lr=log(1e-4,1e-2)"), param(t, "stages.dp.optim.name={adamw,muon}")},
		Keys: []Key{{"stages.dp.optim.lr", "0.003", "0.0042", number(.81), number(.55), number(.93)}, {Key: "stages.dp.optim.name", Own: "adamw", Best: "muon"}},
		Own:  number(4.5), Notes: []string{"a note"},
		trials: []Trial{
			{Kind: kindRecipe, Values: []string{"0.003", "adamw"}, State: Finished, Value: number(4.5), SD: number(.01), Rungs: []float64{6, 5}, Tokens: 4000},
			{Trial: 1, Kind: kindSobol, Values: []string{"0.0042", "muon"}, State: Finished, Value: number(4.25), SD: number(.02), Rungs: []float64{5.5, 4.75}, Tokens: 4000, Best: true},
			{Trial: 2, Kind: kindModel, Values: []string{"0.0001", "muon"}, State: Stopped, Why: "why", Rungs: []float64{6.5}, Tokens: 700, Chance: number(.013)},
			{Trial: 3, Kind: kindModel, Values: []string{"0.01", "muon"}, State: Failed, Why: "dp: training diverged"},
		},
	}
	sum.Best = sum.trials[1]
	var got strings.Builder
	for _, f := range study.TableFiles {
		got.WriteString("== " + f.Name + "\n" + study.Render(f.Form, sum.Tables(), sum.Notes))
	}
	path := filepath.Join("testdata", "tables.txt")
	if *update {
		if err := os.WriteFile(path, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || got.String() != string(want) {
		t.Errorf("%v\n%s", err, got.String())
	}
}
