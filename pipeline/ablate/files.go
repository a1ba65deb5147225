package ablate

import (
	"encoding/json"
	"fmt"
	"path/filepath"

	"slm/checkpoint"
)

// Files of an experiment's folder, beside events.jsonl, replies.wal and lock.
const (
	ExperimentFile = "experiment.json"
	ItemsFile      = "items.arrow"
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

// write writes the experiment's files. They depend on the members' checkpoints alone.
func (p *Plan) write(results []Result) error {
	rows, err := p.gather(results)
	if err != nil {
		return err
	}
	if err := checkpoint.WriteTable(filepath.Join(p.Path(), ItemsFile), rows, nil); err != nil {
		return fmt.Errorf("ablate: %w", err)
	}
	e := Experiment{Version: 1, Name: p.Name, Recipe: p.Base.Name, Kernel: p.Members[0].plan.Kernel, Variants: p.Variants, Seeds: p.Seeds, Results: results}
	for _, s := range p.Stages {
		e.Stages = append(e.Stages, Shared{s.Stage, s.Fingerprint, s.Users})
	}
	text, err := json.MarshalIndent(e, "", " ")
	if err != nil {
		return fmt.Errorf("ablate: %w", err)
	}
	if err := checkpoint.WriteFileAtomic(filepath.Join(p.Path(), ExperimentFile), append(text, '\n')); err != nil {
		return fmt.Errorf("ablate: %w", err)
	}
	return nil
}
