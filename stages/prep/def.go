package prep

import (
	"context"

	"slm/stages"
	"slm/stages/domain"
)

// Def declares the stage.
var Def = stages.Def{
	Name:   stages.Data,
	Title:  "Data",
	Format: 10,
	Keys: func(s stages.Settings) []string {
		keys := []string{"data.corpus", "data.forms", "data.exam", "data.asked", "data.general", "tokenizer", "update"}
		if stages.Get[string](s, "model.from") != "" {
			keys = append(keys, "model.from")
		}
		return keys
	},
	From:   true,
	Seed:   "data.seed",
	Inputs: []string{"data.corpus.path", "data.exam.file", "data.asked.file", "data.general.path", "update.from"},
	New: func(s stages.Settings) stages.Stage {
		c := Config{
			Corpus: stages.Get[Corpus](s, "data.corpus"), Forms: stages.Get[Forms](s, "data.forms"),
			Exam: stages.Get[Exam](s, "data.exam"), Asked: stages.Get[Asked](s, "data.asked"),
			General: stages.Get[General](s, "data.general"),
		}
		stage := New(c, stages.Get[Tokenizer](s, "tokenizer"))
		stage.from, stage.update = stages.Get[string](s, "model.from"), stages.Get[domain.Update](s, "update")
		return stage
	},
	Cost: func(_ context.Context, c *stages.Calibration) (stages.Cost, error) {
		return stages.Cost{Seconds: c.Made}, nil
	},
}
