package pipeline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"slm/checkpoint"
	"slm/pipeline/blackbox"
	"slm/pipeline/rundir"
	"slm/stages"
)

// Runner goes through a plan's stages. It holds the run's lock from Open to Close.
type Runner struct {
	plan   *Plan
	deps   Deps
	events *rundir.EventLog
	held   *rundir.Lock
	out    *Outcome
	sound  map[string]bool // stages whose checkpoints were hashed, or have just been made
	left   *foresight
	before []byte // the recipe that an earlier command left; nil = there was none
}

// Open takes the run's lock, unless it is given, writes what was asked for (recipe.yaml and plan.json) and opens the events: what stands before any stage is
// run. The caller closes the runner. rundir.ErrLocked: another process works on the run.
func (p *Plan) Open(deps Deps) (_ *Runner, err error) {
	if err := writable(p.Folder()); err != nil {
		return nil, err
	}
	held := deps.Lock
	if held == nil {
		if held, err = rundir.TakeLock(p.Folder()); err != nil {
			return nil, err
		}
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, held.Release())
		}
	}()
	before, err := os.ReadFile(filepath.Join(p.Folder(), rundir.RecipeFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("pipeline: %w", err)
	}
	if err := p.writeHead(); err != nil {
		return nil, err
	}
	events, err := rundir.OpenEvents(filepath.Join(p.Folder(), rundir.EventsFile), deps.Now, deps.View)
	if err != nil {
		return nil, err
	}
	out := &Outcome{Run: p.Folder(), Done: map[string]string{}}
	return &Runner{plan: p, deps: deps, events: events, held: held, out: out, sound: map[string]bool{}, left: &foresight{now: deps.Now}, before: before}, nil
}

// keepRecipe gives the run back the recipe of the command before one that has failed. The two differ in operational values alone, and those that
// the failed one was given, such as the wrong key, are not to be asked with.
func (r *Runner) keepRecipe() error {
	if r.before == nil || bytes.Equal(r.before, r.plan.job.Recipe) {
		return nil
	}
	if err := checkpoint.WriteFileAtomic(filepath.Join(r.plan.Folder(), rundir.RecipeFile), r.before); err != nil {
		return fmt.Errorf("pipeline: %w", err)
	}
	return nil
}

// Close ends the events, seals the run's own files and gives the lock back.
func (r *Runner) Close() error {
	return errors.Join(r.events.Close(), rundir.WriteSeal(r.plan.Folder(), false, nil), r.held.Release())
}

// Redo runs a stage from its start, whatever stands in its folder, on the checkpoints that Redo and Take have brought before. It returns
// the digest of its checkpoint.
func (r *Runner) Redo(ctx context.Context, stage, why string) (digest string, err error) {
	i := r.plan.index(stage)
	if err := context.Cause(ctx); err != nil {
		return "", fmt.Errorf("pipeline: stopped before %s: %w", stage, err)
	}
	step, pl := r.plan.job.Steps[i], &r.plan.Stages[i]
	parents := map[string]string{}
	for _, name := range step.Parents {
		parents[name] = r.out.Done[name]
	}
	pl.Action, pl.Why = Run, why
	if err := r.run(ctx, step, pl, parents); err != nil {
		return "", err
	}
	r.out.Done[stage] = pl.Digest
	return pl.Digest, nil
}

// Take takes over another run's checkpoint of a stage, from its folder.
func (r *Runner) Take(stage, source string) error {
	m, err := checkpoint.Load(source)
	if err != nil {
		return err
	}
	r.out.Done[stage] = m.Digest()
	return adopt(source, r.plan.folder(stage))
}

// ready finds out before anything is trained what the stages that will run lack, and opens the black boxes that they ask and tries the run's own: missing weights or a
// wrong key should be known now, not after an hour.
func (r *Runner) ready(ctx context.Context) error {
	tried := false
	for i, s := range r.plan.job.Steps {
		if a := r.plan.Stages[i].Action; a == Reuse || a == Adopt || a == Skip {
			continue
		}
		if e, ok := s.Stage.(stages.Equipped); ok {
			if err := e.Ready(); err != nil {
				return fmt.Errorf("%s: %w", s.Name, err)
			}
		}
		var boxes []*blackbox.Box
		if s.Asks {
			boxes = append(boxes, r.deps.Box)
		}
		for _, o := range s.Others {
			boxes = append(boxes, r.deps.Box.Other(o))
		}
		for _, box := range boxes {
			be, err := r.deps.Kernel()
			if err != nil {
				return fmt.Errorf("pipeline: %w", err)
			}
			service, err := box.Open(be, r.events.Emit)
			if err != nil {
				return err
			}
			if box == r.deps.Box && !tried && r.plan.asksLate(s.Name) {
				tried = true
				if err := service.Try(ctx); err != nil {
					return fmt.Errorf("the black box was tried before anything was run: %w", err)
				}
			}
		}
	}
	return nil
}
