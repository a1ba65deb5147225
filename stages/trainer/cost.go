package trainer

import (
	"context"
	"fmt"

	"slm/model"
	"slm/stages"
)

// Cost estimates a training stage: making its job, and its steps, of which the first are trained in memory.
func Cost(ctx context.Context, c *stages.Calibration, prepare func() (Job, error)) (sum stages.Cost, err error) {
	var job Job
	var r *Rehearsal
	sum.Seconds, err = c.Once(func() (err error) {
		if job, err = prepare(); err != nil {
			return err
		}
		if r, err = Rehearse(c.Env, job); err != nil {
			return fmt.Errorf("%s: calibrate: %w", job.Stage, err)
		}
		return nil
	})
	if err != nil {
		return sum, err
	}
	defer r.Close()
	sum.Tokens = int64(r.Steps() * job.Batch)
	sum.FLOPs = flops(job.Model) * float64(sum.Tokens)
	if r.Steps() == 0 {
		return sum, nil
	}
	step, err := c.Time(ctx, func() error { _, err := r.Step(); return err })
	if err != nil {
		return sum, fmt.Errorf("%s: calibrate: %w", job.Stage, err)
	}
	sum.Seconds += float64(float64(r.Steps()) * step)
	if sum.Training, err = r.training(ctx, c, step); err != nil {
		return sum, fmt.Errorf("%s: calibrate: %w", job.Stage, err)
	}
	if n := r.Measurements(); n > 0 {
		once, err := c.Time(ctx, func() error { _, err := r.HeldOut(); return err })
		if err != nil {
			return sum, fmt.Errorf("%s: calibrate: %w", job.Stage, err)
		}
		sum.Seconds += float64(float64(n) * once)
	}
	return sum, nil
}

// flops are those of a token: two a parameter forward, two for the gradient of what it reads, and two for its own where it is trained.
func flops(p *model.Params) float64 {
	return float64(4*float64(p.Config.Count())) + float64(2*float64(p.LearntCount()))
}
