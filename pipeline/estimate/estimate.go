// Package estimate says before a run what it will take, and whether its model can learn at all.
package estimate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"slm/data/exam"
	"slm/llm"
	"slm/model"
	"slm/model/kernel"
	"slm/pipeline"
	"slm/pipeline/blackbox"
	"slm/pipeline/recipe"
	"slm/stages"
	"slm/stages/domain"
	"slm/stages/dp"
	"slm/stages/eval"
	"slm/stages/kit"
	"slm/stages/knowledge"
	"slm/stages/trainer"
)

// StageCost is what one stage is expected to take.
type StageCost struct {
	Stage string `json:"stage"`
	stages.Cost
}

// Estimate is what the stages of a plan that are run are expected to take.
type Estimate struct {
	Stages []StageCost `json:"stages"`
	All    StageCost   `json:"all"`
	USD    *float64    `json:"usd"`    // nil = the price is not known; local weights cost nothing
	Memory uint64      `json:"memory"` // bytes at the peak, as measured while calibrating; 0 = unknown
	Notes  []string    `json:"notes,omitempty"`
}

// Of estimates what a plan will take from a short calibration: the first steps of each training stage, some generation, and some
// questions to local weights. A data stage that was not run before is run into a temporary folder. now times.
func Of(ctx context.Context, p *pipeline.Plan, r *recipe.Loaded, be kernel.Backend, box *blackbox.Box, now func() time.Time) (*Estimate, error) {
	e := &estimator{recipe: r, kernel: be, now: now, cost: &Estimate{}}
	data, err := p.Data(ctx, be, now)
	if err != nil {
		return nil, err
	}
	defer data.Close()
	if e.dom, err = domain.Open(data.Folder); err != nil {
		return nil, err
	}
	e.shape = r.Model.Config(e.dom.Tokenizer.Vocab())
	e.params = model.New(e.shape, r.Seed)
	if err := e.calibrate(ctx, box); err != nil {
		return nil, err
	}
	for _, s := range p.Stages {
		if s.Action == pipeline.Reuse || s.Action == pipeline.Adopt || s.Action == pipeline.Skip {
			continue
		}
		c, err := e.stage(ctx, s.Stage, data.Seconds)
		if err != nil {
			return nil, err
		}
		e.cost.Stages = append(e.cost.Stages, StageCost{s.Stage, c})
		e.cost.All.Add(c)
	}
	e.cost.All.Stage = "all"
	e.price()
	e.cost.Memory = pipeline.PeakMemory()
	return e.cost, nil
}

// Events tell the estimate in a run's events.
func (e *Estimate) Events() (events []stages.Event) {
	for _, s := range e.Stages {
		events = append(events, stages.Event{Type: "estimate", Stage: s.Stage, Seconds: s.Seconds, Tokens: s.Tokens, Calls: int(s.Calls)})
	}
	return append(events, stages.Event{Type: "estimate", Seconds: e.All.Seconds, Memory: e.Memory})
}

// estimator turns what was measured into what to expect.
type estimator struct {
	recipe *recipe.Loaded
	kernel kernel.Backend
	now    func() time.Time
	dom    *domain.Domain
	shape  model.Config
	params *model.Params
	cost   *Estimate
	rates  stages.Rates
}

func (e *estimator) stage(ctx context.Context, name string, data float64) (c stages.Cost, err error) {
	switch name {
	case stages.Data:
		c.Seconds = data
	case stages.DP:
		err = e.train(ctx, &c, func() (trainer.Job, error) {
			job, mix, err := dp.New(e.recipe.Stages.DP, e.shape).Job(e.dom, e.recipe.Seed)
			if err == nil {
				mix.Cut() // the stage counts, too
			}
			return job, err
		})
	case stages.KIT:
		err = e.train(ctx, &c, func() (trainer.Job, error) { return kit.New(e.recipe.Stages.KIT).Job(e.dom, e.params, e.recipe.Seed) })
		if e.recipe.Stages.KIT.Filter {
			asked := len(exam.Only(e.dom.Items, exam.Train))
			c.Add(e.rates.Ask(asked, asked, true))
		}
	case stages.BPO:
		e.bpo(&c)
	case stages.Eval:
		c = eval.New(e.recipe.Eval, false).Cost(len(exam.Only(e.dom.Items, exam.Test)), &e.rates)
	}
	return c, err
}

// train adds a job's making and its steps. What is saved and committed is not counted: it takes the disk a second.
func (e *estimator) train(ctx context.Context, c *stages.Cost, prepare func() (trainer.Job, error)) error {
	start := e.now()
	job, err := prepare()
	if err != nil {
		return err
	}
	c.Seconds += e.now().Sub(start).Seconds()
	t, err := e.rehearse(ctx, job)
	if err != nil {
		return err
	}
	c.Tokens = int64(t.steps * job.Batch)
	c.FLOPs = 6 * float64(e.shape.Count()) * float64(c.Tokens)
	c.Seconds += t.load + float64(t.steps)*t.step + t.held
	return nil
}

// climbs is the share of trials that reach each further rung of the ladder, about.
const climbs = 0.55

// answers is how many different texts the trials bring out of the small model for one question, about: most prompts name the same place. It
// was 1.56 in a run of recipes/legal.yaml and 1.39 in one of statutes-cn.yaml.
const answers = 1.5

func (e *estimator) bpo(c *stages.Cost) {
	b := e.recipe.Stages.BPO
	dev := len(exam.Only(e.dom.Items, exam.Dev))
	held := max(2, int(float64(dev)*b.Final.Share+0.5))
	ladder := []int{}
	for _, rung := range b.Items.Ladder {
		if rung = min(rung, dev-held); rung > 0 && (len(ladder) == 0 || rung > ladder[len(ladder)-1]) {
			ladder = append(ladder, rung)
		}
	}
	if len(ladder) == 0 {
		e.note("bpo: %d development questions are too few to search on", dev)
		return
	}
	most, trial, share := ladder[len(ladder)-1], 0.0, 1.0
	for i, rung := range ladder {
		if i > 0 {
			rung -= ladder[i-1]
			share *= climbs
		}
		trial += share * float64(rung)
	}
	arms := 1
	for _, c := range b.Controls {
		switch c {
		case "none":
		case "text":
			arms++
		default:
			arms += b.Repeats
		}
	}
	questions := most + arms*int(float64(b.Init+b.Trials)*trial) + (1+arms*b.Final.Best)*(held/2) + (1+arms)*(held-held/2)
	texts := min(questions, int(answers*float64(most+held)))
	c.Add(e.rates.Ask(questions, texts, true))
	c.Add(e.rates.Generate(questions*placeTokens + texts*b.Passage))
}

// distinct is the share of the evaluation's questions that differ, about: systems that give the black box the same text ask once. It was 0.62 in
// a run of recipes/legal.yaml and 0.51 in one of statutes-cn.yaml.
const distinct = 0.57

// placeTokens is how long a generated place is, about.
const placeTokens = 12

// questionSize is the mean length of a question to the black box in characters, and the calls that it takes.
func (e *estimator) questionSize(known bool) (size stages.QuestionSize) {
	size.Calls = 1
	items := e.dom.Items[:min(len(e.dom.Items), 50)]
	for _, item := range items {
		q := llm.Question{Question: item.Question, Choices: item.Choices}
		if known {
			q.Knowledge = knowledge.Head(e.dom, item.Knowledge, e.recipe.Eval.Knowledge)
		}
		r, err := llm.Render(e.recipe.LLM.Answer, q)
		if err != nil {
			continue
		}
		times := 1
		if e.recipe.LLM.Kind().Splits && len(r.Options) > 0 {
			times, size.Calls = len(r.Options), len(r.Options) // a server reads the prompt again for each
		}
		size.Chars += float64(times * len(r.Prompt))
		for _, o := range r.Options {
			size.Chars += float64(len(o))
		}
	}
	size.Chars /= float64(max(1, len(items)))
	return size
}

// price is the cost of the calls in dollars.
func (e *estimator) price() {
	var usd float64
	switch p := e.recipe.LLM.Price; {
	case !e.recipe.LLM.Kind().Metered:
	case p == nil:
		return
	default:
		usd = float64(e.cost.All.LLMTokens)*p.Input/1e6 + float64(e.cost.All.Calls)*p.Output/1e6
	}
	e.cost.USD = &usd
}

func (e *estimator) note(format string, args ...any) {
	e.cost.Notes = append(e.cost.Notes, fmt.Sprintf(format, args...))
}

// calibrate measures what several stages share.
func (e *estimator) calibrate(ctx context.Context, box *blackbox.Box) error {
	e.rates = stages.Rates{
		Bare: e.questionSize(false), Known: e.questionSize(true), PlaceTokens: placeTokens, PassageTokens: e.recipe.Eval.Knowledge, Distinct: distinct,
	}
	if err := e.timeGeneration(ctx, e.params); err != nil {
		return err
	}
	if e.recipe.LLM.Kind().Elsewhere {
		e.note("the time that the server takes is not known, and not counted")
		return nil
	}
	err := e.timeQuestions(ctx, box)
	if errors.Is(err, llm.ErrUnavailable) {
		e.note("the time of the black box is not counted: %v", err)
		return nil
	}
	return err
}
