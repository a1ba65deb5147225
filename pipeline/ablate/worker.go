package ablate

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"slm/checkpoint"
	"slm/pipeline/rundir"
	"slm/pipeline/study"
	"slm/store"
)

// How often a worker that has nothing to do looks again: soon at first, then more rarely.
const (
	lookSoon   = 100 * time.Millisecond
	lookRarely = 3 * time.Second
)

// leaseTerm is how long a silent worker keeps a run, but in tests.
var leaseTerm = rundir.LeaseTerm

// All is the goal of a worker that works until nothing is left.
const All = -1

// Served is what a worker has done.
type Served struct {
	Experiment string   `json:"experiment"`
	Made       []string `json:"made"`  // stages, as RUN/STAGE
	Table      bool     `json:"table"` // it wrote the experiment's table
}

// worker works on an experiment beside others.
type worker struct {
	*Work
	path   string // the experiment's folder
	digest string // of work.json
	site   study.Site
	how    study.How
	at     meeting
	events *rundir.EventLog
	before [][]int // the stages in front of each in the run that makes it
	state  []state // of each
	out    *Served
}

type state int

const (
	due state = iota
	made
	failing // it has failed, or what it is made from has
)

// Serve works on the experiment in a folder, beside the workers on other machines: it takes the next stage whose parents are there, makes it, and goes on until none is left; the last one writes the table. With a goal
// it works for that stage of work.json alone, and for what that is made from; the number behind the last stage is All. A killed worker's stage is taken by another, which goes on from its last save.
// A stage that fails is noted, and what needs it is left out. Errors are those of the worker's own machine, and as for Execute what every member would meet.
//
// With a store the workers meet there: path is the experiment's name, and the machine's own folder, site.Dir, holds only what it works on.
func Serve(ctx context.Context, path string, s *store.Store, goal int, site study.Site, how study.How) (out *Served, err error) {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	who := fmt.Sprintf("%s-%d", host, os.Getpid())
	var at meeting
	if s != nil {
		d := openDepot(s, path, site.Dir, fmt.Sprintf("%s since %s", who, site.Now().UTC().Format(time.RFC3339Nano)), site.Now)
		if !filepath.IsLocal(path) || filepath.Base(path) != path {
			return nil, fmt.Errorf("%w: with a store --experiment is the name of an experiment, not %q", rundir.ErrUsage, path)
		}
		if err := d.work(ctx); err != nil {
			return nil, err
		}
		at, path = d, d.path()
	}
	w := &worker{path: path, how: how, at: at, out: &Served{Experiment: path, Made: []string{}}}
	if w.Work, w.digest, err = ReadWork(path); err != nil {
		return nil, err
	}
	if goal == len(w.Stages) {
		goal = All
	}
	if goal < All || goal > len(w.Stages) {
		return nil, fmt.Errorf("%w: the experiment has the stages 0 to %d, and %d is the table", rundir.ErrUsage, len(w.Stages)-1, len(w.Stages))
	}
	site.Dir = filepath.Dir(filepath.Dir(filepath.Clean(path))) // of experiments/NAME
	w.site, w.state, w.before = site, make([]state, len(w.Stages)), w.chains()
	if w.at == nil {
		if w.at, err = openFolder(path, site.Dir, leaseTerm, site.Now); err != nil {
			return nil, err
		}
	}
	if err := checkpoint.MakeDir(filepath.Join(path, workersDir)); err != nil {
		return nil, fmt.Errorf("experiment: %w", err)
	}
	if w.events, err = rundir.OpenEvents(filepath.Join(path, workersDir, who+".jsonl"), site.Now, how.View); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.events.Close()) }()
	if err = w.stages(ctx, goal); err == nil && goal == All {
		err = w.table(ctx)
	}
	return w.out, err
}

// stages makes what is left of the stages that a goal needs.
func (w *worker) stages(ctx context.Context, goal int) error {
	for pause := lookSoon; ; {
		left, worked := false, false
		for i := range w.Stages {
			if goal != All && goal != i && !slices.Contains(w.before[goal], i) {
				continue
			}
			s, err := w.look(ctx, i)
			if err != nil {
				return err
			}
			if s != due {
				continue
			}
			left = true
			if !w.ready(i) {
				continue
			}
			if worked, err = w.try(ctx, i); err != nil {
				return err
			}
			if worked {
				break // what it was made for comes first
			}
		}
		switch {
		case !left && goal != All && w.state[goal] == failing:
			return w.why(ctx, goal)
		case !left:
			return nil
		case worked:
			pause = lookSoon
			continue
		}
		if err := wait(ctx, pause); err != nil {
			return err
		}
		pause = min(2*pause, lookRarely)
	}
}

// look says how it stands with a stage. What is made stays so.
func (w *worker) look(ctx context.Context, i int) (state, error) {
	if w.state[i] != due {
		return w.state[i], nil
	}
	s := w.Stages[i]
	for _, b := range w.before[i] {
		if w.state[b] == failing {
			w.state[i] = failing
		}
		if w.state[b] != made {
			return w.state[i], nil // it cannot be made yet, or never
		}
	}
	fingerprint, err := w.at.made(ctx, w.Members[s.Member].Run, s.Stage)
	if err != nil {
		return due, err
	}
	if fingerprint == s.Fingerprint {
		w.state[i] = made
		return made, nil
	}
	f, err := failureOf(ctx, w.at, s.Fingerprint)
	if f != nil {
		w.state[i] = failing
	}
	return w.state[i], err
}

// ready reports whether all that a stage is made from is there.
func (w *worker) ready(i int) bool {
	return !slices.ContainsFunc(w.before[i], func(b int) bool { return w.state[b] != made })
}

// wait is a pause that ends with its context.
func wait(ctx context.Context, pause time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(pause):
		return nil
	}
}
