package task

import (
	"errors"

	"slm/data/corpus"
	"slm/llm"
	"slm/stages"
	"slm/stages/trainer"
)

// Def declares the stage.
var Def = stages.Def{
	Name:    stages.Task,
	Title:   "Task",
	Format:  2, // 2: the small model and the search together, and the known texts
	Parents: []string{stages.Data, stages.DP, stages.KIT, stages.RFT},
	Needs:   []string{stages.DP},
	For:     stages.Eval,
	Section: &stages.Section{
		Off:     "kind: \"\", the default",
		Doc:     "tuning for something else than questions about sections",
		Default: func() any { c := Default(); return &c },
		Complete: func(s stages.Settings, named func(string) bool) {
			c := stages.At[Config](s, "stages.task")
			if c.Kind == Summarise && !named("stages.task.ask") {
				c.Ask = askSummary
			}
			if c.Kind != "" { // off, the section is its default, which is in no fingerprint
				c.Optim.CompleteTuning(s, "stages.task", trainer.TuningRate, named)
			}
		},
		Check: func(s stages.Settings, broken func(string) bool) error {
			c := stages.Get[Config](s, "stages.task")
			if c.Kind == "" {
				return nil
			}
			return errors.Join(c.writes(stages.Get[llm.Config](s, "llm")), trainer.Check(s, "stages.task", c.Optim, c.Batch, broken))
		},
		Later: true,
	},
	On: func(s stages.Settings) bool { return stages.Get[Config](s, "stages.task").Kind != "" },
	Keys: func(s stages.Settings) []string {
		keys := trainer.WithAdapter(s, "data.corpus")
		if stages.Get[Config](s, "stages.task").asks() {
			keys = append(keys, "llm")
		}
		return keys
	},
	Inputs:  []string{"stages.task.file", "data.corpus.path"},
	Asked:   []string{"llm.model"},
	Asks:    func(s stages.Settings) bool { return stages.Get[Config](s, "stages.task").asks() },
	New:     func(s stages.Settings) stages.Stage { return fromRecipe(s) },
	Cost:    cost,
	Metrics: metrics,
	Agrees:  stages.InNothing,
}

func fromRecipe(s stages.Settings) *Stage {
	return New(stages.Get[Config](s, "stages.task"), corpus.Options{
		From: stages.Get[string](s, "data.corpus.from"), Paths: stages.Get[[]string](s, "data.corpus.path"), Field: stages.Get[string](s, "data.corpus.field"),
		Except: stages.Get[[]string](s, "data.corpus.except"), Longest: stages.Get[int](s, "data.corpus.longest"),
	})
}

// metrics are those of the training, and what the test comes to.
func metrics(dir string) ([]stages.Metric, error) {
	list, err := trainer.Metrics(dir)
	if err != nil {
		return nil, err
	}
	f, err := Read(dir)
	if err != nil {
		return nil, err
	}
	return append(list, f.Metrics()...), nil
}
