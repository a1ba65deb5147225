package pipeline

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"slm/model/kernel"
	"slm/pipeline/recipe"
	"slm/recipes"
	"slm/stages"
	"slm/stages/all"
	"slm/stages/systems"
)

// oldRun is what an older program made of a recipe. testdata/format1.json was written from the output of slm plan of that program; what the
// shipped recipes have changed since is set back.
type oldRun struct {
	Recipe       string
	Set          []string
	Run          string // the folder's name
	Kernel       string
	Formats      map[string]int // of the stages then
	Fingerprints map[string]string
}

func oldRuns(t *testing.T) (runs []oldRun) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "format1.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &runs); err != nil || len(runs) < 8 {
		t.Fatalf("%d runs, %v", len(runs), err)
	}
	return runs
}

// since are the keys of shipped recipes that came later or have changed, as older programs had them.
var since = map[string][]string{
	"legal": {
		"data.corpus.whole=[]", "data.asked.file=[]", "data.asked.optional=false", "data.asked.split.dev=0.25", "data.asked.split.test=0.5",
		"stages.dp.mix.asked=0", "stages.find.fuse=none", "stages.find.dense=[]", "stages.find.bridge=false", "stages.find.gate=false", "stages.kit.optim.lr=1e-3",
		"eval.systems=[llm, slm, dp, blade-z0, blade, cite, rag1, rag3, rag+blade, oracle, shuffled]",
	},
	"statutes-cn": {
		"data.asked.file=[]", "data.asked.optional=false", "data.asked.split.dev=0.25", "data.asked.split.test=0.5",
		"stages.dp.mix.contrast=0", "stages.find.fuse=none", "stages.find.dense=[]", "stages.find.bridge=false", "stages.find.gate=false",
		"stages.bpo.soft.tokens=5", "stages.bpo.soft.dim=10", "stages.bpo.init=8", "stages.bpo.trials=20", "stages.bpo.items.ladder=[20, 40, 80]",
		"stages.bpo.acquire=log_ei", "stages.bpo.controls=[none, random]", "stages.bpo.validate.best=4", "stages.bpo.validate.share=40%",
		"eval.systems=[llm, slm, dp, blade-z0, blade, cite, rag1, oracle, shuffled]",
	},
}

// isThere demands that a recipe leads to the folder and the fingerprints of an older program.
func (o oldRun) isThere(t *testing.T) {
	t.Helper()
	r, err := recipe.Load(recipe.Source{Name: o.Recipe, Shipped: recipes.Files, Set: slices.Concat(since[o.Recipe], o.Set)})
	if err != nil {
		t.Fatal(err)
	}
	job, err := Build(r, t.TempDir(), kernel.Class(o.Kernel), nil, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	if got := filepath.Base(job.Folder()); got != o.Run {
		t.Errorf("%s %v: the run is %s, and was %s", o.Recipe, o.Set, got, o.Run)
	}
	prints, err := Fingerprints(&r.Recipe, nil, o.Formats, kernel.Class(o.Kernel))
	if err != nil {
		t.Fatal(err)
	}
	for stage, want := range o.Fingerprints {
		if prints[stage] != want {
			t.Errorf("%s %v: %s has fingerprint %.12s…, and had %.12s…", o.Recipe, o.Set, stage, prints[stage], want)
		}
	}
}

func TestBuild_FindsTheRunsOfAnOlderProgram(t *testing.T) {
	for _, o := range oldRuns(t) {
		o.isThere(t)
	}
}

func TestBuild_FindsOldRunsWithOneMoreSystem(t *testing.T) {
	before := systems.All
	t.Cleanup(func() { systems.All = before })
	toy := systems.All[1]
	toy.Name = "toy"
	systems.All = slices.Insert(slices.Clone(before), 3, toy)
	for _, o := range oldRuns(t) {
		o.isThere(t)
	}
	named := fingerprintOfEval(t, "eval.systems=[llm,blade]")
	if fingerprintOfEval(t) == named || named == fingerprintOfEval(t, "eval.systems=[llm,blade,toy]") {
		t.Error("a list that is named is no part of the fingerprint")
	}
}

func fingerprintOfEval(t *testing.T, set ...string) string {
	t.Helper()
	r, err := recipe.Load(recipe.Source{Name: "tiny", Shipped: recipes.Files, Set: set})
	if err != nil {
		t.Fatal(err)
	}
	return prints(t, &r.Recipe, nil)[stages.Eval]
}

func TestBuild_FindsOldRunsWithOneMoreStage(t *testing.T) {
	type config struct {
		Steps int `yaml:"steps" min:"0"`
	}
	t.Cleanup(all.Add(stages.Def{
		Name: "toy", Format: 1, Parents: []string{stages.Data}, New: func(stages.Settings) stages.Stage { return &fake{name: "toy"} },
		Section: &stages.Section{Default: func() any { return &config{Steps: 3} }, Later: true},
	}))
	for _, o := range oldRuns(t) {
		o.isThere(t)
	}
	folder := func(set ...string) string {
		r, err := recipe.Load(recipe.Source{Name: "tiny", Shipped: recipes.Files, Set: set})
		if err != nil {
			t.Fatal(err)
		}
		job, err := Build(r, "", "none", nil, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		return job.Folder() + prints(t, &r.Recipe, nil)["toy"]
	}
	if folder() != folder("stages.toy.steps=3") || folder() == folder("stages.toy.steps=4") {
		t.Error("a key of a later stage counts where it has its default, or does not where it has not")
	}
}

// reads is a recipe that notes what a stage reads of it.
type reads struct {
	stages.Settings
	paths []string
}

func (r *reads) At(path string) any {
	r.paths = append(r.paths, path)
	return r.Settings.At(path)
}

// TestDefs_StagesReadNothingThatIsInNoFingerprintOfTheirs holds what a stage is made from against its keys and those of the stages that it reads.
func TestDefs_StagesReadNothingThatIsInNoFingerprintOfTheirs(t *testing.T) {
	r := base(t)
	r.Model.From = "hf:folder" // which is in the fingerprint of data only if it is there
	known := map[string][]string{}
	for _, d := range all.Defs() {
		known[d.Name] = []string{"seed", d.Seed}
		if d.Keys != nil {
			known[d.Name] = append(known[d.Name], d.Keys(&r)...)
		}
		if d.Section != nil {
			known[d.Name] = append(known[d.Name], d.Path())
		}
		for _, p := range d.Parents {
			if known[p] == nil {
				t.Fatalf("%s reads %s, which does not come before it", d.Name, p)
			}
			known[d.Name] = append(known[d.Name], known[p]...)
		}
		seen := &reads{Settings: &r}
		d.New(seen)
		for _, path := range seen.paths {
			if !slices.ContainsFunc(known[d.Name], func(k string) bool { return path == k || len(path) > len(k) && path[:len(k)+1] == k+"." }) {
				t.Errorf("%s is made from %s, which is in no fingerprint of its or of those before it", d.Name, path)
			}
		}
		if d.Title == "" || d.Format < 1 || d.Cost == nil || len(seen.paths) == 0 {
			t.Errorf("%s is not whole: %+v", d.Name, d)
		}
	}
}
