package pipeline

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"slm/model/kernel"
	"slm/pipeline/recipe"
	"slm/pipeline/rundir"
	"slm/recipes"
)

func TestClassFor_PinThenOwnRunThenNewestOfTheNameThenAuto(t *testing.T) {
	dir := t.TempDir()
	load := func(set ...string) *recipe.Loaded {
		t.Helper()
		r, err := recipe.Load(recipe.Source{Name: "tiny", Shipped: recipes.Files, Set: set})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	check := func(r *recipe.Loaded, want kernel.Class) {
		t.Helper()
		if got, err := ClassFor(r, dir, time.Now); err != nil || got != want {
			t.Errorf("%q, %v; want %q", got, err, want)
		}
	}
	begin := func(r *recipe.Loaded, class kernel.Class) string {
		t.Helper()
		job, err := Build(r, dir, class, nil, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		p, err := New(job, Choice{})
		if err != nil {
			t.Fatal(err)
		}
		runner, err := p.Open(deps())
		if err != nil {
			t.Fatal(err)
		}
		if err := runner.Close(); err != nil {
			t.Fatal(err)
		}
		return p.Folder()
	}
	plain, longer := load(), load("stages.bpo.trials=9")
	check(plain, kernel.Auto)
	folder := begin(plain, "fast-other+avx9")
	check(plain, "fast-other+avx9")
	check(longer, kernel.Auto) // nothing of a class without a contract can be taken over elsewhere
	begin(plain, kernel.ClassBF16Pair)
	check(plain, kernel.ClassBF16Pair)
	check(longer, kernel.ClassBF16Pair)
	check(load("name=other"), kernel.Auto)
	pinned := load("numerics=f32")
	check(pinned, kernel.ClassF32)
	if pinnedIn := begin(pinned, kernel.ClassF32); pinnedIn == folder {
		t.Error("a run that pins its class lies where the one does that pins none")
	}
	if class, old := Recorded(folder); class != kernel.ClassBF16Pair || old != "" {
		t.Errorf("%q, %q", class, old)
	}
	if err := os.WriteFile(filepath.Join(folder, rundir.PlanFile), []byte(`{"v": 1, "kernel": "go-f32+avx2"}`), 0o666); err != nil {
		t.Fatal(err)
	}
	if class := ClassOf(folder); class != kernel.ClassF32 {
		t.Errorf("a run of an older program is used in class %q", class)
	}
}
