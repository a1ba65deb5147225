package ablate

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"

	"slm/checkpoint"
	"slm/pipeline/rundir"
)

// Files of an experiment's folder, beside events.jsonl, replies.wal and lock.
const (
	ExperimentFile = "experiment.json"
	ItemsFile      = "items.arrow"
	SummaryFile    = "summary.json"
)

// Experiment is experiment.json: what was compared, and what each run is made from.
type Experiment struct {
	Version  int       `json:"v"`
	Name     string    `json:"name"`
	Recipe   string    `json:"recipe"`
	Kernel   string    `json:"kernel"`
	Variants []Variant `json:"variants"` // the first is what the others are compared with
	Seeds    []uint64  `json:"seeds"`
	Results  []Result  `json:"results"`
	Stages   []Shared  `json:"stages"`
}

// Shared is a stage with the members that have it. It does not say which of them made it: that is in events.jsonl.
type Shared struct {
	Stage       string `json:"stage"`
	Fingerprint string `json:"fingerprint"`
	Users       int    `json:"users"`
}

// Summary is what an experiment came to: summary.json, and the result of the command.
type Summary struct {
	Version     int          `json:"v"`
	Name        string       `json:"name"`
	Page        string       `json:"page"` // its report, from where experiments/ is
	Results     []Result     `json:"results"`
	Accuracies  []Accuracy   `json:"accuracies"`
	Differences []Difference `json:"differences"`
	Notes       []string     `json:"notes"`
}

// write writes the experiment's files. They depend on the members' runs alone.
func (p *Plan) write(results []Result) (*Summary, error) {
	rows, err := p.gather(results)
	if err != nil {
		return nil, err
	}
	if err := checkpoint.WriteTable(filepath.Join(p.Path(), ItemsFile), rows, nil); err != nil {
		return nil, fmt.Errorf("ablate: %w", err)
	}
	e := Experiment{Version: 1, Name: p.Name, Recipe: p.Base.Name, Kernel: p.Members[0].plan.Kernel, Variants: p.Variants, Seeds: p.Seeds, Results: results}
	for _, s := range p.Stages {
		e.Stages = append(e.Stages, Shared{s.Stage, s.Fingerprint, s.Users})
	}
	s := &Summary{Version: 1, Name: p.Name, Page: relative(p.Dir, filepath.Join(p.Path(), rundir.ReportFile)), Results: results, Notes: []string{notSeeds}}
	if s.Accuracies, s.Differences, err = p.compare(rows); err != nil {
		return nil, err
	}
	runs, err := p.load(results)
	if err != nil {
		return nil, err
	}
	return s, errors.Join(p.put(ExperimentFile, e), p.put(SummaryFile, s), p.writePage(p.study(s, runs)))
}

// notSeeds says what the intervals leave out.
const notSeeds = "Intervals draw questions; the seeds are averaged and not drawn."

// put writes a file as JSON.
func (p *Plan) put(name string, v any) error {
	text, err := json.MarshalIndent(v, "", " ")
	if err == nil {
		err = checkpoint.WriteFileAtomic(filepath.Join(p.Path(), name), append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("ablate: %s: %w", name, err)
	}
	return nil
}
