// Package estimate says before a run what it will take, and whether its model can learn at all.
package estimate

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"slm/model"
	"slm/model/kernel"
	"slm/pipeline"
	"slm/pipeline/blackbox"
	"slm/pipeline/recipe"
	"slm/stages"
	"slm/stages/all"
	"slm/stages/domain"
	"slm/stages/dp"
)

// StageCost is what one stage is expected to take.
type StageCost struct {
	Stage string `json:"stage"`
	stages.Cost
}

// Estimate is what the stages of a plan that are run are expected to take.
type Estimate struct {
	Parameters int64       `json:"parameters"` // of the small model
	Stages     []StageCost `json:"stages"`
	All        StageCost   `json:"all"`
	USD        *float64    `json:"usd"`    // nil = the price is not known; local weights cost nothing
	Memory     uint64      `json:"memory"` // bytes at the peak, as measured while calibrating; 0 = unknown
	Notes      []string    `json:"notes,omitempty"`
}

// Of estimates what a plan will take from a short calibration: the first steps of each training stage, some generation, and some
// questions to local weights. A data stage that was not run before is run into a temporary folder. now times.
func Of(ctx context.Context, p *pipeline.Plan, r *recipe.Loaded, be kernel.Backend, box *blackbox.Box, now func() time.Time) (*Estimate, error) {
	watch := &stopwatch{now: now, sched: threads}
	var data pipeline.Data
	made, err := watch.once(func() (err error) {
		data, err = p.Data(ctx, be, now)
		return err
	})
	if err != nil {
		return nil, err
	}
	defer data.Close()
	dom, err := domain.Open(data.Folder)
	if err != nil {
		return nil, err
	}
	defer func() { _ = dom.Close() }() // mapped for reading
	if !data.Made {
		made = 0
	}
	shape, err := dp.Shape(r, dom)
	if err != nil {
		return nil, err
	}
	e := &estimator{recipe: r, cost: &Estimate{}}
	e.Calibration = stages.Calibration{
		Settings: r, Domain: dom, Made: made, Model: model.New(shape.Config(dom.Tokenizer.Vocab()), r.Seed),
		Time: watch.repeat, Once: watch.once, Note: e.note,
		Env: &stages.Env{Seed: r.Seed, Kernel: be, Log: slog.New(slog.DiscardHandler), Now: now, Emit: func(stages.Event) {}},
	}
	if err := e.calibrate(ctx, box); err != nil {
		return nil, err
	}
	for _, s := range p.Stages {
		if s.Action == pipeline.Reuse || s.Action == pipeline.Adopt || s.Action == pipeline.Skip {
			continue
		}
		d, ok := all.Lookup(s.Stage)
		if !ok {
			return nil, fmt.Errorf("pipeline: plan: there is no stage %s", s.Stage)
		}
		c, err := d.Cost(ctx, &e.Calibration)
		if err != nil {
			return nil, err
		}
		e.cost.Stages = append(e.cost.Stages, StageCost{s.Stage, c})
		e.cost.All.Add(c)
	}
	e.cost.Parameters = e.Model.Config.Count()
	e.cost.All.Stage = "all"
	e.price()
	if free := watch.total.free(); free < busy {
		e.note("other programs kept this one waiting: the times are those of a machine that is free; while it is as busy as now, they are %.1f times as long", 1/free)
	}
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

// busy is the share of the time that a free machine would have needed, from which on a plan says that the machine is not free.
const busy = 0.87

// estimator collects what the stages say.
type estimator struct {
	stages.Calibration
	recipe  *recipe.Loaded
	passage int // tokens that a passage may have
	cost    *Estimate
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
