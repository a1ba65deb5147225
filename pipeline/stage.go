package pipeline

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"

	"slm/checkpoint"
	"slm/llm"
	"slm/pipeline/blackbox"
	"slm/pipeline/rundir"
	"slm/stages"
)

// stage does one stage. The plan's decision is taken again, because what stands before the stage is known for certain only now.
func (r *Runner) stage(ctx context.Context, i int) (err error) {
	p, step, pl := r.plan, r.plan.job.Steps[i], &r.plan.Stages[i]
	if err := context.Cause(ctx); err != nil {
		return fmt.Errorf("pipeline: stopped before %s: %w", step.Name, err)
	}
	if pl.Action == Skip {
		if pl.Digest != "" {
			r.out.Done[step.Name] = pl.Digest
		}
		return nil
	}
	if r.deps.Turn != nil {
		done, terr := r.deps.Turn(ctx, step.Name, pl.Fingerprint)
		if terr != nil {
			return terr
		}
		defer func() { done(err) }()
	}
	parents := map[string]string{}
	for _, name := range step.Parents {
		digest, ok := r.out.Done[name]
		if !ok {
			return fmt.Errorf("pipeline: %s needs the checkpoint of %s: %w: run it first, with --until %s", step.Name, name, checkpoint.ErrMissing, name)
		}
		parents[name] = digest
	}
	claim, err := r.decide(ctx, step, pl, parents)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, claim.Release()) }()
	if pl.Action == Reuse {
		if err := r.hash(step.Name); errors.Is(err, checkpoint.ErrCorrupt) {
			pl.Action, pl.Why, pl.Digest = Run, "damaged: "+err.Error(), ""
		} else if err != nil {
			return err
		}
	}
	switch pl.Action {
	case Reuse:
		r.out.Reused = append(r.out.Reused, step.Name)
		r.events.Emit(stages.Event{Type: "stage", Stage: step.Name, Phase: Reuse, Message: pl.Why})
	case Adopt:
		if err := adopt(pl.Source, p.folder(step.Name)); err != nil {
			return err
		}
		r.sound[step.Name] = true
		r.out.Reused = append(r.out.Reused, step.Name)
		r.events.Emit(stages.Event{Type: "stage", Stage: step.Name, Phase: Adopt, Message: pl.Why})
	default:
		if err := r.run(ctx, step, pl, parents); err != nil {
			return err
		}
		r.out.Ran = append(r.out.Ran, step.Name)
	}
	r.out.Done[step.Name] = pl.Digest
	return r.events.Failed()
}

// decide takes the decision on a stage for good. What is to be made is claimed, so that nobody makes the same beside it; where somebody did, it may be
// there now. The caller releases the claim.
func (r *Runner) decide(ctx context.Context, step Step, pl *Planned, parents map[string]string) (*rundir.Claim, error) {
	p := r.plan
	if err := p.decide(pl, step, r.out.Done); err != nil || pl.Action == Reuse || pl.Action == Adopt || p.choice.Fresh {
		return nil, err
	}
	claim, err := rundir.TakeClaim(ctx, p.job.Dir, rundir.Stamp(pl.Fingerprint, parents), func(by string) {
		r.events.Emit(stages.Event{Type: "stage", Stage: step.Name, Phase: Wait, Message: "the same is being made by " + by + ": its checkpoint will be taken over"})
	})
	if err != nil {
		return nil, err
	}
	if err := p.decide(pl, step, r.out.Done); err != nil {
		return nil, errors.Join(err, claim.Release())
	}
	return claim, nil
}

// hash reads a stage's checkpoint before others are made from it: its manifest and sizes do not tell that a byte has changed.
func (r *Runner) hash(stage string) error {
	if r.sound[stage] {
		return nil
	}
	if err := checkpoint.Verify(r.plan.folder(stage)); err != nil {
		return err
	}
	r.sound[stage] = true
	return nil
}

// beside lists the folders of the other runs, sorted.
func (p *Plan) beside() []string {
	return slices.DeleteFunc(rundir.Glob(p.job.Dir, "runs", "*"), func(run string) bool { return run == p.Folder() })
}

// run calls a stage and takes its checkpoint.
func (r *Runner) run(ctx context.Context, step Step, pl *Planned, parents map[string]string) error {
	p := r.plan
	for _, name := range step.Parents {
		if err := r.hash(name); err != nil {
			return fmt.Errorf("pipeline: %s cannot be made from %s: %w: slm train without --only makes it again", step.Name, name, err)
		}
	}
	if err := p.prepare(step.Name, rundir.Stamp(pl.Fingerprint, parents)); err != nil {
		return err
	}
	be, err := r.deps.Kernel()
	if err != nil {
		return fmt.Errorf("pipeline: %s: %w", step.Name, err)
	}
	if be != nil && be.Class() != p.job.Class {
		return fmt.Errorf("pipeline: %s: planned in class %s, and %s of class %s was opened", step.Name, p.job.Class, be.Name(), be.Class())
	}
	env := &stages.Env{
		Run: p.Folder(), Seed: step.Seed, Fingerprint: pl.Fingerprint, Parents: parents, Versions: p.job.Versions, Kernel: be, Ranks: r.deps.Ranks,
		LLM:     func(context.Context) (llm.Client, error) { return r.deps.Box.Open(be, r.events.Emit) },
		Replies: r.deps.Box.Replies, Answer: p.job.Answer, Context: p.job.Context, Log: r.deps.Log, Now: r.deps.Now, Rung: r.deps.Rung,
		Other:        func(name string) (llm.Client, error) { return r.other(step, name).Open(be, r.events.Emit) },
		OtherReplies: func(name, path string) error { return r.other(step, name).Replies(path) },
		Emit: func(e stages.Event) {
			if e.Stage == "" {
				e.Stage = step.Name
			}
			r.left.mark(&e)
			r.events.Emit(e)
		},
	}
	if !pl.forced && !p.choice.NoResume {
		env.Beside = p.beside()
	}
	start := r.deps.Now()
	r.left.begin(step.Name, p.following(p.index(step.Name)))
	defer r.left.end()
	r.events.Emit(stages.Event{Type: "stage", Stage: step.Name, Phase: pl.Action, Message: pl.Why})
	err = guard(ctx, step.Stage, env)
	if err != nil {
		return fmt.Errorf("%s: %w", step.Name, err)
	}
	m, err := checkpoint.Load(p.folder(step.Name))
	if err != nil {
		return fmt.Errorf("pipeline: %s left no checkpoint: %w", step.Name, err)
	}
	if m.Fingerprint != pl.Fingerprint || m.Stage != step.Name {
		return fmt.Errorf("pipeline: %s wrote a checkpoint of %s with fingerprint %.12s, not %.12s", step.Name, m.Stage, m.Fingerprint, pl.Fingerprint)
	}
	pl.Digest = m.Digest()
	r.sound[step.Name] = true
	r.events.Emit(stages.Event{
		Type: "checkpoint", Stage: step.Name, Path: step.Name, Seconds: r.deps.Now().Sub(start).Seconds(), Message: pl.Digest,
	})
	return p.clean(step.Name)
}

// other is a black box that a step asks beside the run's.
func (r *Runner) other(step Step, name string) *blackbox.Box {
	for _, o := range step.Others {
		if o.Name == name {
			return r.deps.Box.Other(o)
		}
	}
	panic(fmt.Sprintf("pipeline: stage %s declares no black box %q", step.Name, name))
}

// guard calls a stage and turns a panic into an error, so that a mistake in the program ends in a message and an exit code.
func guard(ctx context.Context, s stages.Stage, env *stages.Env) (err error) {
	defer func() {
		if v := recover(); v != nil {
			env.Log.Error("panic in stage", "stage", s.Name(), "value", v, "stack", string(debug.Stack()))
			err = fmt.Errorf("internal error: %v (this is a mistake in slm; events.jsonl and -v show where)", v)
		}
	}()
	return s.Run(ctx, env)
}
