package ablate

import (
	"context"
	"errors"

	"slm/pipeline/rundir"
)

// table writes what the experiment came to, once, when nothing is left to make.
func (w *worker) table(ctx context.Context) error {
	for pause := lookSoon; ; pause = min(2*pause, lookRarely) {
		held, err := w.at.take(ctx, "table")
		if err == nil {
			err = w.write(ctx, held)
		}
		if !errors.Is(err, rundir.ErrLocked) {
			return err
		}
		if done, err := isFinished(ctx, w.at, w.digest); err != nil {
			return err
		} else if done {
			return w.at.read(ctx)
		}
		if err := wait(ctx, pause); err != nil {
			return err
		}
	}
}

// write is table for who has it to himself.
func (w *worker) write(ctx context.Context, held hold) (err error) {
	defer func() { err = errors.Join(err, held.Release()) }()
	if done, err := isFinished(ctx, w.at, w.digest); err != nil {
		return err
	} else if done {
		return w.at.read(ctx)
	}
	for _, m := range w.Members {
		if err := w.at.bring(ctx, m.Run, nil); err != nil {
			return err
		}
	}
	p, err := w.plan(w.path, w.site)
	if err != nil {
		return err
	}
	p.failed = map[string]*failure{}
	for i, s := range w.Stages {
		if w.state[i] != failing {
			continue
		}
		if p.failed[s.Fingerprint], err = failureOf(ctx, w.at, s.Fingerprint); err != nil {
			return err
		}
	}
	working, cancel := held.Context(ctx)
	defer cancel()
	how := w.how
	how.View = nil // what is left to tell stands in the table
	sum, err := p.Execute(working, w.site, how)
	if sum == nil {
		return err
	}
	w.out.Table = true
	if perr := w.at.publish(ctx); perr != nil {
		return errors.Join(err, perr)
	}
	return errors.Join(err, w.at.note(ctx, FinishedFile, []byte(w.digest+"\n")))
}
