package pipeline

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"slm/checkpoint"
	"slm/stages"
)

// estimateFile holds what was expected of a run until the run takes it over.
func (p *Plan) estimateFile() string {
	return filepath.Join(p.job.Dir, "runs", ".estimates", filepath.Base(p.Folder())+".json")
}

// KeepEstimate keeps the events of an estimate for the run, which sets them beside what happens.
func (p *Plan) KeepEstimate(events []stages.Event) error {
	text, err := json.Marshal(events)
	if err == nil {
		err = checkpoint.MakeDir(filepath.Dir(p.estimateFile()))
	}
	if err == nil {
		err = checkpoint.WriteFileAtomic(p.estimateFile(), append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("pipeline: keep the estimate: %w", err)
	}
	return nil
}

// tellEstimate puts a kept estimate into the run's events, once. One that cannot be read is none.
func (p *Plan) tellEstimate(emit func(stages.Event)) {
	text, err := os.ReadFile(p.estimateFile())
	if err != nil {
		return
	}
	var events []stages.Event
	if json.Unmarshal(text, &events) == nil {
		for _, e := range events {
			emit(e)
		}
	}
	_ = os.Remove(p.estimateFile()) // a second telling would only repeat the first
}
