package optim

import "slices"

// Shared is an optimiser whose step takes long enough to be shared by processes that have the same weights, gradients and moments: each works out the weights of some
// matrices, and they give each other the results. A matrix's bits do not depend on who does it.
type Shared interface {
	Optimizer
	// Share has Step change, of the weights that are shared, those of one rank of so many. Moments are all kept up to date.
	Share(rank, size int)
	// Owned are the weights that Step changes on a rank of those that Share has named.
	Owned(rank int) [][]float32
}

var _ Shared = (*Muon)(nil)

// Share gives matrices to ranks, the most expensive first, each to the rank with the least to do.
func (o *Muon) Share(rank, size int) {
	o.rank, o.owner = rank, make([]int, len(o.parts))
	work, order := make([]float64, size), make([]int, len(o.parts))
	for i := range order {
		order[i] = i
	}
	cost := func(i int) float64 { // of a step of the iteration
		rows, cols := float64(o.parts[i].rows), float64(o.columns(i))
		return rows * cols * min(rows, cols)
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch x, y := cost(a), cost(b); {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return 0
	})
	for _, i := range order {
		least := 0
		for r, w := range work {
			if w < work[least] {
				least = r
			}
		}
		o.owner[i] = least
		work[least] += float64(cost(i)) // rounded first on every processor, so that owners are the same
	}
}

// Owned are the matrices of a rank.
func (o *Muon) Owned(rank int) (list [][]float32) {
	for i, owner := range o.owner {
		if owner == rank {
			lo, hi := o.span(i)
			list = append(list, o.matrices[o.parts[i].param].W[lo:hi])
		}
	}
	return list
}

// mine says whether this process works out a matrix.
func (o *Muon) mine(part int) bool { return o.owner == nil || o.owner[part] == o.rank }

func (o *Muon) columns(part int) int {
	p := o.matrices[o.parts[part].param]
	return len(p.W) / rowsOf(p)
}

// span is where a matrix lies in its parameter.
func (o *Muon) span(part int) (lo, hi int) {
	at, cols := o.parts[part], o.columns(part)
	return at.row * cols, (at.row + at.rows) * cols
}
