package serve

import (
	"context"
	"time"

	"slm/pipeline/session"
)

// Watch looks every so often whether there is a newer run, and puts it in place of the one that answers. stamp says which run there is now and "" while
// one is being made; open opens it. A run that cannot be opened is tried again when it has changed; the one before goes on answering.
func (s *Server) Watch(ctx context.Context, every time.Duration, stamp func() string, open func(ctx context.Context, old Run) (Run, error)) {
	failed := ""
	for tick := time.NewTicker(every); ; {
		select {
		case <-ctx.Done():
			tick.Stop()
			return
		case <-tick.C:
		}
		old, done, ok := s.runs.get()
		if !ok {
			continue
		}
		now := stamp()
		if now == "" || now == old.Stamp() || now == failed {
			done()
			continue
		}
		run, err := open(ctx, old)
		done()
		if err != nil {
			failed = now
			s.metrics.reloads.WithLabelValues("failed").Inc()
			s.cfg.Log.Error("a newer run cannot be opened; the one before goes on answering", "why", kindOf(err))
			continue
		}
		s.Put(run)
		s.metrics.reloads.WithLabelValues("done").Inc()
		s.cfg.Log.Info("a newer run answers from now on")
	}
}

// Warm opens all that answers of a run need, so that the first request does not wait for it and none depends on what becomes of the run's folder. The LLM
// is not asked.
func Warm(ctx context.Context, run Run) error {
	if _, err := run.Ask(ctx, session.Question{Text: "What is this about?", Silent: true}); err != nil {
		return err
	}
	return run.Ready(ctx)
}
