package ablate

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"slm/experiment"
	"slm/model/kernel"
	"slm/pipeline"
	"slm/pipeline/recipe"
	"slm/pipeline/rundir"
	"slm/pipeline/study"
	"slm/stages"
)

// Result is what became of a member.
type Result struct {
	experiment.Unit
	err error // why it has no result
}

// Execute runs what is missing and writes the experiment's files. A member that fails does not end it: its unit says why. The error is that of a recipe without a result, or of no variant with one, and of what all
// members would meet (a spent budget, a full disk, a signal), and of the experiment's own files.
func (p *Plan) Execute(ctx context.Context, site study.Site, how study.How) (sum *Summary, err error) {
	folder, err := study.OpenFolder(p.Path(), site.Now, how.View)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, folder.Close()) }()
	held, err := p.hold(ctx, folder.Events.Emit)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, held.release()) }()
	recipes := make([]*recipe.Loaded, len(p.Members))
	for i, m := range p.Members {
		recipes[i] = m.recipe
	}
	boxes, err := study.OpenBoxes(p.Dir, p.Path(), p.Base.Seed, how.Offline, recipes)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, boxes.Close()) }()
	results, err := p.members(ctx, site, how, boxes, held, folder.Events)
	if err != nil {
		return nil, err
	}
	sum, err = p.write(results)
	return sum, errors.Join(err, failed(results))
}

// members runs all members, each in a goroutine of its own: who may work is decided by turns.
func (p *Plan) members(ctx context.Context, site study.Site, how study.How, boxes *study.Boxes, held locks, events *rundir.EventLog) ([]Result, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	prints := make([][]string, len(p.Members))
	for i, m := range p.Members {
		for _, s := range m.plan.Stages {
			prints[i] = append(prints[i], s.Fingerprint)
		}
	}
	turns, progress := newTurns(prints, how.Jobs), study.NewProgress(p.units(), "stages", p.Estimate != nil, site.Now, events.Emit, boxes.Usage)
	name := func(i int) string { return p.Members[i].Name() }
	results := make([]Result, len(p.Members))
	var all sync.WaitGroup
	for i, m := range p.Members {
		all.Add(1)
		go func() {
			defer all.Done()
			results[i] = Result{Unit: experiment.Unit{Variant: m.Variant, Seed: m.Seed, Run: study.Relative(p.Dir, m.Run())}}
			out, err := m.plan.Execute(ctx, pipeline.Deps{
				Kernel: func() (kernel.Backend, error) { return site.Kernel(m.plan.Class) }, Box: boxes.Of(i), View: progress.Of(m.Name()), Log: how.Log.With("run", m.Name()), Now: site.Now, Code: how.Code, Lock: held[i],
				Turn: func(ctx context.Context, stage, fingerprint string) (func(error), error) {
					if f := p.failed[fingerprint]; f != nil {
						return nil, f.of(m.Name())
					}
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
			if err != nil && study.Ends(err) {
				stop(err)
			}
		}()
	}
	all.Wait()
	progress.End()
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

// reason is an error in a line.
func reason(err error) string {
	var shared *errShared
	if errors.As(err, &shared) {
		return shared.Error()
	}
	return err.Error()
}

// units are the stages that are to be run.
func (p *Plan) units() (units []study.Unit) {
	for _, s := range p.Stages {
		if toRun(s.Action) {
			units = append(units, study.Unit{Run: s.By, Stage: s.Stage, Seconds: s.Seconds})
		}
	}
	return units
}
