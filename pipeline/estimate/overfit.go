package estimate

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"slm/model/kernel"
	"slm/pipeline"
	"slm/pipeline/recipe"
	"slm/stages"
	"slm/stages/domain"
	"slm/stages/dp"
	"slm/stages/trainer"
)

// OverfitOneBatch trains the model of stage dp on its first batch alone until it knows it by heart, and tells each loss and the least one that
// is possible, in nats. It writes nothing: a data stage that was not run before is run into a temporary folder. An error wraps
// trainer.ErrNotLearnt when the model does not learn.
func OverfitOneBatch(ctx context.Context, p *pipeline.Plan, r *recipe.Loaded, be kernel.Backend, now func() time.Time, tell func(step int, loss, least float64)) error {
	data, err := p.Data(ctx, be, now)
	if err != nil {
		return err
	}
	defer data.Close()
	dom, err := domain.Open(data.Folder)
	if err != nil {
		return err
	}
	defer func() { _ = dom.Close() }() // mapped for reading
	job, err := dp.Job(r, dom, r.Seed)
	if err != nil {
		return fmt.Errorf("%s: %w", stages.DP, err)
	}
	env := &stages.Env{Seed: r.Seed, Kernel: be, Log: slog.New(slog.DiscardHandler), Now: now, Emit: func(stages.Event) {}}
	return trainer.OverfitOneBatch(ctx, env, job, tell)
}
