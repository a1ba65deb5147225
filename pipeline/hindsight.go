package pipeline

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"slm/checkpoint"
	"slm/stages"
)

// estimateFile holds a plan's estimate until the run takes it over.
func (p *Plan) estimateFile() string {
	return filepath.Join(p.job.Dir, "runs", ".estimates", filepath.Base(p.Folder())+".json")
}

// Remember keeps an estimate for the run, which sets it beside what happens.
func (p *Plan) Remember(c *Cost) error {
	text, err := json.Marshal(c)
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

// tellEstimate puts a remembered estimate into the run's events, once. One that cannot be read is none.
func (p *Plan) tellEstimate(emit func(stages.Event)) {
	text, err := os.ReadFile(p.estimateFile())
	if err != nil {
		return
	}
	var c Cost
	if json.Unmarshal(text, &c) == nil {
		for _, s := range c.Stages {
			emit(stages.Event{Type: "estimate", Stage: s.Stage, Seconds: s.Seconds, Tokens: s.Tokens, Calls: int(s.Calls)})
		}
		emit(stages.Event{Type: "estimate", Seconds: c.All.Seconds, Memory: c.Memory})
	}
	_ = os.Remove(p.estimateFile()) // a second telling would only repeat the first
}
