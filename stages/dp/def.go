package dp

import (
	"context"
	"errors"
	"fmt"

	"slm/model"
	"slm/optim"
	"slm/stages"
	"slm/stages/domain"
	"slm/stages/trainer"
)

// Def declares the stage.
var Def = stages.Def{
	Name:    stages.DP,
	Title:   "Domain pretraining",
	Format:  7,
	Parents: []string{stages.Data},
	Section: &stages.Section{
		Off:     "there is no small model, and search alone finds what the black box is given; what needs a small model is off, too",
		Doc:     "reading the corpus",
		Default: func() any { c := Default(); return &c },
		Complete: func(s stages.Settings, named func(string) bool) {
			if c := stages.At[Config](s, "stages.dp"); !named("stages.dp.optim.lr") {
				c.Optim.LR = rateOf(stages.Get[string](s, "model.from"), adapterOf(s))(c.Optim.Name, stages.Get[int](s, "model.width"))
			}
		},
		Check: check,
	},
	Keys:    stages.Keys("model", "adapter", "update"),
	From:    true,
	New:     func(s stages.Settings) stages.Stage { return fromRecipe(s) },
	Cost:    cost,
	Metrics: trainer.Metrics,
	Agrees:  stages.InMetrics,
}

func fromRecipe(s stages.Settings) *Stage {
	cfg, shape := stages.Get[Config](s, "stages.dp"), stages.Get[model.Shape](s, "model")
	stage := New(cfg, model.Config{})
	if shape.Open() {
		stage.open = &shape
	} else {
		stage.model, stage.from = shape.Config(stages.Get[int](s, "tokenizer.train.vocab")), shape.From
	}
	stage.lora, stage.update = adapterOf(s), stages.Get[domain.Update](s, "update")
	return stage
}

// adapterOf is what a recipe trains instead of all weights; nil = these.
func adapterOf(s stages.Settings) *model.LoRA {
	return stages.Get[model.AdapterConfig](s, "adapter").LoRA
}

// rateOf is the learning rate of a model: one that has been trained before goes on with a lower one, and an adapter begins from nothing.
func rateOf(from string, lora *model.LoRA) func(name optim.Name, width int) float64 {
	if from != "" && lora == nil {
		return trainer.TuningRate
	}
	return trainer.Rate
}

// check compares the section with the model's.
func check(s stages.Settings, broken func(string) bool) error {
	c := stages.Get[Config](s, "stages.dp")
	errs := []error{trainer.Check(s, "stages.dp", c.Optim, c.Batch, broken)}
	if context := stages.Get[int](s, "model.context"); c.MaxSection > context && !broken("stages.dp") && !broken("model") {
		errs = append(errs, fmt.Errorf("stages.dp.max_section: %d tokens do not fit into the model's context of %d", c.MaxSection, context))
	}
	if c.Fresh && s.Off(stages.KIT) && stages.Get[string](s, "model.from") == "" { // weights of others are a model already
		errs = append(errs, errors.New("stages.dp.fresh: leaves the training to stage kit, which is off"))
	}
	if c.Mix.General > 0 && len(stages.Get[[]string](s, "data.general.path")) == 0 && !broken("data") {
		errs = append(errs, errors.New("stages.dp.mix.general: there is no general text to read: name it in data.general.path"))
	}
	if adapterOf(s) != nil && stages.Get[string](s, "model.from") == "" && !broken("model") {
		errs = append(errs, errors.New("adapter.lora: changes weights that are there: name them in model.from"))
	}
	return errors.Join(errs...)
}

func cost(ctx context.Context, c *stages.Calibration) (stages.Cost, error) {
	stage := fromRecipe(c)
	var mix *Mixture
	sum, err := trainer.Cost(ctx, c, func() (job trainer.Job, err error) {
		if job, mix, err = stage.Job(c.Domain, c.Env.Seed); err == nil {
			mix.Long() // the stage counts, too
		}
		if stage.cfg.Fresh {
			job.Tokens, job.Epochs = 0, 0
		}
		return job, err
	})
	if err == nil && !stage.cfg.Fresh {
		err = tellOutlook(c, stage.cfg, mix, sum.Seconds)
	}
	if err != nil || stage.cfg.Mix.Contrast == 0 {
		return sum, err
	}
	encoder, err := encoderCost(ctx, c, stage, mix)
	sum.Seconds += encoder
	return sum, err
}

// tellOutlook adds to an estimate what the tokens are expected to come to, and what fewer would where they take so many seconds.
func tellOutlook(c *stages.Calibration, cfg Config, mix *Mixture, seconds float64) error {
	if note, err := mix.generalNote(); err != nil {
		return err
	} else if note != "" {
		c.Note("%s: %s", stages.DP, note)
	}
	if mix.update != nil {
		c.Note("%s: %s", stages.DP, mix.update.outlook(c.Domain))
		return nil
	}
	look, err := cfg.Look(mix, c.Model.Config.Context)
	if err != nil {
		return err
	}
	c.Note("%s: %s", stages.DP, look)
	if sooner := look.sooner(seconds); sooner != "" {
		c.Note("%s: %s", stages.DP, sooner)
	}
	return nil
}

// encoderCost is how many seconds the encoder takes. It is an upper bound: later steps know the sections that keywords find for earlier ones.
func encoderCost(ctx context.Context, c *stages.Calibration, s *Stage, mix *Mixture) (seconds float64, err error) {
	var e *encoding
	if seconds, err = c.Once(func() (err error) {
		e, err = newEncoding(c.Env, mix, s.bag, s.cfg.Mix.Contrast)
		return err
	}); err != nil {
		return 0, err
	}
	step, err := c.Time(ctx, func() error { _, err := e.step(ctx); return err })
	return seconds + float64(step*float64(e.steps)), errors.Join(err, e.close())
}

// Job is what the stage of a recipe trains on a domain.
func Job(s stages.Settings, dom *domain.Domain, seed uint64) (trainer.Job, error) {
	job, _, err := fromRecipe(s).Job(dom, seed)
	return job, err
}
