package audit

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"slm/checkpoint"
	"slm/pipeline"
	"slm/pipeline/recipe"
	"slm/pipeline/rundir"
	"slm/pipeline/runtest"
	"slm/stages"
)

func TestMain(m *testing.M) { os.Exit(runtest.Main(m)) }

func verified(t *testing.T, folder string) *Verified {
	t.Helper()
	v, err := Verify(folder)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func put(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
}

func replaceIn(path, old, with string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return os.WriteFile(path, []byte(strings.Replace(string(text), old, with, 1)), 0o666)
}

func readText(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// planOf plans the recipe in a file below a folder, with what it takes to execute it.
func planOf(t *testing.T, file, dir string) (*pipeline.Plan, pipeline.Deps) {
	t.Helper()
	r, err := recipe.Load(recipe.Source{Name: file})
	if err != nil {
		t.Fatal(err)
	}
	p, deps, err := runtest.Prepare(r, dir)
	if err != nil {
		t.Fatal(err)
	}
	return p, deps
}

// goOn trains a run that lies in another place and demands the digests of the tiny run.
func goOn(t *testing.T, folder string) *pipeline.Outcome {
	t.Helper()
	want := rundir.Look(runtest.Tiny(t)).Done
	p, deps := planOf(t, filepath.Join(folder, rundir.RecipeFile), filepath.Dir(filepath.Dir(folder)))
	if p.Folder() != folder {
		t.Fatalf("%s goes on in %s", folder, p.Folder())
	}
	out, err := p.Execute(context.Background(), deps)
	if err := errors.Join(err, deps.Box.Close()); err != nil {
		t.Fatal(err)
	}
	for stage, digest := range want {
		if out.Done[stage] != digest {
			t.Errorf("%s ends in another digest", stage)
		}
	}
	if v := verified(t, folder); !v.OK {
		t.Errorf("%+v", v.Differences)
	}
	return out
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
	return Again{Into: t.TempDir(), Class: runtest.Kernel().Class(), Versions: runtest.Versions, Deps: runtest.Deps()}
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
