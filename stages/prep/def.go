package prep

import (
	"context"

	"slm/stages"
)

// Def declares the stage.
var Def = stages.Def{
	Name:   stages.Data,
	Title:  "Data",
	Format: 5,
	Keys:   stages.Keys("data", "tokenizer"),
	Inputs: []string{"data.corpus.path", "data.exam.file", "data.asked.file"},
	New: func(s stages.Settings) stages.Stage {
		return New(stages.Get[Config](s, "data"), stages.Get[Tokenizer](s, "tokenizer"))
	},
	Cost: func(_ context.Context, c *stages.Calibration) (stages.Cost, error) {
		return stages.Cost{Seconds: c.Made}, nil
	},
}
