package trainer

import "slm/internal/pairwise"

// cut says how the gradient of a step is summed: in leaves of some rows each, which meet in a tree (package pairwise). It follows from the recipe alone, and so
// do the bits of the sum. How many rows go through a graph at a time, and how many ranks share the leaves, does not change them.
type cut struct {
	rows   int // of a whole step
	leaf   int // rows of a leaf, the last of which may have fewer
	leaves int
}

// DefaultShards has a leaf for each row of the recipes that the program has, whose steps are of seven and eight rows.
const DefaultShards = 8

// cutOf divides the rows of a step into at most shards leaves. A pair of rows is not divided.
func cutOf(rows, shards int, pairs bool) cut {
	leaf := (rows + max(1, shards) - 1) / max(1, shards)
	if pairs {
		leaf += leaf % 2
	}
	return cut{rows: rows, leaf: leaf, leaves: (rows + leaf - 1) / leaf}
}

// of is the cut of a batch that has fewer rows, as the last of an epoch may.
func (c cut) of(rows int) cut {
	return cut{rows: rows, leaf: c.leaf, leaves: (rows + c.leaf - 1) / c.leaf}
}

// owned are the leaves [lo,hi) of a rank: equal parts of the leaves that there are, or of a whole tree of them where no rank has more for that and fewer
// subtrees have to be sent. Of seven leaves two ranks have 0–3 and 4–6, a subtree each.
func (c cut) owned(rank, size int) (lo, hi int) {
	tree := 1
	for tree < c.leaves {
		tree *= 2
	}
	part := func(of, r int) int { return min(r*of/size, c.leaves) }
	cost := func(of int) (most, nodes int) {
		for r := range size {
			lo, hi := part(of, r), part(of, r+1)
			most, nodes = max(most, hi-lo), nodes+len(pairwise.Cover(lo, hi, c.leaves, tree))
		}
		return most, nodes
	}
	of := c.leaves
	most, nodes := cost(of)
	if m, n := cost(tree); m < most || m == most && n < nodes {
		of = tree
	}
	return part(of, rank), part(of, rank+1)
}

// busiest is the first rank with most rows, for which the others wait.
func (c cut) busiest(size int) (rank, rows int) {
	for r := range size {
		lo, hi := c.owned(r, size)
		if n := min(hi*c.leaf, c.rows) - lo*c.leaf; n > rows {
			rank, rows = r, n
		}
	}
	return rank, rows
}

// nodes are the subtrees that a rank can sum alone, of a step with so many rows; what it owns, the rows of a whole step say.
func (c cut) nodes(rank, size, rows int) []pairwise.Node {
	lo, hi := c.owned(rank, size)
	n := c.of(rows).leaves
	return pairwise.Cover(min(lo, n), min(hi, n), n, 1<<30)
}

// graph is the shape of the graph on which a rank sums its leaves, of at most micro rows: seqs rows, in which most leaves go at a time, a power of two;
// or a part of a leaf, with most = 0.
func (c cut) graph(rank, size, micro int, pairs bool) (seqs, most int) {
	if c.leaf > micro {
		parts := (c.leaf + micro - 1) / micro
		seqs = (c.leaf + parts - 1) / parts
		if pairs {
			seqs += seqs % 2
		}
		return seqs, 0
	}
	lo, hi := c.owned(rank, size)
	least := 0
	for n := 1; min(n*c.leaf, c.rows) <= max(micro, c.leaf); n *= 2 {
		rows := min(n*c.leaf, c.rows)
		if pairs {
			rows += rows % 2
		}
		if work := len(pairwise.Cover(lo, hi, c.leaves, n)) * rows; most == 0 || work <= least {
			seqs, most, least = rows, n, work
		}
		if n >= c.leaves || lo == hi {
			break
		}
	}
	return seqs, most
}
