package rundir

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"slm/checkpoint"
	"slm/recipes"
	"slm/stages/all"
)

// ErrUsage marks options that contradict each other or name what does not exist.
var ErrUsage = errors.New("rundir: wrong usage")

// Entry is one run folder.
type Entry struct {
	Name    string            `json:"name"`
	Folder  string            `json:"folder"`
	Done    map[string]string `json:"digests"` // stage → digest
	Missing []string          `json:"missing"` // stages without a checkpoint
	Newest  string            `json:"newest"`  // when the newest checkpoint was made, as Moment; "" = there is none that says so
	Locked  string            `json:"locked"`  // the process that works on it; empty when none does
	Damaged string            `json:"damaged"` // why a checkpoint cannot be read
}

// List returns the runs below dir, sorted by name, and with them the folders that have lost their recipe.
func List(dir string) ([]Entry, error) {
	folders, err := os.ReadDir(filepath.Join(dir, "runs"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("pipeline: list runs: %w", err)
	}
	var out []Entry
	for _, f := range folders {
		folder := filepath.Join(dir, "runs", f.Name())
		if info, err := os.Stat(folder); err != nil || !info.IsDir() || strings.HasPrefix(f.Name(), ".") {
			continue
		}
		if e := Look(folder); e.hasRecipe() || len(e.Done) > 0 || e.Damaged != "" {
			out = append(out, e)
		}
	}
	return out, nil
}

// Recipe is the name of the recipe that a run is of.
func (e Entry) Recipe() string { return e.Name[:max(strings.LastIndexByte(e.Name, '-'), 0)] }

// hasRecipe says whether a folder is a run that can be worked with.
func (e Entry) hasRecipe() bool {
	_, err := os.Stat(filepath.Join(e.Folder, RecipeFile))
	return err == nil
}

// Moment is a time as a text that sorts as times do: RFC 3339 in UTC, always with microseconds. Small runs end within one second of each other.
func Moment(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000000Z07:00") }

// Look reads a run folder's state from its manifests.
func Look(folder string) Entry {
	e := Entry{Name: filepath.Base(folder), Folder: folder, Done: map[string]string{}, Missing: []string{}}
	has := Stages(folder)
	for _, stage := range all.Names() {
		m, err := checkpoint.Load(filepath.Join(folder, stage))
		if err == nil {
			e.Done[stage] = m.Digest()
			if at, err := time.Parse(time.RFC3339, m.Created); err == nil {
				e.Newest = max(e.Newest, Moment(at))
			}
			continue
		}
		if errors.Is(err, checkpoint.ErrMissing) && !slices.Contains(has, stage) {
			continue
		}
		e.Missing = append(e.Missing, stage)
		if !errors.Is(err, checkpoint.ErrMissing) && e.Damaged == "" {
			e.Damaged = err.Error()
		}
	}
	if len(e.Done) > 0 && !e.hasRecipe() && e.Damaged == "" {
		e.Damaged = RecipeFile + " is missing"
	}
	e.Locked, _ = Locked(folder)
	return e
}

// Stages lists the stages that a run has, finished or not: those of its plan, or where that cannot be read those that recipes have by default.
func Stages(folder string) (names []string) {
	type planned struct {
		Stage string `json:"stage"`
	}
	var plan struct {
		Stages []planned `json:"stages"`
	}
	if text, err := os.ReadFile(filepath.Join(folder, PlanFile)); err == nil {
		_ = json.Unmarshal(text, &plan) // verify tells of a damaged one
	}
	for _, d := range all.Defs() {
		if len(plan.Stages) == 0 && d.On == nil || slices.Contains(plan.Stages, planned{d.Name}) {
			names = append(names, d.Name)
		}
	}
	return names
}

// IsCheckpoint reports whether a folder holds a checkpoint.
func IsCheckpoint(folder string) bool {
	_, err := os.Stat(filepath.Join(folder, checkpoint.ManifestName))
	return err == nil
}

// Find resolves what a user calls a run: a folder, its name below dir/runs, the name of a recipe, which is the newest finished run of it, or the
// beginning of a name if only one run has it. The error wraps checkpoint.ErrMissing when there is none, and ErrUsage with the choices when
// there are several.
func Find(dir, name string) (string, error) { return find(dir, name, true) }

// FindOnly is Find for what cannot be undone: the name of a recipe that has several runs is none of them.
func FindOnly(dir, name string) (string, error) { return find(dir, name, false) }

func find(dir, name string, newest bool) (string, error) {
	if name == "" {
		return "", fmt.Errorf("%w: the run has no name", ErrUsage)
	}
	for _, folder := range []string{name, filepath.Join(dir, "runs", name)} {
		if _, err := os.Stat(filepath.Join(folder, RecipeFile)); err == nil {
			return folder, nil
		}
	}
	runs, err := List(dir)
	if err != nil {
		return "", err
	}
	runs = slices.DeleteFunc(runs, func(e Entry) bool { return !strings.HasPrefix(e.Name, name) || !e.hasRecipe() })
	if of := slices.DeleteFunc(slices.Clone(runs), func(e Entry) bool { return e.Recipe() != name }); len(of) > 0 {
		runs = of // and not those of recipes whose names go on
	}
	if done := slices.DeleteFunc(slices.Clone(runs), func(e Entry) bool { return e.Recipe() != name || len(e.Missing) > 0 }); newest && len(done) > 0 {
		return slices.MaxFunc(done, func(a, b Entry) int { return cmp.Or(cmp.Compare(a.Newest, b.Newest), cmp.Compare(a.Name, b.Name)) }).Folder, nil
	}
	switch len(runs) {
	case 1:
		return runs[0].Folder, nil
	case 0:
		return "", fmt.Errorf("pipeline: run %q: %w: %s", name, checkpoint.ErrMissing, noRun(dir, name))
	}
	names := make([]string, len(runs))
	for i, r := range runs {
		names[i] = r.Name
	}
	return "", fmt.Errorf("%w: %q can be any of %s", ErrUsage, name, strings.Join(names, ", "))
}

// noRun says why a name is no run, and what to do.
func noRun(dir, name string) string {
	info, err := os.Stat(name)
	_, shipped := fs.Stat(recipes.Files, name+".yaml")
	switch runs := filepath.Join(dir, "runs"); {
	case err == nil && !info.IsDir() && filepath.Ext(name) == ".yaml":
		return fmt.Sprintf("it is a recipe, not a run: slm train %s makes one in %s; name that", name, runs)
	case err == nil && info.IsDir():
		return fmt.Sprintf("this folder has no %s, so it is no run; there is none of that name in %s either (slm runs list shows them)", RecipeFile, runs)
	case shipped == nil:
		return fmt.Sprintf("this recipe has no run in %s yet: slm train %s makes one", runs, name)
	default:
		return fmt.Sprintf("there is no such folder, and no such name in %s (slm runs list shows them)", runs)
	}
}

// Resolve finds what a user calls a checkpoint or a run: a checkpoint's folder, RUN/STAGE, or a run as Find has it.
func Resolve(dir, name string) (string, error) {
	if IsCheckpoint(name) {
		return name, nil
	}
	if run, stage := filepath.Split(strings.TrimRight(name, "/")); slices.Contains(all.Names(), stage) && run != "" {
		if folder, err := Find(dir, strings.TrimRight(run, "/")); err == nil {
			return filepath.Join(folder, stage), nil
		}
	}
	return Find(dir, name)
}

// Remove deletes a run. It holds the run's lock while it does, so that nobody begins to work on it: ErrLocked if somebody does already.
func Remove(folder string) (err error) {
	if _, err := os.Stat(filepath.Join(folder, RecipeFile)); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("pipeline: %s is no run: %w", folder, checkpoint.ErrMissing)
	}
	held, err := TakeLock(folder)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, held.Release()) }()
	if err := os.RemoveAll(folder); err != nil {
		return fmt.Errorf("pipeline: remove %s: %w", folder, err)
	}
	return nil
}
