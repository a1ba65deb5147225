package ablate

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"syscall"

	"slm/checkpoint"
	"slm/experiment"
	"slm/llm"
	"slm/model/kernel"
	"slm/pipeline"
	"slm/pipeline/blackbox"
	"slm/pipeline/rundir"
	"slm/pipeline/schema"
	"slm/stages"
)

// How says how an experiment is run.
type How struct {
	Jobs    int  // stages at a time; 0 = 1
	Offline bool // stored replies only
	View    rundir.Viewer
	Log     *slog.Logger
	Code    func(error) int // exit code of an error
}

// Result is what became of a member.
type Result struct {
	experiment.Unit
	err error // why it has no result
}

// Execute runs what is missing and writes the experiment's files. A member that fails does not end it: its unit says why. The error is that of a recipe without a result, or of no variant with one, and of what all
// members would meet (a spent budget, a full disk, a signal), and of the experiment's own files.
func (p *Plan) Execute(ctx context.Context, site Site, how How) (sum *Summary, err error) {
	folder := p.Path()
	if err := checkpoint.MakeDir(folder); err != nil {
		return nil, fmt.Errorf("ablate: %w", err)
	}
	held, err := rundir.TakeLock(folder)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, held.Release()) }()
	events, err := rundir.OpenEvents(filepath.Join(folder, rundir.EventsFile), site.Now, how.View)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, events.Close()) }()
	boxes, err := p.boxes(how)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, boxes.close()) }()
	results, err := p.members(ctx, site, how, boxes, events)
	if err != nil {
		return nil, err
	}
	sum, err = p.write(results)
	return sum, errors.Join(err, failed(results))
}

// members runs all members, each in a goroutine of its own: who may work is decided by turns.
func (p *Plan) members(ctx context.Context, site Site, how How, boxes *boxes, events *rundir.EventLog) ([]Result, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	prints := make([][]string, len(p.Members))
	for i, m := range p.Members {
		for _, s := range m.plan.Stages {
			prints[i] = append(prints[i], s.Fingerprint)
		}
	}
	turns, progress := newTurns(prints, how.Jobs), newProgress(p, site.Now, events.Emit, boxes.usage)
	name := func(i int) string { return p.Members[i].Name() }
	results := make([]Result, len(p.Members))
	var all sync.WaitGroup
	for i, m := range p.Members {
		all.Add(1)
		go func() {
			defer all.Done()
			results[i] = Result{Unit: experiment.Unit{Variant: m.Variant, Seed: m.Seed, Run: relative(p.Dir, m.Run())}}
			out, err := m.plan.Execute(ctx, pipeline.Deps{
				Kernel: func() (kernel.Backend, error) { return site.Kernel(m.plan.Class) }, Box: boxes.of(i), View: progress.of(m), Log: how.Log.With("run", m.Name()), Now: site.Now, Code: how.Code,
				Turn: func(ctx context.Context, stage, fingerprint string) (func(error), error) {
					return turns.wait(ctx, i, name, stage, fingerprint)
				},
			})
			if err == nil {
				_, err = pipeline.Report(out.Run)
			}
			if err == nil {
				results[i].Digest = out.Done[stages.Eval]
			} else {
				results[i].Failed, results[i].err = reason(err), err
			}
			e := stages.Event{Type: "exit", Run: m.Name(), Message: results[i].Failed}
			if err != nil && how.Code != nil {
				e.Code = how.Code(err)
			}
			events.Emit(e)
			turns.end(i, err)
			if err != nil && ends(err) {
				stop(err)
			}
		}()
	}
	all.Wait()
	progress.end()
	if err := context.Cause(ctx); err != nil {
		return results, err
	}
	return results, nil
}

// failed says why an experiment compares nothing: the recipe itself has no result, or no variant has one. nil = it compares something.
func failed(results []Result) error {
	var base, others error
	has := map[bool]bool{}
	for _, r := range results {
		is := r.Variant == BaseName
		has[is] = has[is] || r.Failed == ""
		if is {
			base = errors.Join(base, r.err)
		} else {
			others = errors.Join(others, r.err)
		}
	}
	switch {
	case !has[true]:
		return fmt.Errorf("ablate: the recipe itself has no result: %w", base)
	case !has[false]:
		return fmt.Errorf("ablate: no variant has a result: %w", others)
	}
	return nil
}

// ends reports whether an error is one that the other members would meet too.
func ends(err error) bool {
	return slices.ContainsFunc([]error{
		llm.ErrBudget, llm.ErrAuth, llm.ErrQuota, llm.ErrOffline, llm.ErrNoWeights, rundir.ErrLocked, syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS, context.Canceled, context.DeadlineExceeded,
	}, func(target error) bool { return errors.Is(err, target) })
}

// reason is an error in a line.
func reason(err error) string {
	var shared *errShared
	if errors.As(err, &shared) {
		return shared.Error()
	}
	return err.Error()
}

func relative(dir, path string) string {
	if rel, err := filepath.Rel(dir, path); err == nil {
		return filepath.ToSlash(rel)
	}
	return path
}

// boxes are the black boxes of an experiment: one for all members that ask the same models.
type boxes struct {
	shared []*blackbox.Box
	member []*blackbox.Box // a member's view of one of them
}

func (p *Plan) boxes(how How) (*boxes, error) {
	b := &boxes{}
	at := map[string]int{}
	uses := map[string]int{}
	keys := make([]string, len(p.Members))
	for i, m := range p.Members {
		paths, sections := schema.Every[llm.Config](&m.recipe.Recipe)
		key, err := checkpoint.HashJSON([]any{paths, sections})
		if err != nil {
			return nil, fmt.Errorf("ablate: %w", err)
		}
		keys[i] = key
		uses[key]++
	}
	for i, m := range p.Members {
		key := keys[i]
		n, ok := at[key]
		if !ok {
			n = len(b.shared)
			at[key] = n
			keep := p.Path()
			if n > 0 {
				keep = filepath.Join(keep, "llm-"+key[:8])
				if err := checkpoint.MakeDir(keep); err != nil {
					return nil, fmt.Errorf("ablate: %w", err)
				}
			}
			b.shared = append(b.shared, &blackbox.Box{Config: m.recipe.LLM, Offline: how.Offline, Seed: p.Base.Seed, Keep: keep, Others: p.Dir, Runs: uses[key]})
		}
		b.member = append(b.member, &blackbox.Box{Config: m.recipe.LLM, From: b.shared[n]})
	}
	return b, nil
}

func (b *boxes) of(member int) *blackbox.Box { return b.member[member] }

func (b *boxes) usage() (sum llm.Usage) {
	for _, box := range b.shared {
		u := box.Usage()
		sum.Calls, sum.USD = sum.Calls+u.Calls, sum.USD+u.USD
		sum.PromptTokens, sum.OutputTokens = sum.PromptTokens+u.PromptTokens, sum.OutputTokens+u.OutputTokens
	}
	return sum
}

func (b *boxes) close() (err error) {
	for _, box := range slices.Concat(b.member, b.shared) {
		err = errors.Join(err, box.Close())
	}
	return err
}
