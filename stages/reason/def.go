package reason

import (
	"cmp"
	"context"
	"path/filepath"

	"slm/checkpoint"
	"slm/data/reasoning"
	"slm/stages"
	"slm/stages/trainer"
)

// Def declares the stage. No other stage reads its model.
var Def = stages.Def{
	Name:    stages.Reason,
	Title:   "Cautious reasoning",
	Format:  1,
	Parents: []string{stages.Data, stages.DP, stages.KIT, stages.RFT},
	Needs:   []string{stages.DP},
	Section: &stages.Section{
		Off:     "tasks: 0, the default",
		Doc:     "tuning on tasks that are reasoned under the strategy that suits their class (Orca 2, Mitra et al. 2023, arXiv 2311.11045)",
		Default: func() any { c := Default(); return &c },
		Complete: func(s stages.Settings, named func(string) bool) {
			c := stages.At[Config](s, "stages.reason")
			if c.Tasks > 0 { // off, the section is its default, which is in no fingerprint
				c.Optim.CompleteTuning(s, "stages.reason", trainer.TuningRate, named)
			}
		},
		Check: func(s stages.Settings, broken func(string) bool) error {
			c := stages.Get[Config](s, "stages.reason")
			if c.Tasks == 0 {
				return nil
			}
			return trainer.Check(s, "stages.reason", c.Optim, c.Batch, broken)
		},
		Later: true,
	},
	On:     func(s stages.Settings) bool { return stages.Get[Config](s, "stages.reason").Tasks > 0 },
	Keys:   func(s stages.Settings) []string { return trainer.WithAdapter(s, "data.exam.split") },
	Inputs: []string{"stages.reason.teacher.model"},
	Others: func(s stages.Settings) []stages.BlackBox {
		if c := stages.Get[Config](s, "stages.reason"); c.Teacher != nil {
			return []stages.BlackBox{{Name: teacherName, Config: *c.Teacher}}
		}
		return nil
	},
	New:     func(s stages.Settings) stages.Stage { return fromRecipe(s) },
	Cost:    cost,
	Metrics: metrics,
	Agrees:  stages.InNothing,
}

func fromRecipe(s stages.Settings) *Stage {
	stage := New(stages.Get[Config](s, "stages.reason"), stages.Get[float64](s, "data.exam.split.dev"), stages.Get[float64](s, "data.exam.split.test"))
	stage.seed = stages.Get[uint64](s, "data.seed")
	return stage
}

// cost is that of both trainings; what is generated is not counted.
func cost(ctx context.Context, c *stages.Calibration) (stages.Cost, error) {
	s := fromRecipe(c)
	list, err := s.make(c.Domain, c.Model.Config.Context, cmp.Or(s.seed, c.Env.Seed))
	if err != nil {
		return stages.Cost{}, err
	}
	read, err := c.Domain.Read(c.Model.Config.Context, false)
	if err != nil {
		return stages.Cost{}, err
	}
	plan := make([]planned, len(list))
	for i, t := range list { // of a length that is neither the least nor the most
		plan[i] = planned{Task: t, strategy: reasoning.Steps, reply: t.Reply(reasoning.Steps), kept: true}
	}
	lesson := &lesson{stage: s, dom: c.Domain, read: read, tasks: plan, seed: c.Env.Seed, context: c.Model.Config.Context}
	sum, err := trainer.Cost(ctx, c, func() (trainer.Job, error) { return s.job(lesson, c.Model, ""), nil })
	if s.cfg.Pilot > 0 && s.cfg.Epochs > 0 && len(s.cfg.Strategies) < len(reasoning.Classes()) {
		both := 1 + s.cfg.Pilot/s.cfg.Epochs
		sum.Seconds, sum.Tokens, sum.FLOPs = both*sum.Seconds, int64(both*float64(sum.Tokens)), both*sum.FLOPs
	}
	c.Note("reason: the answers to the tasks, which the small model generates, are not counted")
	return sum, err
}

// metrics are those of the training, and what the test tasks came to: accuracy, strategies chosen as taught, tokens an answer.
func metrics(dir string) ([]stages.Metric, error) {
	list, err := trainer.Metrics(dir)
	if err != nil {
		return nil, err
	}
	rows, _, err := checkpoint.ReadTable[AnswerRow](filepath.Join(dir, AnswersFile))
	if err != nil {
		return nil, err
	}
	all := total(rows)
	return append(list,
		stages.Metric{Name: "task_accuracy", Value: all.share(all.Right), Near: -1},
		stages.Metric{Name: "strategy_accuracy", Value: all.share(all.Chosen), Near: -1},
		stages.Metric{Name: "task_tokens", Value: all.share(all.Tokens), Near: -1},
	), nil
}
