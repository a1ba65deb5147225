package trainer

import (
	"context"
	"slices"
	"time"

	"slm/internal/pairwise"
	"slm/internal/ranks"
	"slm/model"
	"slm/model/op"
)

// status is what each rank tells the others after its leaves: numbers, and the losses of its nodes behind them.
type status []float64

const (
	statusFailed  = iota // 1: a loss was not finite
	statusSeconds        // that the leaves took
	statusSent           // bytes so far
	statusLosses         // from here on
)

// share sums a step's gradient with all ranks: b has this rank's rows, of n in the step. Every rank ends with the same sum and loss. all are the ranks' statuses.
func (w *gatherer) share(ctx context.Context, team *ranks.Team, b model.Batch, n int, scale float32, now func() time.Time) (loss float64, all []status, err error) {
	nodes := make([][]pairwise.Node, team.Size())
	all, raw := make([]status, team.Size()), make([][]byte, team.Size())
	for r := range nodes {
		nodes[r] = w.cut.nodes(r, team.Size(), n)
		all[r] = make(status, statusLosses+len(nodes[r]))
		raw[r] = ranks.Bytes([]float64(all[r]))
	}
	began, mine := now(), all[team.Rank()]
	m := w.meet(ctx, team, nodes)
	parts, failed := w.sum(b, nodes[team.Rank()], n, scale, m.whole)
	mine[statusSeconds] = now().Sub(began).Seconds()
	if failed != nil && failed != model.ErrNotFinite {
		m.giveUp(failed)
		return 0, all, failed
	}
	if err := m.end(); err != nil {
		return 0, all, err
	}
	for i, p := range parts {
		mine[statusLosses+i] = p.loss
	}
	if mine[statusSent] = float64(team.Sent()); failed != nil {
		mine[statusFailed] = 1
	}
	if err := team.Gather(ctx, raw); err != nil {
		return 0, all, err
	}
	var losses []float64
	for r, s := range all {
		if s[statusFailed] != 0 {
			return 0, all, model.ErrNotFinite
		}
		losses = append(losses, all[r][statusLosses:]...)
	}
	list := slices.Concat(nodes...)
	var order pairwise.Order
	slots := make([]float64, len(list))
	merge := func(into, from int) { slots[into] += slots[from] }
	for i, node := range list {
		slots[order.Push(node.First, merge)] = losses[i]
	}
	order.End(merge)
	return slots[0], all, nil
}

// pieces are the numbers [lo,hi) of all accumulators as if they lay one behind the other.
func pieces(s op.Sums, lo, hi int) (out [][]float32) {
	at := 0
	for _, data := range s {
		if from, to := max(lo-at, 0), min(hi-at, len(data)); from < to {
			out = append(out, data[from:to])
		}
		at += len(data)
	}
	return out
}

// combine adds the partial sums of all ranks, of some accumulators, in the order of the tree and leaves the result in home, on every rank. parts are this rank's. Each rank adds one slice of the
// numbers, which it gets from all others and gives to all others: a rank sends and receives twice the numbers at most, whatever the number of ranks.
func (w *gatherer) combine(ctx context.Context, team *ranks.Team, home op.Sums, parts []op.Sums, nodes [][]pairwise.Node) error {
	total := 0
	for _, data := range home {
		total += len(data)
	}
	slice := func(s op.Sums, r int) [][]float32 { return pieces(s, total*r/team.Size(), total*(r+1)/team.Size()) }
	mine := slice(home, team.Rank())
	sums := make([][][][]float32, team.Size()) // rank, node, piece
	var list []ranks.Message
	used := 0
	w.wire.begin()
	for r := range nodes {
		if r == team.Rank() {
			for _, p := range parts {
				sums[r] = append(sums[r], slice(p, r))
			}
			continue
		}
		for range nodes[r] {
			var node [][]float32
			for _, piece := range mine {
				node = append(node, take(&w.room, &used, len(piece)))
				list = append(list, ranks.Message{Peer: r, Receive: true, Data: w.wire.in(node[len(node)-1])})
			}
			sums[r] = append(sums[r], node)
		}
		for _, p := range parts {
			for _, piece := range slice(p, r) {
				list = append(list, ranks.Message{Peer: r, Data: w.wire.out(piece)})
			}
		}
	}
	if err := team.Exchange(ctx, list...); err != nil {
		return err
	}
	w.wire.land()
	var order pairwise.Order
	slots := make([][][]float32, len(slices.Concat(nodes...)))
	merge := func(into, from int) { w.add(slots[into], slots[from]) }
	for r := range nodes {
		for i, node := range nodes[r] {
			slots[order.Push(node.First, merge)] = sums[r][i]
		}
	}
	order.End(merge)
	for i, piece := range slots[0] {
		copy(mine[i], piece)
	}
	list = list[:0]
	w.wire.begin()
	var told [][]byte
	for _, piece := range mine {
		told = append(told, w.wire.out(piece))
	}
	team.Others(func(r int) {
		for _, data := range told {
			list = append(list, ranks.Message{Peer: r, Data: data})
		}
		for _, piece := range slice(home, r) {
			list = append(list, ranks.Message{Peer: r, Receive: true, Data: w.wire.in(piece)})
		}
	})
	if err := team.Exchange(ctx, list...); err != nil {
		return err
	}
	w.wire.land()
	return nil
}
