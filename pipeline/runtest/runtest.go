// Package runtest trains small runs of the real stages for the tests of those that work with runs. Nothing else imports it.
package runtest

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"slm/model/kernel"
	"slm/pipeline"
	"slm/pipeline/blackbox"
	"slm/pipeline/recipe"
	"slm/recipes"
	_ "slm/stages/stagetest" // one thread
)

// Smaller makes recipes/tiny.yaml a run of a second or two.
var Smaller = []string{
	"model.layers=1", "model.width=16", "model.context=64", "tokenizer.train.vocab=320", "data.corpus.only=[Apache-2.0, MPL-2.0, EPL-2.0]",
	"stages.dp.tokens=4096", "stages.dp.batch=512", "stages.dp.max_section=60", "stages.kit.batch=512", "stages.bpo.trials=2",
	"stages.bpo.init=1", "stages.bpo.items.ladder=[2,4]", "eval.items=4", "eval.knowledge=8", "eval.intervals.n=100",
}

// Versions is what the runs' manifests say of the program.
var Versions = map[string]string{"slm": "test"}

// Kernel is the plain backend, which every machine has.
var Kernel = sync.OnceValue(func() kernel.Backend {
	be, err := kernel.Open("go")
	if err != nil {
		panic(err)
	}
	return be
})

// Deps is what the real stages work with, but for the black box.
func Deps() pipeline.Deps {
	return pipeline.Deps{
		Kernel: func() (kernel.Backend, error) { return Kernel(), nil }, Log: slog.New(slog.DiscardHandler),
		Now: time.Now, Code: func(error) int { return 1 },
	}
}

// Load loads recipes/tiny.yaml, made smaller, with more settings.
func Load(set ...string) (*recipe.Loaded, error) {
	return recipe.Load(recipe.Source{Name: "tiny", Shipped: recipes.Files, Set: append(slices.Clone(Smaller), set...)})
}

// Prepare plans a recipe below dir, with what it takes to execute it.
func Prepare(r *recipe.Loaded, dir string) (*pipeline.Plan, pipeline.Deps, error) {
	job, err := pipeline.Build(r, dir, Kernel().Class(), Versions, time.Now)
	if err != nil {
		return nil, pipeline.Deps{}, err
	}
	p, err := pipeline.New(job, pipeline.Choice{})
	if err != nil {
		return nil, pipeline.Deps{}, err
	}
	deps := Deps()
	deps.Box = &blackbox.Box{Config: r.LLM, Seed: r.Seed, Keep: p.Folder()}
	return p, deps, nil
}

// Train runs all stages of a recipe below dir and returns the run's folder.
func Train(ctx context.Context, r *recipe.Loaded, dir string) (string, error) {
	p, deps, err := Prepare(r, dir)
	if err != nil {
		return "", err
	}
	_, err = p.Execute(ctx, deps)
	return p.Folder(), errors.Join(err, deps.Box.Close())
}

var tiny struct {
	once   sync.Once
	folder string
	err    error
}

// Tiny is a copy of a whole run of recipes/tiny.yaml, with its report. The run is made once a process; Main removes it.
func Tiny(t *testing.T) string {
	t.Helper()
	tiny.once.Do(func() { tiny.folder, tiny.err = trainTiny() })
	if tiny.err != nil {
		t.Fatal(tiny.err)
	}
	to := filepath.Join(t.TempDir(), "runs", filepath.Base(tiny.folder))
	if err := os.CopyFS(to, os.DirFS(tiny.folder)); err != nil {
		t.Fatal(err)
	}
	return to
}

func trainTiny() (string, error) {
	r, err := Load()
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "slm-tiny-")
	if err != nil {
		return "", err
	}
	folder, err := Train(context.Background(), r, dir)
	if err == nil {
		_, err = pipeline.Report(folder)
	}
	return folder, err
}

// Main runs a package's tests, removes what they share and returns the exit code.
func Main(m *testing.M) int {
	code := m.Run()
	if tiny.folder != "" {
		_ = os.RemoveAll(filepath.Dir(filepath.Dir(tiny.folder)))
	}
	return code
}
