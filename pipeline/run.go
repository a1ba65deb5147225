package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"time"

	"slm/checkpoint"
	"slm/llm"
	"slm/model/kernel"
	"slm/stages"
)

// Means is what the stages work with. Its functions are called at first use, so that a run that has nothing to do opens nothing.
type Means struct {
	Kernel func() (kernel.Backend, error)
	Box    *BlackBox // may be nil when no stage asks
	View   Viewer    // may be nil
	Log    *slog.Logger
	Now    func() time.Time
	Code   func(error) int // exit code of an error, for the exit event
}

// Outcome is what a run ended with.
type Outcome struct {
	Run    string            `json:"run"`
	Done   map[string]string `json:"digests"` // stage → digest of its checkpoint
	Ran    []string          `json:"ran"`     // stages that were run, in order
	Reused []string          `json:"reused"`  // stages whose checkpoint served
}

// Execute does what the plan says. When nothing is left to do it writes nothing and needs no lock. Otherwise it holds the run's lock; an
// error leaves every finished stage's checkpoint in place, and the next call goes on from there.
func (p *Plan) Execute(ctx context.Context, means Means) (out *Outcome, err error) {
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
	if err := writable(p.Folder()); err != nil {
		return out, err
	}
	held, err := takeLock(p.Folder())
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, held.release()) }()
	if err := p.writeHead(); err != nil {
		return out, err
	}
	events, err := openEvents(filepath.Join(p.Folder(), eventsName), means.Now, means.View)
	if err != nil {
		return out, err
	}
	start := means.Now()
	defer func() {
		code := 0
		if err != nil && means.Code != nil {
			code = means.Code(errors.Join(err, context.Cause(ctx)))
		}
		e := stages.Event{Type: "exit", Code: code, Seconds: means.Now().Sub(start).Seconds(), Memory: peakMemory()}
		if err != nil {
			e.Message = err.Error()
		}
		events.emit(e)
		if cerr := errors.Join(events.close(), writeSeal(p.Folder(), false, nil)); cerr != nil && err == nil {
			err = cerr
		}
	}()
	r := &runner{plan: p, means: means, events: events, out: out, sound: map[string]bool{}}
	if err := r.ready(); err != nil {
		return out, err
	}
	p.tellEstimate(events.emit)
	for i := range p.Stages {
		if err := r.stage(ctx, i); err != nil {
			return out, err
		}
	}
	return out, p.settle()
}

// tidy settles a finished run whose last process was killed, if nobody else works on it and it can be written. It is not what the user
// asked for, so what stands in its way is no error.
func (p *Plan) tidy() {
	if !p.unsettled() {
		return
	}
	held, err := takeLock(p.Folder())
	if err != nil {
		return
	}
	if p.settle() == nil {
		_ = writeSeal(p.Folder(), false, nil) // an open seal checks less, and says so
	}
	_ = held.release() // the process ends soon, and its locks with it
}

// unsettled reports whether a process that was killed has left something behind: an open seal, or a work area.
func (p *Plan) unsettled() bool {
	if s, err := readSeal(p.Folder()); err == nil && s.Open {
		return true
	}
	left, err := os.ReadDir(filepath.Join(p.Folder(), workName))
	return err == nil && len(left) > 0 || len(p.unfinished()) > 0
}

// unfinished lists the run's own files that a killed process was about to put in their places.
func (p *Plan) unfinished() (files []string) {
	for _, name := range []string{recipeName, planName, sealName, reportName} {
		found, _ := filepath.Glob(filepath.Join(escape(p.Folder()), "."+name+".tmp-*")) // the pattern is well-formed
		files = append(files, found...)
	}
	return files
}

// settle removes what killed processes have left behind: temporary folders and files, and the work areas of stages whose checkpoints stand.
func (p *Plan) settle() error {
	whole := true
	for _, s := range p.Stages {
		if s.Digest == "" {
			whole = false
			continue
		}
		if err := errors.Join(p.clean(s.Stage), checkpoint.Sweep(p.folder(s.Stage))); err != nil {
			return err
		}
	}
	if whole {
		if err := os.RemoveAll(filepath.Join(p.Folder(), workName)); err != nil {
			return fmt.Errorf("pipeline: %w", err)
		}
	}
	for _, file := range p.unfinished() {
		if err := os.Remove(file); err != nil {
			return fmt.Errorf("pipeline: remove what a killed process left: %w", err)
		}
	}
	return nil
}

// writeHead writes what the run was asked for. The seal is open from before the first file is written until the run ends.
func (p *Plan) writeHead() error {
	text, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return fmt.Errorf("pipeline: plan: %w", err)
	}
	head := map[string][]byte{recipeName: p.job.Recipe, planName: append(text, '\n')}
	if err := writeSeal(p.Folder(), true, head); err != nil {
		return err
	}
	for _, name := range []string{recipeName, planName} {
		if old, err := os.ReadFile(filepath.Join(p.Folder(), name)); err == nil && bytes.Equal(old, head[name]) {
			continue
		}
		if err := checkpoint.WriteFileAtomic(filepath.Join(p.Folder(), name), head[name]); err != nil {
			return fmt.Errorf("pipeline: %w", err)
		}
	}
	return nil
}

// runner goes through a plan's stages.
type runner struct {
	plan   *Plan
	means  Means
	events *eventLog
	out    *Outcome
	sound  map[string]bool // stages whose checkpoints were hashed, or have just been made
}

// ready opens the black box before anything is trained when a stage will ask it: missing weights or a missing key should be known
// now, not after an hour.
func (r *runner) ready() error {
	for i, s := range r.plan.job.Steps {
		if a := r.plan.Stages[i].Action; !s.Asks || a == Reuse || a == Adopt || a == Skip {
			continue
		}
		be, err := r.means.Kernel()
		if err != nil {
			return fmt.Errorf("pipeline: %w", err)
		}
		_, err = r.means.Box.open(be, r.events.emit)
		return err
	}
	return nil
}

// stage does one stage. The plan's decision is taken again, because what stands before the stage is known for certain only now.
func (r *runner) stage(ctx context.Context, i int) error {
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
	if err := p.decide(pl, step, r.out.Done); err != nil {
		return err
	}
	parents := map[string]string{}
	for _, name := range step.Parents {
		digest, ok := r.out.Done[name]
		if !ok {
			return fmt.Errorf("pipeline: %s needs the checkpoint of %s: %w: run it first, with --until %s", step.Name, name, checkpoint.ErrMissing, name)
		}
		parents[name] = digest
	}
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
		r.events.emit(stages.Event{Type: "stage", Stage: step.Name, Phase: Reuse, Message: pl.Why})
	case Adopt:
		if err := adopt(pl.Source, p.folder(step.Name)); err != nil {
			return err
		}
		r.sound[step.Name] = true
		r.out.Reused = append(r.out.Reused, step.Name)
		r.events.emit(stages.Event{Type: "stage", Stage: step.Name, Phase: Adopt, Message: pl.Why})
	default:
		if err := r.run(ctx, step, pl, parents); err != nil {
			return err
		}
		r.out.Ran = append(r.out.Ran, step.Name)
	}
	r.out.Done[step.Name] = pl.Digest
	return r.events.failed()
}

// hash reads a stage's checkpoint before others are made from it: its manifest and sizes do not tell that a byte has changed.
func (r *runner) hash(stage string) error {
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
func (p *Plan) beside() (runs []string) {
	all, err := filepath.Glob(filepath.Join(escape(p.job.Dir), "runs", "*"))
	if err != nil {
		return nil // no pattern of ours is malformed
	}
	return slices.DeleteFunc(all, func(run string) bool { return run == p.Folder() })
}

// run calls a stage and takes its checkpoint.
func (r *runner) run(ctx context.Context, step Step, pl *Planned, parents map[string]string) error {
	p := r.plan
	for _, name := range step.Parents {
		if err := r.hash(name); err != nil {
			return fmt.Errorf("pipeline: %s cannot be made from %s: %w: slm train without --only makes it again", step.Name, name, err)
		}
	}
	if err := p.prepare(step.Name, stamp(pl.Fingerprint, parents)); err != nil {
		return err
	}
	be, err := r.means.Kernel()
	if err != nil {
		return fmt.Errorf("pipeline: %s: %w", step.Name, err)
	}
	if be != nil && be.Name() != p.job.Kernel {
		return fmt.Errorf("pipeline: %s: planned for kernel %s but %s was opened", step.Name, p.job.Kernel, be.Name())
	}
	env := &stages.Env{
		Run: p.Folder(), Seed: p.job.Seed, Fingerprint: pl.Fingerprint, Parents: parents, Versions: p.job.Versions, Kernel: be,
		LLM:     func(context.Context) (llm.Client, error) { return r.means.Box.open(be, r.events.emit) },
		Replies: r.means.Box.replies, Answer: p.job.Answer, Log: r.means.Log, Now: r.means.Now,
		Emit: func(e stages.Event) {
			if e.Stage == "" {
				e.Stage = step.Name
			}
			r.events.emit(e)
		},
	}
	if !pl.forced && !p.choice.NoResume {
		env.Beside = p.beside()
	}
	start := r.means.Now()
	r.events.emit(stages.Event{Type: "stage", Stage: step.Name, Phase: pl.Action, Message: pl.Why})
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
	r.events.emit(stages.Event{
		Type: "checkpoint", Stage: step.Name, Path: step.Name, Seconds: r.means.Now().Sub(start).Seconds(), Message: pl.Digest,
	})
	return p.clean(step.Name)
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

// prepare makes a stage's work area fit: what another recipe or other parents left in it goes.
func (p *Plan) prepare(stage, mark string) error {
	old, err := os.ReadFile(p.stampFile(stage))
	if p.choice.Fresh || p.choice.NoResume || err != nil || string(old) != mark {
		if err := os.RemoveAll(p.work(stage)); err != nil {
			return fmt.Errorf("pipeline: work area of %s: %w", stage, err)
		}
	}
	if err := checkpoint.MakeDir(p.work(stage)); err != nil {
		return fmt.Errorf("pipeline: work area of %s: %w", stage, err)
	}
	if string(old) == mark {
		return nil
	}
	if err := checkpoint.WriteFileAtomic(p.stampFile(stage), []byte(mark)); err != nil {
		return fmt.Errorf("pipeline: work area of %s: %w", stage, err)
	}
	return nil
}

// clean removes a stage's work area once its checkpoint stands.
func (p *Plan) clean(stage string) error {
	err := errors.Join(os.RemoveAll(p.work(stage)), os.RemoveAll(p.stampFile(stage)))
	if err != nil {
		return fmt.Errorf("pipeline: work area of %s: %w", stage, err)
	}
	return nil
}

// adopt makes a checkpoint at final with the files of another run's. They are linked where the file system can, since a checkpoint's
// files never change; else copied.
func adopt(source, final string) error {
	fail := func(err error) error { return fmt.Errorf("pipeline: take over %s: %w", source, err) }
	m, err := checkpoint.Load(source)
	if err != nil {
		return fail(err)
	}
	if err := checkpoint.Verify(source); err != nil {
		return fail(err)
	}
	pending, err := checkpoint.Begin(final)
	if err != nil {
		return fail(err)
	}
	for _, f := range m.Files {
		from := filepath.Join(source, filepath.FromSlash(f.Name))
		if err := checkpoint.Link(from, pending.Path(f.Name)); err != nil {
			return errors.Join(fail(err), pending.Abort())
		}
	}
	if err := pending.Commit(m); err != nil {
		return fail(err)
	}
	return nil
}
