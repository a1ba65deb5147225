package rundir

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"slm/checkpoint"
	"slm/stages"
)

func TestStages_ThoseOfThePlanOrTheUsualOnes(t *testing.T) {
	for plan, want := range map[string][]string{
		`{"stages":[{"stage":"data"},{"stage":"find"}]}`: {stages.Data, stages.Find},
		`{"stages":[{"stage":"data"},{"stage":"dp"}]}`:   {stages.Data, stages.DP},
		`{`: {stages.Data, stages.DP, stages.KIT, stages.BPO, stages.Eval},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, PlanFile), []byte(plan), 0o644); err != nil {
			t.Fatal(err)
		}
		if has := Stages(dir); !slices.Equal(has, want) || !slices.Equal(Look(dir).Missing, want) {
			t.Errorf("%s: %v", plan, has)
		}
	}
}

// made puts a run with one stage below dir, finished at a time, or with that stage open where there is none.
func made(t *testing.T, dir, name, created string) {
	t.Helper()
	folder := filepath.Join(dir, "runs", name)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for file, text := range map[string]string{RecipeFile: "slm: 1\n", PlanFile: `{"stages":[{"stage":"data"}]}`} {
		if err := os.WriteFile(filepath.Join(folder, file), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if created == "" {
		return
	}
	p, err := checkpoint.Begin(filepath.Join(folder, stages.Data))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Commit(&checkpoint.Manifest{Stage: stages.Data, Created: created}); err != nil {
		t.Fatal(err)
	}
}

func TestFind_NameOfARecipeIsItsNewestFinishedRun(t *testing.T) {
	dir := t.TempDir()
	made(t, dir, "docs-aaaaaaaa", "2026-11-29T10:00:00Z")
	made(t, dir, "docs-bbbbbbbb", "2026-11-29T12:00:00Z")
	made(t, dir, "docs-cccccccc", "2026-11-29T11:00:00Z")
	made(t, dir, "docs-dddddddd", "") // unfinished
	made(t, dir, "docs-de-eeeeeeee", "2026-11-29T13:00:00Z")
	made(t, dir, "quick-bbbbbbbb", "2026-11-29T12:00:00Z") // within one second of each other
	made(t, dir, "quick-aaaaaaaa", "2026-11-29T13:00:00.25+01:00")
	made(t, dir, "new-11111111", "")
	made(t, dir, "new-22222222", "")
	made(t, dir, "new-er-33333333", "2026-11-29T13:00:00Z")
	for name, want := range map[string]string{"docs": "docs-bbbbbbbb", "docs-de": "docs-de-eeeeeeee", "docs-a": "docs-aaaaaaaa", "quick": "quick-aaaaaaaa", "docs-dddddddd": "docs-dddddddd"} {
		if got, err := Find(dir, name); err != nil || filepath.Base(got) != want {
			t.Errorf("%s is %s (%v), want %s", name, got, err, want)
		}
	}
	for _, c := range []struct {
		find    func(dir, name string) (string, error)
		name    string
		choices string
	}{
		{Find, "new", "new-11111111, new-22222222"},
		{Find, "d", "docs-aaaaaaaa, docs-bbbbbbbb, docs-cccccccc, docs-dddddddd, docs-de-eeeeeeee"},
		{FindOnly, "docs", "docs-aaaaaaaa, docs-bbbbbbbb, docs-cccccccc, docs-dddddddd"}, // what it deletes must be named
	} {
		if _, err := c.find(dir, c.name); !errors.Is(err, ErrUsage) || !strings.HasSuffix(err.Error(), "can be any of "+c.choices) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if _, err := Find(dir, "none"); !errors.Is(err, checkpoint.ErrMissing) {
		t.Error(err)
	}
}

func TestFind_SaysWhatANameIsThatIsNoRun(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := errors.Join(os.Mkdir("docs", 0o755), os.WriteFile("docs.yaml", []byte("slm: 1\n"), 0o644)); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"docs":      "this folder has no recipe.yaml, so it is no run",
		"docs.yaml": "it is a recipe, not a run: slm train docs.yaml makes one",
		"legal":     "this recipe has no run in runs yet: slm train legal makes one",
		"nobody":    "there is no such folder, and no such name in runs",
	} {
		if _, err := Find(".", name); !errors.Is(err, checkpoint.ErrMissing) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %q", name, err, want)
		}
	}
}

func TestList_FolderWithoutItsRecipeIsDamagedAndNotFound(t *testing.T) {
	dir := t.TempDir()
	made(t, dir, "docs-aaaaaaaa", "2026-11-29T10:00:00Z")
	made(t, dir, "docs-bbbbbbbb", "2026-11-29T12:00:00Z")
	if err := os.Remove(filepath.Join(dir, "runs", "docs-bbbbbbbb", RecipeFile)); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "runs", "notes"), 0o755); err != nil {
		t.Fatal(err)
	}
	runs, err := List(dir)
	if err != nil || len(runs) != 2 || runs[0].Damaged != "" || runs[1].Damaged != "recipe.yaml is missing" {
		t.Errorf("%+v, %v", runs, err)
	}
	if got, err := Find(dir, "docs"); err != nil || filepath.Base(got) != "docs-aaaaaaaa" {
		t.Errorf("docs is %s (%v)", got, err)
	}
}
