package ablate

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"slm/experiment"
	"slm/model/kernel"
	"slm/pipeline/blackbox"
	"slm/pipeline/recipe"
	"slm/pipeline/rundir"
	"slm/pipeline/runtest"
	"slm/pipeline/study"
	"slm/result"
	"slm/stages"
)

func load(set ...string) (*recipe.Loaded, error) {
	return runtest.Load(append([]string{"stages.bpo.trials=1", "stages.bpo.controls=[none]", "eval.systems=[llm, blade, cite]"}, set...)...)
}

func site(dir string) study.Site {
	return study.Site{Dir: dir, Kernel: func(kernel.Class) (kernel.Backend, error) { return runtest.Kernel(), nil }, Versions: runtest.Versions, Now: time.Now}
}

func planned(t *testing.T, dir string, spec Spec) *Plan {
	t.Helper()
	p, err := New("", load, spec, site(dir))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func executed(t *testing.T, p *Plan, jobs int) (*Summary, error) {
	t.Helper()
	sum, err := p.Execute(context.Background(), site(p.Dir), study.How{Jobs: jobs, Log: slog.New(slog.DiscardHandler), Code: func(error) int { return 1 }})
	if sum == nil {
		t.Fatal(err)
	}
	return sum, err
}

// story is what events.jsonl of an experiment says.
func story(t *testing.T, folder string) (list []stages.Event) {
	t.Helper()
	f, err := os.Open(filepath.Join(folder, rundir.EventsFile))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var e stages.Event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		list = append(list, e)
	}
	return list
}

func TestExecute_EachStageIsMadeOnceWhoeverNeedsIt(t *testing.T) {
	dir := t.TempDir()
	p := planned(t, dir, Spec{Drop: []string{"kit", "kit.filter"}, Count: 2})
	due, shared := p.Due()
	if want := 1 + 2*(1+3+2+3); due != want || shared != 2*(5+4+5)-want || len(p.Members) != 6 { // data once, dp once a seed, the rest once a member, of which one has no kit
		t.Errorf("%d stages to run, %d shared, %d runs; want %d to run", due, shared, len(p.Members), want)
	}
	sum, err := executed(t, p, 2)
	if err != nil {
		t.Fatal(err)
	}
	made := map[string]int{} // by digest
	for _, e := range story(t, p.Path()) {
		if e.Type == "checkpoint" {
			made[e.Message]++
		}
	}
	if len(made) != due {
		t.Errorf("%d checkpoints of %d stages", len(made), due)
	}
	for digest, n := range made {
		if n != 1 {
			t.Errorf("%s was made %d times", digest, n)
		}
	}
	e, err := experiment.Read(p.Path())
	each := len(e.Rows) / 6 // members
	if err != nil || each < 3*4 || each%4 != 0 || len(e.Rows) != 6*each {
		t.Fatalf("%d rows, %v: want 6 members × %d systems × 4 items", len(e.Rows), err, each/4)
	}
	for i, r := range e.Rows {
		if first := e.Rows[i%each]; r.Item != first.Item || r.System != first.System || r.Cluster != first.Cluster {
			t.Errorf("row %d is %+v, its pair %+v", i, r, first)
		}
	}
	d := sum.Differences
	if len(d) != 2 || d[0].System != "blade" || !d[0].Cross.Drawn || !d[0].Paired || d[0].HolmP < d[0].Cross.P {
		t.Errorf("want blade of two variants, over seeds that are drawn and go together: %+v", d)
	}
	for _, f := range study.TableFiles {
		text, err := os.ReadFile(filepath.Join(p.Path(), f.Name))
		if err != nil || string(text) != study.Render(f.Form, sum.Tables(), sum.Notes) || !strings.Contains(string(text), "no-kit.filter") {
			t.Errorf("%s: %v\n%s", f.Name, err, text)
		}
	}
	for _, u := range sum.Units {
		if u.Wording == "" || u.Failed != "" || !strings.HasPrefix(u.Run, "runs/tiny") || u.Cost.Tokens == nil || *u.Cost.Tokens == 0 || u.Cost.Seconds == nil || len(u.Curves) == 0 {
			t.Errorf("%+v", u)
		}
	}
	again := planned(t, dir, Spec{Drop: []string{"kit", "kit.filter"}, Count: 2})
	if due, _ := again.Due(); due != 0 || !again.Done() {
		t.Errorf("%d stages are to be run again", due)
	}
}

func TestExecute_ResultsDoNotDependOnHowManyRunSideBySide(t *testing.T) {
	var files [2][]byte
	for i, jobs := range []int{1, 3} {
		p := planned(t, t.TempDir(), Spec{Vary: []string{"stages.dp.tokens=1024,2048"}, Count: 1})
		if _, err := executed(t, p, jobs); err != nil {
			t.Fatal(err)
		}
		var err error
		if files[i], err = os.ReadFile(filepath.Join(p.Path(), experiment.ItemsFile)); err != nil {
			t.Fatal(err)
		}
	}
	if string(files[0]) != string(files[1]) {
		t.Error("three at a time end in other items than one")
	}
}

func TestExecute_AVariantThatFailsSaysWhyAndTheOthersGoOn(t *testing.T) {
	p := planned(t, t.TempDir(), Spec{Vary: []string{"stages.kit.optim.lr=2e-3,3e-3"}, Count: 1})
	// What stands in its way makes a stage fail here, since nothing diverges in so few steps.
	bad := p.Members[2]
	if err := os.MkdirAll(bad.Run(), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(bad.Run(), "work"), []byte("a file"), 0o644); err != nil {
		t.Fatal(err)
	}
	sum, err := executed(t, p, 1)
	u := sum.Units
	if err != nil || u[0].Failed != "" || u[1].Failed != "" || u[2].Failed == "" {
		t.Fatalf("%v: %+v", err, u)
	}
	if failed([]Result{{Unit: u[1]}, {Unit: u[2]}}) == nil || failed([]Result{{Unit: u[0]}, {Unit: u[2]}}) == nil {
		t.Error("without the recipe, or without a variant, nothing is compared")
	}
	told := slices.ContainsFunc(story(t, p.Path()), func(e stages.Event) bool {
		return e.Type == "exit" && e.Run == bad.Name() && e.Code == 1 && e.Message == u[2].Failed
	})
	if !told {
		t.Error("the events do not tell of it")
	}
}

func TestExecute_WithoutASearchTheSystemIsThatAtZero(t *testing.T) {
	p := planned(t, t.TempDir(), Spec{Drop: []string{"bpo"}, Count: 1})
	sum, err := executed(t, p, 1)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(sum.Differences, func(d experiment.Difference) bool { return d.Variant == "no-bpo" && d.System == "blade" }) {
		t.Errorf("blade without a search is not compared: %+v", sum.Differences)
	}
	if notes := strings.Join(sum.Notes, "\n"); !strings.Contains(notes, "seeds were not drawn") || !strings.Contains(notes, "no-bpo: ") {
		t.Errorf("the notes do not say that seeds were not drawn, or what the variant is: %s", notes)
	}
	e, err := experiment.Read(p.Path())
	if err != nil {
		t.Fatal(err)
	}
	right := map[string][]bool{}
	for _, r := range e.Rows {
		if r.Variant == "no-bpo" {
			right[r.System] = append(right[r.System], r.Correct)
		}
	}
	if len(right["blade"]) != 4 || !slices.Equal(right["blade"], right["blade-z0"]) {
		t.Errorf("blade is %v, at z = 0 it is %v", right["blade"], right["blade-z0"])
	}
}

func TestExecute_OtherQuestionsAreNotCompared(t *testing.T) {
	p := planned(t, t.TempDir(), Spec{Vary: []string{"data.exam.chars=80,40"}, Only: []string{"data.exam.chars=40"}, Count: 1})
	if sum, err := executed(t, p, 1); !errors.Is(err, errOther) || !strings.Contains(sum.Units[1].Failed, "other questions") {
		t.Errorf("%v: %+v", err, sum.Units[1])
	}
}

func TestPlan_FamilyHasWhatAVariantCanChangeAndNoControl(t *testing.T) {
	p := planned(t, t.TempDir(), Spec{Drop: []string{"kit"}, Count: 1})
	if !slices.Equal(p.Family, []string{"blade"}) {
		t.Errorf("without --systems: %v", p.Family)
	}
	family, err := p.family([]string{"cite", "rag1", "shuffled", "blade"})
	if slices.Sort(family); err != nil || !slices.Equal(family, []string{"blade", "cite"}) {
		t.Errorf("%v, %v", family, err)
	}
}

func TestNew_BaseIsTheRunThatTrainMakes(t *testing.T) {
	dir := t.TempDir()
	r, err := load()
	if err != nil {
		t.Fatal(err)
	}
	plan, _, err := runtest.Prepare(r, dir)
	if err != nil {
		t.Fatal(err)
	}
	p := planned(t, dir, Spec{Drop: []string{"kit"}})
	if p.Members[0].Run() != plan.Folder() {
		t.Errorf("base is %s, train makes %s", p.Members[0].Run(), plan.Folder())
	}
	var names []string
	for _, m := range p.Members {
		names = append(names, strings.TrimRight(filepath.Base(m.Run())[:len(filepath.Base(m.Run()))-9], "-"))
	}
	if want := []string{"tiny", "tiny.no-kit", "tiny.s8", "tiny.no-kit.s8", "tiny.s9", "tiny.no-kit.s9"}; !slices.Equal(names, want) {
		t.Errorf("runs %v, want %v", names, want)
	}
	for _, m := range p.Members {
		if data := m.plan.Stages[0]; data.Stage != stages.Data || data.Fingerprint != p.Members[0].plan.Stages[0].Fingerprint {
			t.Errorf("%s has data of its own", m.Name())
		}
	}
}

func TestExpand_FlagsTheRecipeAndTheMethodNameVariants(t *testing.T) {
	names := func(spec Spec, set ...string) string {
		t.Helper()
		r, err := load(set...)
		if err != nil {
			t.Fatal(err)
		}
		list, err := spec.Expand(r)
		if err != nil {
			return err.Error()
		}
		var out []string
		for _, v := range list {
			out = append(out, v.Name)
		}
		return strings.Join(out, " ")
	}
	mine := "ablate.variants={slow: [stages.dp.optim.lr=1e-4]}"
	for _, c := range []struct {
		spec Spec
		set  string
		want string
	}{
		{Spec{}, "seed=7", "base no-dp no-kit no-kit.filter no-bpo"},
		{Spec{}, "stages.kit.filter=false", "base no-dp no-kit no-bpo"},
		{Spec{}, "stages.kit.epochs=0", "base no-dp no-bpo"},
		{Spec{}, "stages.find.fuse=rrf", "base no-dp no-kit no-kit.filter no-find no-bpo"},
		{Spec{}, mine, "base slow"},
		{Spec{}, "ablate.drop=[dp]", "base no-dp"},
		{Spec{Drop: []string{"kit"}}, mine, "base no-kit"},
		{Spec{Drop: []string{"stages.dp.mix.pairs", "dp.mix.places"}}, "seed=7", "base no-dp.mix.pairs no-dp.mix.places"},
		{Spec{Drop: []string{"stages.dp.mix.general", "kit.general"}}, "seed=7", "base no-dp.mix.general no-kit.general"},
		{Spec{Vary: []string{"stages.bpo.trials=1,2", "seed=7"}}, "seed=7", "base bpo.trials=1,seed=7 bpo.trials=2,seed=7"},
		{Spec{Vary: []string{"stages.bpo.items.ladder=[2,4],[4]"}}, "seed=7", "base bpo.items.ladder=[2,4] bpo.items.ladder=[4]"},
		{Spec{Only: []string{"no-kit"}}, "seed=7", "base no-kit"},
		{Spec{Only: []string{"no-kat"}}, "seed=7", "wrong usage: --only no-kat: there is no such variant"},
		{Spec{Drop: []string{"kit", "stages.kit"}}, "seed=7", `two variants are called "no-kit"`},
		{Spec{Drop: []string{"stages.kit.knowledge"}}, "seed=7", "name one with --vary"},
		{Spec{Drop: []string{"stages.kit.filtre"}}, "seed=7", "filtre"},
		{Spec{Drop: []string{"kti"}}, "seed=7", "did you mean kit?"},
		{Spec{Drop: []string{"pairs"}}, "seed=7", "did you mean stages.dp.mix.pairs or stages.kit.pairs?"},
		{Spec{Drop: []string{"dp.lr"}}, "seed=7", "stages.dp.optim"},
		{Spec{Drop: []string{"nonsense"}}, "seed=7", "(dp, kit, kit.filter, find, rft, reason, bpo)"},
		{Spec{Drop: []string{"find"}}, "seed=7", "it has: dp, kit, kit.filter, bpo"},
		{Spec{}, "stages.rft.samples=2", "base no-dp no-kit no-kit.filter no-rft no-bpo"},
		{Spec{Vary: []string{"stages.bpo.trial=1"}}, "seed=7", "trial"},
		{Spec{Vary: []string{"stages.bpo.trials"}}, "seed=7", "KEY=VALUE,VALUE"},
	} {
		if got := names(c.spec, c.set); got != c.want && (strings.HasPrefix(c.want, "base") || !strings.Contains(got, c.want)) {
			t.Errorf("%+v with %s: %s, want %s", c.spec, c.set, got, c.want)
		}
	}
}

func TestNew_AVariantThatChangesNothingIsRefused(t *testing.T) {
	_, err := New("", load, Spec{Vary: []string{"stages.bpo.trials=1"}}, site(t.TempDir()))
	if err == nil || !strings.Contains(err.Error(), "changes nothing") {
		t.Error(err)
	}
}

func TestCalibrate_WhatDiffersInTheSeedAloneTakesAsLong(t *testing.T) {
	p := planned(t, t.TempDir(), Spec{Vary: []string{"stages.dp.tokens=2048"}, Count: 2})
	if err := p.Calibrate(context.Background(), site(p.Dir), &blackbox.Box{Config: p.Base.LLM}); err != nil {
		t.Fatal(err)
	}
	type cost struct {
		seconds float64
		calls   int64
	}
	costs, seconds, calls := map[string]cost{}, 0.0, int64(0)
	for _, s := range p.Stages {
		c := cost{s.Seconds, s.Calls}
		costs[s.By+" "+s.Stage] = c
		seconds, calls = seconds+c.seconds, calls+c.calls
	}
	base, other := costs["base s7 dp"], costs["base s8 dp"]
	if base.seconds <= 0 || base != other || costs["dp.tokens=2048 s7 dp"] == base || costs["base s7 eval"].calls == 0 || costs["base s7 bpo"].calls == 0 {
		t.Errorf("%v", costs)
	}
	if e := p.Estimate; e.Calls != calls || fmt.Sprintf("%.6f", e.Seconds) != fmt.Sprintf("%.6f", seconds) || e.USD == nil || *e.USD != 0 {
		t.Errorf("%+v, want the sum of %v", e, costs)
	}
}

func TestRows_WhatIsLeftOutHasARowByWhatStandsForIt(t *testing.T) {
	base, err := load("eval.systems=[llm, blade-z0, blade]")
	if err != nil {
		t.Fatal(err)
	}
	for part, want := range map[string][]string{"kit": {"llm", "dp", "blade", "blade-z0"}, "bpo": {"llm", "blade-z0", "blade"}} {
		v, err := dropped(base, part)
		if err != nil {
			t.Fatal(err)
		}
		r, err := load(append([]string{"eval.systems=[llm, blade-z0, blade]"}, v.Changes...)...)
		if err != nil {
			t.Fatal(err)
		}
		var all []result.Row
		for _, name := range r.Eval.Systems {
			all = append(all, result.Row{System: name, Item: "a", Correct: name == "dp" || name == "blade-z0"})
		}
		var got []string
		for _, row := range (&Member{recipe: r}).rows(all) {
			if got = append(got, row.System); row.System == "blade-z0" && !row.Correct {
				t.Errorf("without %s its row is not that of what stands for it", part)
			}
		}
		slices.Sort(got)
		if slices.Sort(want); !slices.Equal(got, want) {
			t.Errorf("without %s: rows of %v, want %v", part, got, want)
		}
	}
}
