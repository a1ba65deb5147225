package ablate

import (
	"context"
	"errors"
	"slices"
	"strings"

	"slm/checkpoint"
	"slm/pipeline/rundir"
	"slm/stages"
)

// locks are those of the runs that an experiment works on, by member.
type locks []*rundir.Lock

func (l locks) release() (err error) {
	for _, held := range l {
		if held != nil {
			err = errors.Join(err, held.Release())
		}
	}
	return err
}

// hold locks all runs that are not finished, and waits for those on which another process works: an experiment that shares runs with this one, or a training. It takes them in the order of
// their folders, so that no two experiments wait for each other. What others have done meanwhile is not done again. A run that cannot be locked for another reason is left to its own error.
func (p *Plan) hold(ctx context.Context, emit func(stages.Event)) (_ locks, err error) {
	held := make(locks, len(p.Members))
	defer func() {
		if err != nil {
			err = errors.Join(err, held.release())
		}
	}()
	order := make([]int, len(p.Members))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return strings.Compare(p.Members[a].Run(), p.Members[b].Run()) })
	waited := false
	for _, i := range order {
		m := p.Members[i]
		if m.plan.Done() || checkpoint.MakeDir(m.Run()) != nil {
			continue
		}
		held[i], err = rundir.WaitLock(ctx, m.Run(), func(why error) {
			waited = true
			emit(stages.Event{Type: "warning", Run: m.Name(), Message: "waiting until its run is free: " + why.Error()})
		})
		if ctx.Err() != nil {
			return nil, err
		}
	}
	if !waited {
		return held, nil
	}
	return held, p.again()
}

// again plans the members once more, after others have worked on their runs.
func (p *Plan) again() (err error) {
	before := p.Stages
	for _, m := range p.Members {
		if m.plan, err = m.plan.Again(); err != nil {
			return err
		}
	}
	p.Stages = nil
	p.share()
	for i := range p.Stages {
		p.Stages[i].Seconds, p.Stages[i].Calls = before[i].Seconds, before[i].Calls
	}
	return nil
}
