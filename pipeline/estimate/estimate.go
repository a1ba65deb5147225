// Package estimate says before a run what it will take, and whether its model can learn at all.
package estimate

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
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
	Parameters int64       `json:"parameters"` // of the small model; 0 = there is none
	Stages     []StageCost `json:"stages"`
	All        StageCost   `json:"all"`
	USD        *float64    `json:"usd"`    // nil = the price is not known; local weights cost nothing
	Memory     uint64      `json:"memory"` // bytes at the peak, as measured while calibrating; 0 = unknown
	Notes      []string    `json:"notes,omitempty"`
}

// Without is how many seconds all stages but one take.
func (e *Estimate) Without(stage string) float64 {
	left := e.All.Seconds
	for _, c := range e.Stages {
		if c.Stage == stage {
			left -= c.Seconds
		}
	}
	return left
}

// Of estimates what a plan will take from a short calibration: the first steps of each training stage, some generation, and some
// questions to local weights. A data stage that was not run before is run into a temporary folder. now times.
func Of(ctx context.Context, p *pipeline.Plan, r *recipe.Loaded, be kernel.Backend, box *blackbox.Box, now func() time.Time) (*Estimate, error) {
	e, err := Open(ctx, p, r, be, box, now)
	if err != nil {
		return nil, err
	}
	defer e.Close()
	var out Estimate
	for _, s := range p.Stages {
		if s.Action == pipeline.Reuse || s.Action == pipeline.Adopt || s.Action == pipeline.Skip {
			continue
		}
		d, ok := all.Lookup(s.Stage)
		if !ok {
			return nil, fmt.Errorf("pipeline: plan: there is no stage %s", s.Stage)
		}
		c, err := e.Stage(ctx, r, d)
		if err != nil {
			return nil, err
		}
		out.Stages = append(out.Stages, StageCost{s.Stage, c})
		out.All.Add(c)
	}
	out.All.Stage = "all"
	if !r.Off(stages.DP) {
		out.Parameters = e.Model.Config.Count()
	}
	out.USD, out.Notes, out.Memory = Price(r, out.All.Cost), e.Notes(), pipeline.PeakMemory()
	return &out, nil
}

// Open calibrates on the data of a plan. The caller closes the estimator.
func Open(ctx context.Context, p *pipeline.Plan, r *recipe.Loaded, be kernel.Backend, box *blackbox.Box, now func() time.Time) (_ *Estimator, err error) {
	e := &Estimator{recipe: r, watch: &stopwatch{now: now, sched: threads}}
	defer func() {
		if err != nil {
			e.Close()
		}
	}()
	made, err := e.watch.once(func() (err error) {
		e.data, err = p.Data(ctx, be, now)
		return err
	})
	if err != nil {
		return nil, err
	}
	if e.Domain, err = domain.Open(e.data.Folder); err != nil {
		return nil, err
	}
	if !e.data.Made {
		made = 0
	}
	e.Made, e.Time, e.Once, e.Note = made, e.watch.repeat, e.watch.once, e.note
	e.Env = &stages.Env{Kernel: be, Log: slog.New(slog.DiscardHandler), Now: now, Emit: func(stages.Event) {}}
	if err := e.turnTo(r); err != nil {
		return nil, err
	}
	return e, e.calibrate(ctx, box)
}

// Estimator says what stages take, after a calibration.
type Estimator struct {
	stages.Calibration
	recipe  *recipe.Loaded
	passage int // tokens that a passage may have
	watch   *stopwatch
	data    pipeline.Data
	notes   []string
}

// turnTo sets the recipe whose stages are estimated.
func (e *Estimator) turnTo(r *recipe.Loaded) error {
	shape, err := dp.Shape(r, e.Domain)
	if err != nil {
		return err
	}
	if cfg := shape.Config(e.Domain.Tokenizer.Vocab()); e.Model == nil || e.Model.Config != cfg {
		e.Model = model.New(cfg, r.Seed)
	}
	if e.Model.Adapter = nil; r.Adapter.LoRA != nil {
		e.Model.Adapter = model.NewAdapter(e.Model.Config, *r.Adapter.LoRA, r.Seed)
	}
	e.Settings, e.Env.Seed = r, r.Seed
	return nil
}

// Stage estimates a stage of a recipe, which may be another than the one that was calibrated on: the data are taken to be the same, and what a token and a
// question take, too.
func (e *Estimator) Stage(ctx context.Context, r *recipe.Loaded, d stages.Def) (stages.Cost, error) {
	if err := e.turnTo(r); err != nil {
		return stages.Cost{}, err
	}
	return d.Cost(ctx, &e.Calibration)
}

// Notes say what the estimate leaves out.
func (e *Estimator) Notes() []string {
	if free := e.watch.total.free(); free < busy {
		return append(e.notes, fmt.Sprintf("other programs kept this one waiting: the times are those of a machine that is free; while it is as busy as now, they are %.1f times as long", 1/free))
	}
	return e.notes
}

// Close gives the data back.
func (e *Estimator) Close() {
	if e.Domain != nil {
		_ = e.Domain.Close() // mapped for reading
	}
	e.data.Close()
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

// Price is what the calls of a recipe's stages cost in dollars; nil = the price is not known. Local weights cost nothing.
func Price(r *recipe.Loaded, c stages.Cost) *float64 {
	var usd float64
	switch p := r.LLM.Price; {
	case !r.LLM.Kind().Metered:
	case p == nil:
		return nil
	default:
		usd = float64(c.LLMTokens)*p.Input/1e6 + float64(c.Calls)*p.Output/1e6
	}
	return &usd
}

// note keeps what several recipes of an experiment give reason to say once.
func (e *Estimator) note(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(e.notes, text) {
		e.notes = append(e.notes, text)
	}
}
