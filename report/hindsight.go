package report

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// eventsFile is where a run tells what happens.
const eventsFile = "events.jsonl"

// Hindsight sets what slm plan said beside what happened.
type Hindsight struct {
	Stages        []Compared `json:"stages"` // that were planned and then run; their sum at the end
	PlannedMemory uint64     `json:"planned_memory"`
	Memory        uint64     `json:"memory"` // bytes, the peak of the processes that ended in good order; 0 = unknown
}

// Compared is one stage of it, in seconds.
type Compared struct {
	Stage   string  `json:"stage"`
	Planned float64 `json:"planned"`
	Took    float64 `json:"took"`
}

// ReadHindsight reads a run's events. It is nil when the run was not planned, or nothing of the plan was run.
func ReadHindsight(dir string) (*Hindsight, error) {
	path := filepath.Join(dir, eventsFile)
	took, err := secondsByStage(path)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("report: read events: %w", err)
	}
	defer func() { _ = f.Close() }()
	h, planned := &Hindsight{}, map[string]float64{}
	lines := bufio.NewScanner(f)
	lines.Buffer(make([]byte, 0, 1<<16), maxEvent)
	for lines.Scan() {
		var e struct {
			Type, Stage string
			Seconds     float64
			Memory      uint64
		}
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			continue // a killed process has torn the line
		}
		switch {
		case e.Type == "estimate" && e.Stage != "":
			planned[e.Stage] = e.Seconds
		case e.Type == "estimate":
			h.PlannedMemory = e.Memory
		case e.Type == "exit":
			h.Memory = max(h.Memory, e.Memory)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("report: read events: %w", err)
	}
	all := Compared{Stage: "all"}
	for _, stage := range stageOrder {
		if p, ok := planned[stage]; ok && took[stage] > 0 {
			h.Stages = append(h.Stages, Compared{stage, p, took[stage]})
			all.Planned, all.Took = all.Planned+p, all.Took+took[stage]
		}
	}
	if len(h.Stages) == 0 {
		return nil, nil
	}
	h.Stages = append(h.Stages, all)
	return h, nil
}

// planned is what was expected of a stage, in seconds; 0 when nothing was.
func (h *Hindsight) planned(stage string) float64 {
	if h != nil {
		for _, s := range h.Stages {
			if s.Stage == stage {
				return s.Planned
			}
		}
	}
	return 0
}
