package ablate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"slm/llm"
	"slm/model/kernel"
	"slm/pipeline"
	"slm/pipeline/blackbox"
	"slm/pipeline/remote"
	"slm/pipeline/rundir"
	"slm/pipeline/study"
	"slm/stages"
	"slm/store"
)

// try makes a stage, unless another worker is at its run. It reports whether something about the stage has changed.
func (w *worker) try(ctx context.Context, i int) (changed bool, err error) {
	s := w.Stages[i]
	run := w.Members[s.Member].Run
	held, err := w.at.take(ctx, run)
	if errors.Is(err, rundir.ErrLocked) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer func() {
		if rerr := held.Release(); rerr != nil && !errors.Is(rerr, rundir.ErrLost) { // who has lost it was told below
			err = errors.Join(err, rerr)
		}
	}()
	if s, err := w.look(ctx, i); s != due || err != nil { // another has just made it
		return true, err
	}
	working, cancel := held.Context(ctx)
	defer cancel()
	plan, box, err := w.prepare(working, i)
	if err == nil {
		err = w.make(working, i, plan, box)
		if context.Cause(working) == nil || ctx.Err() != nil { // it is not another's by now
			kerr := w.at.keep(ctx, run)
			if errors.Is(kerr, remote.ErrApart) || errors.Is(kerr, store.ErrChanged) {
				kerr = fmt.Errorf("%w: %w", rundir.ErrLost, kerr)
				err = nil
			}
			err = errors.Join(err, kerr)
			if kerr != nil && !errors.Is(kerr, rundir.ErrLost) {
				return false, err
			}
		}
	} else if !errors.Is(err, rundir.ErrLocked) {
		return false, err // of this machine, not of the stage
	}
	switch {
	case err == nil:
		w.state[i] = made
		w.out.Made = append(w.out.Made, run+"/"+s.Stage)
		return true, nil
	case ctx.Err() != nil:
		return false, err
	case errors.Is(err, rundir.ErrLocked), errors.Is(context.Cause(working), rundir.ErrLost):
		w.events.Emit(stages.Event{Type: "warning", Run: run, Stage: s.Stage, Message: errors.Join(err, context.Cause(working)).Error()})
		return false, nil
	case study.Ends(err) && !errors.Is(err, llm.ErrBudget): // each run has a budget of its own
		return false, err
	}
	w.state[i] = failing
	text, jerr := json.Marshal(failure{Stage: s.Stage, By: w.name(s.Member), Why: reason(err)})
	if jerr != nil {
		return false, jerr
	}
	w.events.Emit(stages.Event{Type: "warning", Run: run, Stage: s.Stage, Message: reason(err)})
	return true, w.at.note(ctx, failureName(s.Fingerprint), text)
}

// name is that of a member in the experiment.
func (w *worker) name(i int) string {
	return (&Member{Variant: w.Members[i].Variant, Seed: w.Members[i].Seed}).Name()
}

// prepare plans a stage in the run of its member. rundir.ErrLocked: what it is made from is not to be seen.
func (w *worker) prepare(ctx context.Context, i int) (*pipeline.Plan, *blackbox.Box, error) {
	s := w.Stages[i]
	run, from := w.Members[s.Member].Run, map[string][]string{}
	for _, b := range w.before[i] {
		if other := w.Members[w.Stages[b].Member].Run; other != run {
			from[other] = append(from[other], w.Stages[b].Stage)
		}
	}
	if err := w.at.bring(ctx, run, from); err != nil {
		return nil, nil, err
	}
	r, job, err := w.member(w.path, s.Member, w.site)
	if err != nil {
		return nil, nil, err
	}
	plan, err := w.planned(job, pipeline.Choice{Until: s.Stage}, s.Member)
	if err != nil {
		return nil, nil, err
	}
	for k, p := range plan.Stages[:s.Level] {
		if p.Action != pipeline.Reuse && p.Action != pipeline.Adopt { // it is gone, or this machine does not see it yet
			w.state[w.before[i][k]] = due
			return nil, nil, fmt.Errorf("ablate: %s of %s is not there: %w", p.Stage, w.name(s.Member), rundir.ErrLocked)
		}
	}
	return plan, &blackbox.Box{Config: r.LLM, Offline: w.Offline || w.how.Offline, Seed: r.Seed, Keep: plan.Folder(), Others: w.site.Dir}, nil
}

// make runs a stage. What its run lacks of the stages before is taken over from other runs.
func (w *worker) make(ctx context.Context, i int, plan *pipeline.Plan, box *blackbox.Box) error {
	name := w.name(w.Stages[i].Member)
	_, err := plan.Execute(ctx, pipeline.Deps{
		Kernel: func() (kernel.Backend, error) { return w.site.Kernel(plan.Class) }, Box: box, View: relay{w.events, name},
		Log: w.how.Log.With("run", name), Now: w.site.Now, Code: w.how.Code,
	})
	return errors.Join(err, box.Close())
}

// relay tells a worker's events what a run tells of interest.
type relay struct {
	events *rundir.EventLog
	run    string
}

func (r relay) Event(e stages.Event) {
	if e.Type == "stage" || e.Type == "warning" || e.Type == "checkpoint" && e.Path == e.Stage {
		e.Run = r.run
		r.events.Emit(e)
	}
}
func (relay) Close() {}

// why is the error of a stage that has failed, or of what it is made from.
func (w *worker) why(ctx context.Context, goal int) error {
	for _, i := range append(slices.Clone(w.before[goal]), goal) {
		if f, err := failureOf(ctx, w.at, w.Stages[i].Fingerprint); f != nil || err != nil {
			if err == nil {
				err = fmt.Errorf("ablate: %s of %s has failed: %s", f.Stage, f.By, f.Why)
			}
			return err
		}
	}
	return nil
}
