package audit

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"slm/checkpoint"
	"slm/pipeline/recipe"
	"slm/pipeline/rundir"
	"slm/pipeline/schema"
	"slm/stages"
	"slm/stages/all"
)

// Diff is how two runs, or two checkpoints, differ.
type Diff struct {
	Same    bool         `json:"same"`
	Scores  []ScoreDiff  `json:"scores"` // of runs, exam by exam
	Recipe  []KeyDiff    `json:"recipe"` // of runs
	Stages  []*StageDiff `json:"stages"` // those of which both have a checkpoint
	Missing []string     `json:"missing"`
	Metrics []MetricDiff `json:"metrics"`
}

// KeyDiff is a key of the recipe with two values.
type KeyDiff struct {
	Key string `json:"key"`
	A   string `json:"a"` // as JSON; empty = not set
	B   string `json:"b"`
}

// MetricDiff is a result of both.
type MetricDiff struct {
	Stage string  `json:"stage"`
	Name  string  `json:"name"`
	A     float64 `json:"a"`
	B     float64 `json:"b"`
	near  float64 // as stages.Metric has it
}

// StageDiff is how two checkpoints of a stage differ.
type StageDiff struct {
	Stage   string                  `json:"stage"`
	Same    bool                    `json:"same"`    // every file, counter and fact is
	A       string                  `json:"a"`       // digests
	B       string                  `json:"b"`       //
	Facts   []KeyDiff               `json:"facts"`   // of the manifests: kernel, seed, versions, counters, facts
	Files   []string                `json:"files"`   // that differ, or are in one only
	Step    int                     `json:"step"`    // of training, the first whose metrics differ; 0 = none does
	Metric  *checkpoint.RowDiff     `json:"metric"`  // at that step
	Tensors []checkpoint.TensorDiff `json:"tensors"` // largest norm of the difference by the norm of a first
	Rows    []TableDiff             `json:"rows"`    // the first value that differs, of each table
}

// TableDiff is the first difference in a table, or in a text file.
type TableDiff struct {
	File string `json:"file"`
	checkpoint.RowDiff
}

// Compare compares two runs, or two checkpoints' folders. Errors: checkpoint.ErrMissing and its like.
func Compare(a, b string) (*Diff, error) {
	d := &Diff{Scores: []ScoreDiff{}, Recipe: []KeyDiff{}, Stages: []*StageDiff{}, Missing: []string{}, Metrics: []MetricDiff{}}
	if rundir.IsCheckpoint(a) && rundir.IsCheckpoint(b) {
		s, err := compareCheckpoints(a, b)
		if err != nil {
			return nil, err
		}
		d.Stages, d.Same = append(d.Stages, s), s.Same
		d.Metrics = append(d.Metrics, metricsOf(s.Stage, a, b)...)
		return d, nil
	}
	for _, folder := range []string{a, b} {
		if rundir.IsCheckpoint(folder) {
			return nil, fmt.Errorf("%w: %s is a checkpoint and the other a run", rundir.ErrUsage, folder)
		}
	}
	var err error
	if d.Recipe, err = compareRecipes(a, b); err != nil {
		return nil, err
	}
	if d.Scores, err = compareScores(a, b); err != nil {
		return nil, err
	}
	d.Same = true
	for _, stage := range all.Names() {
		inA, inB := filepath.Join(a, stage), filepath.Join(b, stage)
		s, err := compareCheckpoints(inA, inB)
		if errors.Is(err, checkpoint.ErrMissing) {
			_, errA := checkpoint.Load(inA)
			_, errB := checkpoint.Load(inB)
			d.Same = d.Same && errors.Is(errA, checkpoint.ErrMissing) == errors.Is(errB, checkpoint.ErrMissing)
			if slices.Contains(rundir.Stages(a), stage) || slices.Contains(rundir.Stages(b), stage) {
				d.Missing = append(d.Missing, stage)
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		d.Same = d.Same && s.Same
		d.Stages = append(d.Stages, s)
		d.Metrics = append(d.Metrics, metricsOf(stage, inA, inB)...)
	}
	return d, nil
}

// compareRecipes lists the keys whose values differ.
func compareRecipes(a, b string) ([]KeyDiff, error) {
	ra, err := recipeOf(a)
	if err != nil {
		return nil, err
	}
	rb, err := recipeOf(b)
	if err != nil {
		return nil, err
	}
	return compareMaps("", ra, rb), nil
}

// recipeOf are the keys of a run's recipe, each with its value as JSON.
func recipeOf(run string) (map[string]string, error) {
	r, err := recipe.Load(recipe.Source{Name: filepath.Join(run, rundir.RecipeFile)})
	if err != nil {
		return nil, err
	}
	flat := map[string]string{}
	flatten("", schema.Tree(&r.Recipe, nil), flat)
	return flat, nil
}

// flatten writes the leaves of nested maps under their dotted paths.
func flatten(path string, v any, to map[string]string) {
	if m, ok := v.(map[string]any); ok {
		for k, x := range m {
			flatten(strings.TrimPrefix(path+"."+k, "."), x, to)
		}
		return
	}
	text, err := json.Marshal(v)
	if err != nil {
		text = fmt.Append(nil, v)
	}
	to[path] = string(text)
}

func compareMaps(prefix string, a, b map[string]string) []KeyDiff {
	out := []KeyDiff{}
	keys := map[string]bool{}
	for _, m := range []map[string]string{a, b} {
		for k := range m {
			keys[k] = true
		}
	}
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		if a[k] != b[k] {
			out = append(out, KeyDiff{prefix + k, a[k], b[k]})
		}
	}
	return out
}

// metricsOf are the numbers that two checkpoints of a stage have both come to.
func metricsOf(stage, a, b string) (out []MetricDiff) {
	def, ok := all.Lookup(stage)
	if !ok || def.Metrics == nil {
		return nil
	}
	inA, errA := def.Metrics(a)
	inB, errB := def.Metrics(b)
	if errA != nil || errB != nil {
		return nil
	}
	for _, m := range inA {
		if i := slices.IndexFunc(inB, func(o stages.Metric) bool { return o.Name == m.Name }); i >= 0 {
			out = append(out, MetricDiff{Stage: stage, Name: m.Name, A: m.Value, B: inB[i].Value, near: m.Near})
		}
	}
	return out
}
