package report

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"slm/checkpoint"
	"slm/result"
	"slm/stages"
	"slm/stages/all"
	"slm/stages/gate"
	"slm/stages/task"
)

// Run is what a report shows. A part that the run does not have yet is empty, and the page says so.
type Run struct {
	Name    string // the folder's name
	Recipe  string // recipe.yaml as it stands
	Stages  []Stage
	Summary *result.Summary
	Rows    []result.Row
	Task    task.Figures // nil = the run has none
	Curves  []Curve
	Search  Search
	Gate    *gate.Gate // nil = the run has none

	EstimateCheck *EstimateCheck // nil when there was no plan
}

// Stage is one finished stage of the run.
type Stage struct {
	Name     string
	Title    string
	Digest   string
	Manifest *checkpoint.Manifest
	Seconds  float64         // spent at it, over all sittings; 0 when the events do not say
	Planned  float64         // seconds that slm plan expected; 0 when it was not asked
	Metrics  []stages.Metric // what it has come to, where the report has no part of its own about it
}

// Curve is a training stage's loss over time.
type Curve struct {
	Stage   string
	Metrics []Metric
}

// Metric is a line of metrics.arrow, as far as a report needs it.
type Metric struct {
	Step    int64    `arrow:"step"`
	Tokens  int64    `arrow:"tokens"`
	Loss    float64  `arrow:"loss"`
	Heldout *float64 `arrow:"held_out"`
}

// Load reads a run folder. What is missing is left out; what is damaged is an error.
func Load(dir string) (*Run, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("report: open run: %w", err)
	}
	run := &Run{Name: filepath.Base(abs)}
	recipe, err := os.ReadFile(filepath.Join(dir, "recipe.yaml"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("report: read recipe: %w", err)
	}
	run.Recipe = string(recipe)
	seconds, err := Took(dir)
	if err != nil {
		return nil, err
	}
	if run.EstimateCheck, err = ReadEstimateCheck(dir); err != nil {
		return nil, err
	}
	for _, name := range all.Names() {
		m, err := checkpoint.Load(filepath.Join(dir, name))
		if errors.Is(err, checkpoint.ErrMissing) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("report: stage %s: %w", name, err)
		}
		run.Stages = append(run.Stages, Stage{Name: name, Title: title(name), Digest: m.Digest(), Manifest: m, Seconds: seconds[name], Planned: run.EstimateCheck.planned(name)})
		if err := run.read(name, filepath.Join(dir, name)); err != nil {
			return nil, err
		}
	}
	if len(run.Stages) == 0 {
		return nil, fmt.Errorf("report: no finished stage in %s: %w", dir, checkpoint.ErrMissing)
	}
	return run, nil
}

// read takes what the report shows from a finished stage's folder.
func (r *Run) read(stage, dir string) error {
	var err error
	switch stage {
	case stages.BPO:
		err = r.Search.read(dir)
	case stages.Eval:
		r.Summary, r.Rows, err = result.Read(dir)
	default:
		var drawn bool
		if drawn, err = r.curve(stage, filepath.Join(dir, "metrics.arrow")); err == nil && !drawn {
			err = r.metrics(stage, dir)
		}
		if err == nil && stage == stages.Find {
			err = r.readGate(dir)
		}
		if err == nil && stage == stages.Task {
			r.Task, err = task.Read(dir)
		}
	}
	if err != nil {
		return fmt.Errorf("report: stage %s: %w", stage, err)
	}
	return nil
}

// title is what a stage does, for a heading.
func title(stage string) string {
	d, _ := all.Lookup(stage)
	return cmp.Or(d.Title, stage)
}

// curve reads the curve of a stage, if it trains.
func (r *Run) curve(stage, file string) (drawn bool, err error) {
	rows, _, err := checkpoint.ReadTable[Metric](file)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err == nil && len(rows) > 0 {
		r.Curves = append(r.Curves, Curve{Stage: stage, Metrics: rows})
	}
	return true, err
}

// metrics reads the numbers that a stage without a part of its own in the report has come to.
func (r *Run) metrics(stage, dir string) error {
	d, _ := all.Lookup(stage)
	if d.Metrics == nil {
		return nil
	}
	list, err := d.Metrics(dir)
	r.Stages[len(r.Stages)-1].Metrics = list
	return err
}

// stage returns the finished stage of that name.
func (r *Run) stage(name string) (Stage, bool) {
	for _, s := range r.Stages {
		if s.Name == name {
			return s, true
		}
	}
	return Stage{}, false
}
