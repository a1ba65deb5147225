package trainer

import (
	"context"
	"time"

	"slm/model/kernel"
	"slm/optim"
	"slm/stages"
)

// Rehearsal trains a job in memory: no save is read or written, and no step is reported. It tells what a step takes, and whether a model
// learns at all.
type Rehearsal struct{ s *session }

// Rehearse begins at the job's first batch, with the ranks of env. The job's model is changed.
func Rehearse(env *stages.Env, job Job) (*Rehearsal, error) {
	s, err := open(env, job)
	if err != nil {
		return nil, err
	}
	if err := s.lead(context.Background()); err != nil {
		s.close()
		return nil, err
	}
	return &Rehearsal{s}, nil
}

// Leaves are the seconds that each rank took for its leaves of the last step, by its own clock; nil by itself.
func (r *Rehearsal) Leaves() []float64 { return r.s.leaves }

// Alone does once more what each rank does by itself after the last gradient was summed: it clips, and takes the optimiser's step.
func (r *Rehearsal) Alone() {
	optim.ClipGlobalNorm(r.s.grads, r.s.Optim.Clip)
	r.s.optim.Step(r.s.Optim.LR)
	r.s.graph.Refresh()
}

// Sent is how many bytes all ranks have sent, as far as the last step knows.
func (r *Rehearsal) Sent() int64 { return r.s.sent }

// Steps is how many steps the whole job has.
func (r *Rehearsal) Steps() int { return r.s.total }

// Step trains on the next batch and returns its loss in nats.
func (r *Rehearsal) Step() (loss float64, err error) {
	if err := r.s.step(context.Background()); err != nil {
		return 0, err
	}
	return r.s.metrics[len(r.s.metrics)-1].Loss, nil
}

// HeldOut measures the held-out loss; a run does so Measurements times.
func (r *Rehearsal) HeldOut() (float64, error) { return r.s.heldOut() }

// Measurements is how often a run measures the held-out loss.
func (r *Rehearsal) Measurements() int {
	if r.s.probe == nil || r.s.total == 0 {
		return 0
	}
	return 1 + (r.s.total-1)/max(1, r.s.total/measurements)
}

// training measures what of a step, which takes so many seconds, each rank does by itself. It trains on the last gradient once more.
func (r *Rehearsal) training(ctx context.Context, c *stages.Calibration, step float64) (*stages.Training, error) {
	s := r.s
	alone, err := c.Time(ctx, func() error { r.Alone(); return nil })
	shared, bytes := 0.0, int64(0)
	if o, ok := s.optim.(optim.Shared); ok && err == nil {
		o.Share(0, 1)
		for _, w := range o.Owned(0) {
			bytes += int64(4 * len(w))
		}
		o.Share(1, 1) // nothing is this process's
		var rest float64
		rest, err = c.Time(ctx, func() error { r.Alone(); return nil })
		o.Share(0, 1)
		shared, alone = max(0, alone-rest), min(alone, rest)
	}
	t := r.Training()
	t.Step, t.Alone, t.Shared, t.Weights = step, min(alone, step), min(shared, step-min(alone, step)), bytes
	if err == nil {
		t.Backward, err = r.Backward()
	}
	return &t, err
}

// Training is what is known of the job without a measurement.
func (r *Rehearsal) Training() stages.Training {
	u, ends := r.s.setup(), buckets(r.s.home)
	t := stages.Training{Steps: r.s.total, Cores: kernel.Threads(), Rows: u.Rows, Micro: u.Micro, Shards: u.Shards, Pairs: u.Beta != 0}
	for i, data := range r.s.home {
		n := r.s.wire.bytes() * int64(len(data))
		if t.Gradient += n; len(ends) < 2 || i >= ends[len(ends)-2] {
			t.Last += n
		}
	}
	return t
}

// Backward is how long the gradient of a row takes, from the first sums that are whole to the last, in a step of a process by itself, which it takes.
func (r *Rehearsal) Backward() (seconds float64, err error) {
	var first, last time.Time
	r.s.heard = func(int) {
		if last = r.s.env.Now(); first.IsZero() {
			first = last
		}
	}
	defer func() { r.s.heard = nil }()
	_, err = r.Step()
	return last.Sub(first).Seconds() / float64(r.s.graph.Seqs), err
}

// Close drops the memory.
func (r *Rehearsal) Close() { r.s.close() }
