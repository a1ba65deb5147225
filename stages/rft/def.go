package rft

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"

	"slm/checkpoint"
	"slm/data/exam"
	"slm/llm"
	"slm/optim"
	"slm/stages"
	"slm/stages/knowledge"
	"slm/stages/trainer"
)

// Def declares the stage.
var Def = stages.Def{
	Name:    stages.RFT,
	Title:   "Reward tuning",
	Format:  4,
	Parents: []string{stages.Data, stages.DP, stages.KIT},
	Needs:   []string{stages.DP},
	Section: &stages.Section{
		Off:     "samples: 0, the default",
		Doc:     "tuning on the answers that served the black box best",
		Default: func() any { c := Default(); return &c },
		Complete: func(s stages.Settings, named func(string) bool) {
			c := stages.At[Config](s, "stages.rft")
			c.Passage, c.OneStep = stages.Get[int](s, "eval.knowledge"), knowledge.InOneStep(s)
			if c.Samples > 0 && !named("stages.rft.optim.lr") { // off, the section is its default, which is in no fingerprint
				c.Optim.LR = rate(c.Optim.Name, stages.Get[int](s, "model.width"))
			}
			if c.Samples > 0 && !named("stages.rft.dpo.optim.lr") {
				c.DPO.Optim.LR = trainer.Part(c.Optim.LR, 10)
			}
		},
		Check: func(s stages.Settings, broken func(string) bool) error {
			c := stages.Get[Config](s, "stages.rft")
			if c.Samples == 0 {
				return nil
			}
			return errors.Join(
				trainer.Check(s, "stages.rft", c.Optim, c.Batch, broken),
				trainer.Check(s, "stages.rft.dpo", c.DPO.Optim, math.MaxInt, broken), // the batch is the stage's
			)
		},
		Later: true,
	},
	On: func(s stages.Settings) bool { return stages.Get[Config](s, "stages.rft").Samples > 0 },
	Keys: func(s stages.Settings) []string {
		return trainer.WithAdapter(s, "llm", "eval.knowledge", "stages.kit.knowledge")
	},
	Inputs:  []string{"llm.model"},
	Asks:    stages.Always,
	New:     func(s stages.Settings) stages.Stage { return New(stages.Get[Config](s, "stages.rft")) },
	Cost:    cost,
	Metrics: metrics,
	Agrees:  stages.InNothing,
}

// distinct is the share of the samples whose texts differ, about.
const distinct = 0.4

func cost(_ context.Context, c *stages.Calibration) (stages.Cost, error) {
	cfg := stages.Get[Config](c, "stages.rft")
	items := len(exam.Only(c.Domain.Items, exam.Train))
	if cfg.Items > 0 {
		items = min(items, cfg.Items)
	}
	sum := c.Rates.Ask(items*cfg.Samples, int(distinct*float64(items*cfg.Samples))+items, true)
	sum.Add(c.Rates.Speak(items * cfg.Samples))
	c.Note("the training of rft is not measured: on the winners it is at most that of kit, and dpo reads two answers a question")
	return sum, nil
}

// metrics are those on the winners and, where there were preferences, the last step on these.
func metrics(dir string) ([]stages.Metric, error) {
	list, err := trainer.Metrics(dir)
	if err != nil {
		return nil, err
	}
	rows, _, err := checkpoint.ReadTable[trainer.Metric](filepath.Join(dir, DPOFile))
	if errors.Is(err, os.ErrNotExist) {
		return list, nil
	}
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	last := rows[len(rows)-1]
	list = append(list, stages.Metric{Name: "dpo_steps", Value: float64(last.Step)}, stages.Metric{Name: "dpo_loss", Value: last.Loss, Near: -1})
	if last.HeldOut != nil {
		list = append(list, stages.Metric{Name: "dpo_held_out", Value: *last.HeldOut, Near: -1})
	}
	return list, nil
}

// reward is what a reply is worth: by likelihood the margin of the right option in nats a token, by letter 1 if it is right.
func reward(style string, answer int, c llm.Choice) float64 {
	if c.None != nil {
		return 0
	}
	if style != llm.Cloze {
		return map[bool]float64{true: 1}[c.Index == answer]
	}
	best, first := 0.0, true
	for i, s := range c.Scores {
		if i != answer && (first || s > best) {
			best, first = s, false
		}
	}
	return c.Scores[answer] - best
}

// rate is the learning rate for a model of that width, a quarter of that of tuning: the weights are tuned already.
func rate(name optim.Name, width int) float64 {
	return trainer.Part(trainer.TuningRate(name, width), 4)
}

// dpoRate is a tenth of the stage's own.
func (s *Stage) dpoRate(_ optim.Name, width int) float64 {
	return trainer.Part(s.cfg.Optim.For(width, rate).LR, 10)
}
