package pipeline

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"slm/internal/ranks"
	"slm/model/kernel"
	"slm/pipeline/blackbox"
	"slm/pipeline/rundir"
	"slm/stages"
)

// Deps is what the stages work with. Its functions are called at first use, so that a run that has nothing to do opens nothing.
type Deps struct {
	Kernel func() (kernel.Backend, error)
	Box    *blackbox.Box // may be nil when no stage asks
	View   rundir.Viewer // may be nil
	Log    *slog.Logger
	Now    func() time.Time
	// Foresee estimates what the stages behind the first will take, where nothing is known of it; nil = nobody asks.
	Foresee func(ctx context.Context) ([]stages.Event, error)
	Code    func(error) int // exit code of an error, for the exit event
	// Turn lets a run of an experiment wait before a stage for those that have to go first; what it returns is told how the stage ended. nil = it
	// need not wait.
	Turn  func(ctx context.Context, stage, fingerprint string) (done func(error), err error)
	Ranks *ranks.Team             // that train with this process, which is rank 0; nil = nobody
	Rung  func(stages.Rung) error // may end a training early (stages.Env); nil = none is
	Lock  *rundir.Lock            // of the run, which is released with it; nil = Open takes it
}

// Outcome is what a run ended with.
type Outcome struct {
	Run    string            `json:"run"`
	Done   map[string]string `json:"digests"` // stage → digest of its checkpoint
	Ran    []string          `json:"ran"`     // stages that were run, in rundir.Order
	Reused []string          `json:"reused"`  // stages whose checkpoint served
}

// Execute does what the plan says. When nothing is left to do it writes nothing and needs no lock. Otherwise it holds the run's lock; an
// error leaves every finished stage's checkpoint in place, and the next call goes on from there.
func (p *Plan) Execute(ctx context.Context, deps Deps) (out *Outcome, err error) {
	out = &Outcome{Run: p.Folder(), Done: map[string]string{}}
	if p.Done() {
		p.tidy()
		for _, s := range p.Stages {
			if s.Digest != "" {
				out.Done[s.Stage] = s.Digest
				out.Reused = append(out.Reused, s.Stage)
			}
		}
		return out, nil
	}
	r, err := p.Open(deps)
	if err != nil {
		return out, err
	}
	r.out = out
	start := deps.Now()
	defer func() {
		if err != nil {
			err = errors.Join(err, r.keepRecipe())
		}
		r.exit(err, context.Cause(ctx), start)
		if cerr := r.Close(); err == nil {
			err = cerr
		}
	}()
	if err := r.ready(ctx); err != nil {
		return out, err
	}
	p.tellEstimate(r.events.Emit)
	p.expect(r.left)
	for i := range p.Stages {
		if err := r.stage(ctx, i); err != nil {
			return out, err
		}
		if p.Stages[i].Stage == stages.Data {
			if err := r.check(); err != nil {
				return out, err
			}
			r.foresee(ctx, i)
		}
	}
	return out, p.settle()
}

// foresee has the stages behind one estimated, if somebody looks and nothing is known of them. What cannot be estimated stays unknown.
func (r *Runner) foresee(ctx context.Context, i int) {
	if r.deps.Foresee == nil || len(r.left.expected) > 0 || len(r.plan.following(i)) == 0 {
		return
	}
	r.events.Emit(stages.Event{Type: "stage", Message: "estimating how long this takes (slm plan does it beforehand)"})
	events, err := r.deps.Foresee(ctx)
	if err != nil {
		r.deps.Log.Info("the time that the run takes could not be estimated", "why", err)
		return
	}
	for _, e := range events {
		r.events.Emit(e)
	}
	r.plan.expect(r.left)
}

// exit writes the event with which a run ends.
func (r *Runner) exit(err, cause error, start time.Time) {
	e := stages.Event{Type: "exit", Seconds: r.deps.Now().Sub(start).Seconds(), Memory: PeakMemory()}
	if err != nil {
		e.Message = err.Error()
		if r.deps.Code != nil {
			e.Code = r.deps.Code(errors.Join(err, cause))
		}
	}
	r.events.Emit(e)
}
