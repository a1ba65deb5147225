package trainer

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"

	"slm/data/pack"
	"slm/internal/ranks"
)

// setup describes the job to other ranks.
func (s *session) setup() setup {
	u := setup{
		Stage: s.Stage, Config: s.Model.Config, Class: s.env.Kernel.Class(), Rows: max(1, s.Batch/s.Context), Shards: s.Shards, Context: s.Context,
		Micro: max(1, min(s.Batch, s.MicroBatchTokens)/s.Context), Recompute: s.Recompute, Rule: s.Optim,
	}
	if s.Model.Adapter != nil {
		u.LoRA = &s.Model.Adapter.LoRA
	}
	if s.Prefer != nil {
		u.Beta, u.Rows, u.Micro = s.Prefer.Beta, max(2, u.Rows&^1), max(2, u.Micro&^1)
	}
	return u
}

// lead gives the other ranks the job, with weights and moments as they are.
func (s *session) lead(ctx context.Context) error {
	team := s.env.Ranks
	if team == nil {
		return nil
	}
	u := s.setup()
	for _, m := range s.restored {
		u.Moments = append(u.Moments, moment{m.Name, m.Shape})
	}
	text, err := json.Marshal(u)
	if err != nil {
		return err
	}
	if err := team.Tell(ctx, orderJob, text); err != nil {
		return err
	}
	var list []ranks.Message
	team.Others(func(r int) {
		for _, t := range append(weights(s.Model), s.restored...) {
			list = append(list, ranks.Message{Peer: r, Data: ranks.Bytes(t.Data)})
		}
	})
	return team.Exchange(ctx, list...)
}

// dismiss tells the other ranks that the job is over.
func (s *session) dismiss(ctx context.Context) error {
	if s.env.Ranks == nil {
		return nil
	}
	return s.env.Ranks.Tell(ctx, orderEnd)
}

// gradient sums the gradient of a batch, with all ranks where there are several, and returns the loss.
func (s *session) gradient(ctx context.Context, b pack.Batch) (float64, error) {
	scale, whole, team := 1/float32(max(1, b.Units())), layOut(b), s.env.Ranks
	if team == nil {
		parts, err := s.sum(whole, s.cut.nodes(0, 1, b.Rows), b.Rows, scale, s.heard)
		if err != nil {
			return 0, err
		}
		return parts[0].loss, nil
	}
	told := make([][]byte, team.Size())
	first, end := 0, 0
	for r := range told {
		lo, hi := s.cut.owned(r, team.Size())
		lo, hi = min(lo*s.cut.leaf, b.Rows), min(hi*s.cut.leaf, b.Rows)
		if r == team.Rank() {
			first, end = lo, hi
		} else {
			told[r] = encodeRows(whole, lo, hi, b.Rows, b.Cols, scale)
		}
	}
	if err := team.Tell(ctx, orderStep, told...); err != nil {
		return 0, err
	}
	loss, all, err := s.share(ctx, team, rowsOf(whole, first, end-first, end, b.Cols), b.Rows, scale, s.env.Now)
	s.watch(all)
	return loss, err
}

// tellRate gives the other ranks the rate of the step that they have summed with this one.
func (s *session) tellRate(ctx context.Context, lr float64) error {
	if s.env.Ranks == nil {
		return nil
	}
	return s.env.Ranks.Tell(ctx, orderRate, binary.LittleEndian.AppendUint64(nil, math.Float64bits(lr)))
}

// watch keeps what the ranks have sent, and how long their leaves take; a rank that is slow for its share is named once.
func (s *session) watch(all []status) {
	s.sent, s.leaves = 0, s.leaves[:0]
	for _, st := range all {
		s.sent += int64(st[statusSent])
		s.leaves = append(s.leaves, st[statusSeconds])
	}
	if r, seconds, usual := s.pace.slow(s.cut, all); r >= 0 {
		s.warn(fmt.Sprintf("rank %s takes %.2g s for a row, the others %.2g s: a step waits for the slowest", s.env.Ranks.Name(r), seconds, usual))
	}
}
