package trainer

import (
	"context"
	"errors"
	"fmt"

	"slm/data/pack"
	"slm/internal/elementary"
	"slm/stages"
)

// ErrNotLearnt says that a model did not learn one batch by heart. Such a model learns nothing else either.
var ErrNotLearnt = errors.New("one batch was not learnt by heart")

const (
	overfitSteps = 300  // at most, on the one batch
	overfitNear  = 0.05 // nats above the least loss that counts as learnt
)

// OverfitOneBatch trains on a job's first batch alone until its loss is near the least that is possible: the first sanity check of data, model
// and learning rate. tell hears each step's loss and that least one, in nats. Nothing is written.
func OverfitOneBatch(ctx context.Context, env *stages.Env, job Job, tell func(step int, loss, least float64)) error {
	job.HeldOut, job.Optim.Skip = nil, nil
	r, err := Rehearse(env, job)
	if err != nil {
		return err
	}
	defer r.Close()
	s := r.s
	s.total = overfitSteps
	b, err := s.next()
	if err != nil {
		return err
	}
	least, loss := leastLoss(b), 0.0
	for step := 1; step <= overfitSteps; step++ {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		s.state.Epoch, s.state.Index = 0, 0
		if loss, err = r.Step(); err != nil {
			return err
		}
		tell(step, loss, least)
		if loss <= least+overfitNear {
			return nil
		}
	}
	return fmt.Errorf("%s: %w: after %d steps its loss is %.3f, and %.3f is possible: try a lower stages.%s.optim.lr if the loss jumps, "+
		"a higher one, or a wider model, if it creeps", s.Stage, ErrNotLearnt, overfitSteps, loss, least, s.Stage)
}

// leastLoss is the mean loss, in nats a target, of a model that knows a batch by heart: documents that begin alike cannot be told apart
// before they differ.
func leastLoss(b pack.Batch) float64 {
	type place struct {
		node  int // of the tree of beginnings
		token int32
	}
	tree, seen, follows := map[place]int{}, map[int]int{}, map[place]int{}
	var targets []place
	for _, d := range b.Docs {
		node := 0
		for i := d.Row*b.Cols + d.Start; i < d.Row*b.Cols+d.Start+d.Len; i++ {
			at := place{node, b.Tokens[i]}
			if tree[at] == 0 {
				tree[at] = len(tree) + 1
			}
			node = tree[at]
			if t := b.Targets[i]; t >= 0 {
				seen[node]++
				follows[place{node, t}]++
				targets = append(targets, place{node, t})
			}
		}
	}
	sum := 0.0
	for _, t := range targets {
		sum += elementary.Log(float64(seen[t.node]) / float64(follows[t]))
	}
	return sum / float64(max(1, len(targets)))
}
