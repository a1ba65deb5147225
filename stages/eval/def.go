package eval

import (
	"context"

	"slm/data/exam"
	"slm/result"
	"slm/stages"
	"slm/stages/knowledge"
	"slm/stages/systems"
)

// Def declares the stage.
var Def = stages.Def{
	Name:    stages.Eval,
	Title:   "Evaluation",
	Format:  4,
	Parents: []string{stages.Data, stages.DP, stages.KIT, stages.Find, stages.BPO},
	Keys:    stages.Keys("eval", "llm"),
	Inputs:  []string{"llm.model"},
	Asks:    stages.Always,
	New: func(s stages.Settings) stages.Stage {
		return New(stages.Get[Config](s, "eval"), knowledge.InOneStep(s))
	},
	Cost:    cost,
	Metrics: metrics,
	Agrees:  stages.InNothing,
}

// cost is the sum of the systems'.
func cost(_ context.Context, c *stages.Calibration) (sum stages.Cost, err error) {
	cfg := stages.Get[Config](c, "eval")
	items := len(exam.Only(c.Domain.Items, exam.Test))
	if cfg.Items > 0 {
		items = min(items, cfg.Items)
	}
	specs, err := systems.Resolve(cfg.Systems)
	for _, spec := range specs {
		sum.Add(spec.Cost(items, c.Rates))
	}
	return sum, err
}

func metrics(dir string) ([]stages.Metric, error) {
	s, err := result.ReadSummary(dir)
	if err != nil {
		return nil, err
	}
	var list []stages.Metric
	for _, row := range s.Systems {
		list = append(list, stages.Metric{Name: "accuracy of " + row.System, Value: row.Accuracy, Near: -1})
	}
	return list, nil
}
