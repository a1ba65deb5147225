package audit

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
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
	d := &Diff{Recipe: []KeyDiff{}, Stages: []*StageDiff{}, Missing: []string{}, Metrics: []MetricDiff{}}
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
	d.Same = true
	for _, stage := range all.Names() {
		inA, inB := filepath.Join(a, stage), filepath.Join(b, stage)
		s, err := compareCheckpoints(inA, inB)
		if errors.Is(err, checkpoint.ErrMissing) {
			_, errA := checkpoint.Load(inA)
			_, errB := checkpoint.Load(inB)
			d.Same = d.Same && errors.Is(errA, checkpoint.ErrMissing) == errors.Is(errB, checkpoint.ErrMissing)
			d.Missing = append(d.Missing, stage)
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
	read := func(folder string) (map[string]string, error) {
		r, err := recipe.Load(recipe.Source{Name: filepath.Join(folder, rundir.RecipeFile)})
		if err != nil {
			return nil, err
		}
		flat := map[string]string{}
		flatten("", schema.Tree(&r.Recipe, nil), flat)
		return flat, nil
	}
	ra, err := read(a)
	if err != nil {
		return nil, err
	}
	rb, err := read(b)
	if err != nil {
		return nil, err
	}
	return compareMaps("", ra, rb), nil
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

// compareCheckpoints compares two checkpoints: files by their digests, and what differs in it by tensors, rows and lines.
func compareCheckpoints(a, b string) (*StageDiff, error) {
	ma, err := checkpoint.Load(a)
	if err != nil {
		return nil, err
	}
	mb, err := checkpoint.Load(b)
	if err != nil {
		return nil, err
	}
	s := &StageDiff{Stage: ma.Stage, A: ma.Digest(), B: mb.Digest(), Facts: compareFacts(ma, mb), Files: []string{}, Tensors: []checkpoint.TensorDiff{}, Rows: []TableDiff{}}
	sums := map[string]string{}
	for _, f := range mb.Files {
		sums[f.Name] = f.SHA256
	}
	for _, f := range ma.Files {
		sum, both := sums[f.Name]
		delete(sums, f.Name)
		inA, inB := filepath.Join(a, filepath.FromSlash(f.Name)), filepath.Join(b, filepath.FromSlash(f.Name))
		if sum == f.SHA256 {
			same, err := sameBytes(inA, inB)
			if err != nil {
				return nil, err
			}
			if same {
				continue
			}
		}
		s.Files = append(s.Files, f.Name)
		if !both {
			continue
		}
		if err := s.file(f.Name, inA, inB); err != nil {
			return nil, err
		}
	}
	s.Files = append(s.Files, slices.Sorted(maps.Keys(sums))...)
	slices.SortStableFunc(s.Tensors, func(x, y checkpoint.TensorDiff) int { return cmp.Compare(y.Relative, x.Relative) })
	s.Same = len(s.Files) == 0 && !slices.ContainsFunc(s.Facts, func(k KeyDiff) bool { return matters(k.Key) })
	return s, nil
}

// sameBytes compares files of the same sum in their manifests: one of them may be damaged since.
func sameBytes(a, b string) (bool, error) {
	sumA, _, err := checkpoint.HashFile(a)
	if err != nil {
		return false, fmt.Errorf("pipeline: compare: %w", err)
	}
	sumB, _, err := checkpoint.HashFile(b)
	if err != nil {
		return false, fmt.Errorf("pipeline: compare: %w", err)
	}
	return sumA == sumB, nil
}

// matters tells what of a manifest is a result from what says by which program, and from what, it was made.
func matters(key string) bool {
	return !strings.HasPrefix(key, "versions.") && !strings.HasPrefix(key, "parents.") && key != "fingerprint" && key != "kernel"
}

func compareFacts(a, b *checkpoint.Manifest) []KeyDiff {
	flat := func(m *checkpoint.Manifest) map[string]string {
		out := map[string]string{"fingerprint": m.Fingerprint, "kernel": m.Kernel, "seed": fmt.Sprint(m.Seed), "stage": m.Stage}
		for prefix, values := range map[string]map[string]string{"versions.": m.Versions, "facts.": m.Facts, "parents.": m.Parents} {
			for k, v := range values {
				out[prefix+k] = v
			}
		}
		for k, v := range m.Counters {
			out["counters."+k] = fmt.Sprint(v)
		}
		return out
	}
	return compareMaps("", flat(a), flat(b))
}

// file finds out where two files of the same name differ.
func (s *StageDiff) file(name, a, b string) error {
	switch {
	case strings.HasSuffix(name, ".arrow") && (filepath.Base(name) == "weights.arrow" || filepath.Base(name) == "optimizer.arrow"):
		tensors, err := checkpoint.CompareWeights(a, b)
		if err != nil {
			return err
		}
		s.Tensors = append(s.Tensors, tensors...)
	case strings.HasSuffix(name, ".arrow"):
		row, err := checkpoint.CompareTables(a, b)
		if err != nil {
			return err
		}
		if row == nil {
			return nil // same values in other bytes; the file is listed
		}
		if name == "metrics.arrow" {
			s.Step, s.Metric = row.Row+1, row
			return nil
		}
		s.Rows = append(s.Rows, TableDiff{name, *row})
	default:
		row, err := compareText(a, b)
		if err != nil {
			return err
		}
		s.Rows = append(s.Rows, TableDiff{name, row})
	}
	return nil
}

// compareText finds the first line, from 0, in which two files differ.
func compareText(a, b string) (checkpoint.RowDiff, error) {
	ta, err := os.ReadFile(a)
	if err != nil {
		return checkpoint.RowDiff{}, err
	}
	tb, err := os.ReadFile(b)
	if err != nil {
		return checkpoint.RowDiff{}, err
	}
	la, lb := bytes.Split(ta, []byte("\n")), bytes.Split(tb, []byte("\n"))
	at := 0
	for at < len(la) && at < len(lb) && bytes.Equal(la[at], lb[at]) {
		at++
	}
	line := func(lines [][]byte) string {
		if at >= len(lines) {
			return "no more lines"
		}
		return strings.ToValidUTF8(string(lines[at][:min(len(lines[at]), 100)]), "\uFFFD")
	}
	return checkpoint.RowDiff{Row: at, Column: "line", A: line(la), B: line(lb)}, nil
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
