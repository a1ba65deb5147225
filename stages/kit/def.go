package kit

import (
	"context"
	"errors"

	"slm/data/exam"
	"slm/llm"
	"slm/stages"
	"slm/stages/domain"
	"slm/stages/trainer"
)

// Def declares the stage.
var Def = stages.Def{
	Name:    stages.KIT,
	Title:   "Knowledge instruction tuning",
	Format:  8,
	Parents: []string{stages.Data, stages.DP},
	Needs:   []string{stages.DP},
	Instead: stages.DP,
	Section: &stages.Section{
		Off:     "the run does not tune; what comes after it reads the weights of dp",
		Doc:     "tuning on questions whose knowledge the black box found useful",
		Default: func() any { c := Default(); return &c },
		Complete: func(s stages.Settings, named func(string) bool) {
			c := stages.At[Config](s, "stages.kit")
			c.Passage = stages.Get[int](s, "eval.knowledge") // one length for all who give the black box knowledge
			c.Optim.CompleteTuning(s, "stages.kit", trainer.RefiningRate, named)
		},
		Check: func(s stages.Settings, broken func(string) bool) error {
			c := stages.Get[Config](s, "stages.kit")
			var general error
			if c.General > 0 && len(stages.Get[[]string](s, "data.general.path")) == 0 && !broken("data") {
				general = errors.New("stages.kit.general: there is no general text to read: name it in data.general.path")
			}
			return errors.Join(general, c.writes(stages.Get[llm.Config](s, "llm")), trainer.Check(s, "stages.kit", c.Optim, c.Batch, broken))
		},
	},
	Keys: func(s stages.Settings) []string {
		keys := trainer.WithAdapter(s, "update")
		if fromRecipe(s).asks() {
			keys = append(keys, "llm", "eval.knowledge")
		}
		return keys
	},
	Inputs:  []string{"stages.kit.pairs.file", "llm.model", "stages.kit.writer.model"},
	Asks:    func(s stages.Settings) bool { return fromRecipe(s).asks() },
	Others:  func(s stages.Settings) []stages.BlackBox { return fromRecipe(s).others() },
	New:     func(s stages.Settings) stages.Stage { return fromRecipe(s) },
	Cost:    cost,
	Metrics: trainer.Metrics,
	Agrees:  stages.InMetrics,
}

func fromRecipe(s stages.Settings) *Stage {
	stage := New(stages.Get[Config](s, "stages.kit"))
	stage.update = stages.Get[domain.Update](s, "update")
	return stage
}

func cost(ctx context.Context, c *stages.Calibration) (stages.Cost, error) {
	most, cut := stages.Get[int](c, "stages.dp.max_section"), stages.Get[string](c, "stages.dp.long") == "cut"
	if most == 0 {
		most = c.Model.Config.Context
	}
	sum, err := trainer.Cost(ctx, c, func() (trainer.Job, error) {
		job, err := fromRecipe(c).Job(c.Domain, c.Model, most, cut, c.Env.Seed)
		if tokens := stages.Get[int64](c, "stages.dp.tokens"); stages.Get[bool](c, "stages.dp.fresh") {
			if job.More = max(0, tokens); tokens <= 0 {
				c.Note("kit: what dp leaves to it is not counted, since the recipe does not say how many tokens that are")
			}
		}
		return job, err
	})
	s := fromRecipe(c)
	if s.cfg.Filter {
		items := len(exam.WithChoices(exam.Only(c.Domain.Items, exam.Train)))
		sum.Add(c.Rates.Ask(items, items, true))
	}
	s.writingCost(c, &sum)
	return sum, err
}
