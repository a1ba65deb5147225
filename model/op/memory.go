package op

import (
	G "gorgonia.org/gorgonia"

	"slm/model/kernel"
)

// Sums is the memory of all accumulators of a graph, in a fixed order: gradients in the form in which they gather. Graphs of one model have it in the same order.
type Sums [][]float32

// Like makes as much memory.
func (s Sums) Like() Sums {
	out := make(Sums, len(s))
	for i := range s {
		out[i] = make([]float32, len(s[i]))
	}
	return out
}

// Add adds other to s.
func (s Sums) Add(other Sums) {
	s.tiles(func(i, lo, hi int) { kernel.AddTo(s[i][lo:hi], other[i][lo:hi]) })
}

// Round rounds s to bfloat16 (kernel.RoundBF16).
func (s Sums) Round() { s.tiles(func(i, lo, hi int) { kernel.RoundBF16(s[i][lo:hi]) }) }

// Clear sets s to zero.
func (s Sums) Clear() { s.tiles(func(i, lo, hi int) { clear(s[i][lo:hi]) }) }

// sumTile is how many numbers one thread takes at a time.
const sumTile = 1 << 18

// tiles runs f on parts of all slices, side by side.
func (s Sums) tiles(f func(i, lo, hi int)) {
	type tile struct{ i, lo, hi int }
	var list []tile
	for i, data := range s {
		for lo := 0; lo < len(data); lo += sumTile {
			list = append(list, tile{i, lo, min(lo+sumTile, len(data))})
		}
	}
	kernel.Parallel(len(list), func(k int) { f(list[k].i, list[k].lo, list[k].hi) })
}

// CutLeaves sets how many rows of a batch are a leaf (Dims.Leaf).
func (r *Runtime[T]) CutLeaves(rows int) { r.Leaf = rows }

// Sums is the memory in which gradients gather now.
func (r *Runtime[T]) Sums() Sums {
	s := make(Sums, len(r.accs))
	for i, a := range r.accs {
		s[i] = a.data
	}
	return s
}

// Into has gradients gather in s. What the graph gives as gradients is the memory that Sums gave first.
func (r *Runtime[T]) Into(s Sums) {
	for i, a := range r.accs {
		a.data = s[i]
	}
}

// Ready has the next runs call f with the index of each of the Sums, once a run, as soon as nothing of the run adds to it any more: from the last layer to the first, but
// for updates. nil = no more calls.
func (r *Runtime[T]) Ready(f func(i int)) { r.ready = f }

// completes says that nothing adds to the accumulators, of which nil is none, once the node is computed.
func (r *Runtime[T]) completes(n *G.Node, accs ...*accumulator) {
	n.Op().(*Op).after = func() {
		for _, a := range accs {
			if a != nil && r.ready != nil {
				r.ready(a.index)
			}
		}
	}
}

// Zero clears the gradients.
func (r *Runtime[T]) Zero() {
	for _, a := range r.accs {
		a.transposed, a.joined = a.tall, false
	}
	r.Sums().Clear()
}
