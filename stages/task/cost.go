package task

import (
	"context"
	"math"

	"slm/data/exam"
	"slm/model"
	"slm/stages"
	"slm/stages/trainer"
)

// priced is a lesson that says what its test takes beside training.
type priced interface {
	cost(c *stages.Calibration) stages.Cost
}

func cost(ctx context.Context, c *stages.Calibration) (stages.Cost, error) {
	return fromRecipe(c).cost(ctx, c)
}

// cost is the training, that of a twin, and what the lesson says of its test.
func (s *Stage) cost(ctx context.Context, c *stages.Calibration) (sum stages.Cost, err error) {
	var l lesson
	read, err := c.Once(func() (err error) {
		l, err = s.lesson(c.Domain, c.Env.Seed)
		return err
	})
	if err != nil {
		return sum, err
	}
	training := func(params *model.Params) (stages.Cost, error) {
		return trainer.Cost(ctx, c, func() (trainer.Job, error) { return s.job(c.Domain, params, l, c.Env.Seed), nil })
	}
	if sum, err = training(c.Model); err != nil {
		return sum, err
	}
	if s.cfg.Kind == Code && s.cfg.Code.Twin {
		again := sum
		if c.Model.Adapter != nil { // the twin learns all weights
			again, err = training(c.Model.Base())
		}
		sum.Add(again)
	}
	sum.Seconds += read
	if p, ok := l.(priced); ok {
		sum.Add(p.cost(c))
	} else {
		c.Note("task: the answers to the held-out rows are not counted")
	}
	return sum, err
}

// charsPerToken is what a token of the black box holds of a program, about.
const charsPerToken = 3

// cost is what the model, its twin and the black box write, if every test function is counted and every body has its full length. Judging is said and not
// counted: it is the time of a compiler and of the packages' tests.
func (m *coded) cost(c *stages.Calibration) (sum stages.Cost) {
	var chars []int // of what stands before the body of each test function
	packages := map[string]bool{}
	for _, r := range m.held {
		if r.Split == exam.Test {
			chars, packages[m.of[r.ID].Package] = append(chars, len(r.Text)), true
		}
	}
	writers := 1
	if m.cfg.Twin {
		writers++
	}
	sum.Add(c.Rates.Generate(writers * len(chars) * m.cfg.Tokens))
	asked := exam.Evenly(chars, m.cfg.LLM)
	for _, n := range asked {
		sum.Add(stages.Cost{Questions: 1, Calls: 1, LLMTokens: int64(math.Round(float64(n)/charsPerToken)) + int64(m.cfg.Tokens)})
	}
	if len(asked) > 0 {
		c.Note("task: the time in which the black box writes %d bodies is not counted", len(asked))
	}
	// Each package as it is; of each function a body that panics, that of zero values, the nearest one, and what is written.
	c.Note("task: up to %d programs are compiled and put to their packages' tests, which takes seconds each, and a minute of processor time for the first: that is not counted",
		len(packages)+(3+writers)*len(chars)+len(asked))
	return sum
}
