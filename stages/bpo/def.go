package bpo

import (
	"context"
	"slices"

	"slm/stages"
	"slm/stages/domain"
	"slm/stages/knowledge"
	found "slm/stages/search"
)

// Def declares the stage.
var Def = stages.Def{
	Name:    stages.BPO,
	Title:   "Search of the soft prompt",
	Format:  8,
	Parents: []string{stages.Data, stages.KIT, stages.RFT, stages.Find},
	Needs:   []string{stages.DP},
	Section: &stages.Section{
		Off:     "the run searches no prompt; the small model is asked without one, and knowledge is delivered as the recipe says",
		Doc:     "the search of the soft prompt",
		Default: func() any { c := Default(); return &c },
		Complete: func(s stages.Settings, _ func(string) bool) {
			stages.At[Config](s, "stages.bpo").Passage = stages.Get[int](s, "eval.knowledge") // one length for all who give the black box knowledge
		},
	},
	Keys:   stages.Keys("llm", "eval.knowledge"),
	Inputs: []string{"llm.model", "stages.bpo.inherit"},
	Asks:   stages.Always,
	Others: found.Servers,
	New: func(s stages.Settings) stages.Stage {
		stage := New(stages.Get[Config](s, "stages.bpo"), knowledge.InOneStep(s))
		stage.update = stages.Get[domain.Update](s, "update")
		return stage
	},
	Cost: func(_ context.Context, c *stages.Calibration) (stages.Cost, error) {
		return cost(stages.Get[Config](c, "stages.bpo"), len(stages.Get[Config](c, "stages.bpo").dev(slices.Concat(c.Domain.Items, c.Domain.Asked))), c), nil
	},
	Agrees: stages.InNothing,
}

// climbs is the share of trials that reach each further rung of the ladder, about.
const climbs = 0.55

// answers is how many different texts the trials bring out of the small model for one question, about: most prompts name the same place. It
// was 1.56 in a run of recipes/legal.yaml and 1.39 in one of statutes-cn.yaml.
const answers = 1.5

// cost is that of a search on some development questions.
func cost(cfg Config, dev int, c *stages.Calibration) (sum stages.Cost) {
	items, choice, check := cfg.Final.deal(dev)
	ladder := cfg.rungs(items)
	if len(ladder) == 0 {
		c.Note("bpo: %d development questions are too few to search on", dev)
		return sum
	}
	if cfg.wide() {
		c.Note("bpo: prompts are reckoned with one passage of eval.knowledge; a search of passages has shorter and longer ones")
	}
	most, trial, share := ladder[len(ladder)-1], 0.0, 1.0
	for i, rung := range ladder {
		if i > 0 {
			rung -= ladder[i-1]
			share *= climbs
		}
		trial += float64(share * float64(rung))
	}
	searches := 1 + len(cfg.baselines())
	questions := most + searches*int(float64(cfg.Init+cfg.Trials)*trial) + (1+searches*cfg.Final.Best)*choice + (1+searches)*check
	texts := min(questions, int(answers*float64(most+choice+check)))
	sum.Add(c.Rates.Ask(questions, texts, true))
	sum.Add(c.Rates.Generate(questions*c.Rates.PlaceTokens + texts*c.Rates.PassageTokens))
	return sum
}
