package trainer

import (
	"context"
	"slices"

	"slm/internal/pairwise"
	"slm/internal/ranks"
	"slm/model/op"
)

// meeting combines the partial sums of all ranks while they are still being made: accumulators that lie side by side go in buckets, in their order, each as soon as
// this rank has nothing to add to it any more. The ranks have the same buckets, so they need no word about which is next. When something is sent changes no bit.
type meeting struct {
	of   []int           // the bucket of each accumulator
	left []int           // accumulators of a bucket that are not whole
	full []chan struct{} // closed when none is left
	done chan error
	stop func(error)
}

// bucketNumbers is how many numbers a bucket has at least: enough that a message takes longer than it takes to be on its way. The tests' models are small, and so are their buckets.
var bucketNumbers = 1 << 20

// buckets are the ends of runs of accumulators with bucketNumbers numbers at least; the last may have fewer.
func buckets(s op.Sums) (ends []int) {
	n := 0
	for i, data := range s {
		if n += len(data); n >= bucketNumbers || i == len(s)-1 {
			ends, n = append(ends, i+1), 0
		}
	}
	return ends
}

// meet begins the exchange of a step; nodes are the subtrees of each rank.
func (w *gatherer) meet(ctx context.Context, team *ranks.Team, nodes [][]pairwise.Node) *meeting {
	ends := buckets(w.home)
	m := &meeting{left: make([]int, len(ends)), full: make([]chan struct{}, len(ends)), done: make(chan error, 1)}
	for i := range w.home {
		b, _ := slices.BinarySearch(ends, i+1)
		m.of = append(m.of, b)
		m.left[b]++
	}
	for b := range m.full {
		m.full[b] = make(chan struct{})
	}
	ctx, m.stop = context.WithCancelCause(ctx)
	parts := make([]op.Sums, len(nodes[team.Rank()]))
	for i := range parts {
		parts[i] = w.memory(i)
	}
	go func() {
		defer m.stop(nil)
		from := 0
		for b, to := range ends {
			<-m.full[b]
			mine := make([]op.Sums, len(parts))
			for i, p := range parts {
				mine[i] = p[from:to]
			}
			if err := w.combine(ctx, team, w.home[from:to], mine, nodes); err != nil {
				m.done <- err
				return
			}
			from = to
		}
		m.done <- nil
	}()
	return m
}

// whole says that this rank's sums of an accumulator are complete.
func (m *meeting) whole(acc int) {
	b := m.of[acc]
	if m.left[b]--; m.left[b] == 0 {
		close(m.full[b])
	}
}

// end waits for the last bucket. What was not told to be whole, because a loss was not finite, goes as it is: the other ranks wait for it.
func (m *meeting) end() error {
	for b, left := range m.left {
		if left > 0 {
			m.left[b] = 0
			close(m.full[b])
		}
	}
	return <-m.done
}

// giveUp ends the exchange, after which nothing more can be exchanged.
func (m *meeting) giveUp(why error) {
	m.stop(why)
	_ = m.end() // it is why
}
