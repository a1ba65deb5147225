package report

import (
	"encoding/json"
	"path/filepath"

	"slm/experiment"
	"slm/stages/all"
)

// EstimateCheck sets what slm plan said beside what happened.
type EstimateCheck struct {
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

// ReadEstimateCheck reads a run's events. It is nil when the run was not planned, or nothing of the plan was run.
func ReadEstimateCheck(dir string) (*EstimateCheck, error) {
	path := filepath.Join(dir, eventsFile)
	took, err := experiment.Spent(path)
	if err != nil {
		return nil, err
	}
	h, planned := &EstimateCheck{}, map[string]float64{}
	err = experiment.EachEvent(path, func(line []byte) {
		var e struct {
			Type, Stage string
			Seconds     float64
			Memory      uint64
		}
		if json.Unmarshal(line, &e) != nil {
			return
		}
		switch {
		case e.Type == "estimate" && e.Stage != "":
			planned[e.Stage] = e.Seconds
		case e.Type == "estimate":
			h.PlannedMemory = e.Memory
		case e.Type == "exit":
			h.Memory = max(h.Memory, e.Memory)
		}
	})
	if err != nil {
		return nil, err
	}
	sum := Compared{Stage: "all"}
	for _, stage := range all.Names() {
		if p, ok := planned[stage]; ok && took[stage] > 0 {
			h.Stages = append(h.Stages, Compared{stage, p, took[stage]})
			sum.Planned, sum.Took = sum.Planned+p, sum.Took+took[stage]
		}
	}
	if len(h.Stages) == 0 {
		return nil, nil
	}
	h.Stages = append(h.Stages, sum)
	return h, nil
}

// planned is what was expected of a stage, in seconds; 0 when nothing was.
func (h *EstimateCheck) planned(stage string) float64 {
	if h != nil {
		for _, s := range h.Stages {
			if s.Stage == stage {
				return s.Planned
			}
		}
	}
	return 0
}
