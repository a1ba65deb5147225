package pipeline

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"slm/checkpoint"
	"slm/model/kernel"
	"slm/pipeline/recipe"
	"slm/recipes"
	"slm/stages"
)

// smaller makes recipes/tiny.yaml a run of a second or two.
var smaller = []string{
	"model.layers=1", "model.width=16", "model.context=64", "tokenizer.train.vocab=320", "data.corpus.only=[Apache-2.0, MPL-2.0, EPL-2.0]",
	"stages.dp.tokens=4096", "stages.dp.batch=512", "stages.dp.max_section=60", "stages.kit.batch=512", "stages.bpo.trials=2",
	"stages.bpo.init=1", "stages.bpo.items.ladder=[2,4]", "eval.items=4", "eval.knowledge=8", "eval.intervals.n=100",
}

// realMeans is what the real stages work with.
func realMeans(be kernel.Backend) Means {
	return Means{
		Kernel: func() (kernel.Backend, error) { return be, nil }, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Now: time.Now, Code: func(error) int { return 1 },
	}
}

var tiny struct {
	once   sync.Once
	be     kernel.Backend
	folder string
	err    error
}

// train runs the tiny recipe below dir with more settings.
func train(ctx context.Context, dir string, set ...string) (string, error) {
	return trainOf(ctx, dir, recipe.Source{Name: "tiny", Shipped: recipes.Files, Set: append(slices.Clone(smaller), set...)})
}

// trainOf runs all stages of a recipe below dir.
func trainOf(ctx context.Context, dir string, source recipe.Source) (string, error) {
	be, err := kernel.Open("go")
	if err != nil {
		return "", err
	}
	tiny.be = be
	r, err := recipe.Load(source)
	if err != nil {
		return "", err
	}
	job, err := Build(r, dir, be.Name(), map[string]string{"slm": "test"}, time.Now)
	if err != nil {
		return "", err
	}
	p, err := New(job, Choice{})
	if err != nil {
		return "", err
	}
	means := realMeans(be)
	means.Box = &BlackBox{Config: r.LLM, Seed: r.Seed, Keep: p.Folder()}
	_, err = p.Execute(ctx, means)
	return p.Folder(), errors.Join(err, means.Box.Close())
}

// tinyRun is a copy of a whole run with real stages, made once.
func tinyRun(t *testing.T) string {
	t.Helper()
	tiny.once.Do(func() {
		dir, err := os.MkdirTemp("", "slm-tiny-")
		if err == nil {
			tiny.folder, err = train(context.Background(), dir)
		}
		if err == nil {
			_, err = Report(tiny.folder)
		}
		tiny.err = err
	})
	if tiny.err != nil {
		t.Fatal(tiny.err)
	}
	to := filepath.Join(t.TempDir(), "runs", filepath.Base(tiny.folder))
	if err := os.CopyFS(to, os.DirFS(tiny.folder)); err != nil {
		t.Fatal(err)
	}
	return to
}

func TestMain(m *testing.M) {
	code := m.Run()
	if tiny.folder != "" {
		_ = os.RemoveAll(filepath.Dir(filepath.Dir(tiny.folder)))
	}
	os.Exit(code)
}

// recommit gives a checkpoint other files, with a manifest that is right for them.
func recommit(t *testing.T, dir string, change func(p *checkpoint.Pending, name, from string) (done bool)) {
	t.Helper()
	m, err := checkpoint.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	p, err := checkpoint.Begin(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range m.Files {
		from := filepath.Join(dir, f.Name)
		if change(p, f.Name, from) {
			continue
		}
		if err := checkpoint.Link(from, p.Path(f.Name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Commit(m); err != nil {
		t.Fatal(err)
	}
}

func againIn(t *testing.T) Again {
	return Again{Into: t.TempDir(), Kernel: tiny.be.Name(), Versions: map[string]string{"slm": "test"}, Means: realMeans(tiny.be)}
}

func has(d []Difference, stage, file, where string) bool {
	return slices.ContainsFunc(d, func(d Difference) bool {
		return d.Stage == stage && d.File == file && strings.Contains(d.Where, where)
	})
}

// cancelAt cancels a context at the first step of a stage.
type cancelAt struct {
	stage string
	stop  context.CancelFunc
}

func (c cancelAt) Event(e stages.Event) {
	if e.Stage == c.stage && e.Type == "step" {
		c.stop()
	}
}
func (cancelAt) Close() {}
