// Package pairwise is the one order in which the parts of a sum are added: a binary tree over their indices (Higham 1993, The accuracy of floating
// point summation). A part of the tree that holds whole subtrees can be summed by anybody, so the bits of the whole do not depend on how many share
// the work.
//
// The tree has the leaves 0 … 2ᵏ−1. A leaf that is not there is a zero, which is not added: sums that begin at +0 are never −0, so no bit changes.
package pairwise

import "math/bits"

// Order walks the leaves from left to right with a stack of unfinished sums. The zero value is empty; a copy goes on by itself.
type Order struct {
	first [32]int // a leaf of each sum on the stack
	depth int
}

// Settle adds what is complete before leaf i comes: merge(into, from) adds slot from to slot into.
func (o *Order) Settle(i int, merge func(into, from int)) {
	for o.depth > 1 && meet(o.first[o.depth-2], o.first[o.depth-1]) < meet(o.first[o.depth-1], i) {
		merge(o.depth-2, o.depth-1)
		o.depth--
	}
}

// Push settles and puts the sum of leaf i, or of a whole subtree whose first leaf is i, on the stack. Its slot is the stack's height before. Leaves come in
// increasing order.
func (o *Order) Push(i int, merge func(into, from int)) (slot int) {
	o.Settle(i, merge)
	o.first[o.depth] = i
	o.depth++
	return o.depth - 1
}

// End adds what is left: the sum is in slot 0, and the stack is empty.
func (o *Order) End(merge func(into, from int)) {
	for ; o.depth > 1; o.depth-- {
		merge(o.depth-2, o.depth-1)
	}
	o.depth = 0
}

// Depth is how many sums are on the stack, in the slots from 0 on.
func (o *Order) Depth() int { return o.depth }

// meet is the height of the least subtree that holds two leaves.
func meet(a, b int) int { return bits.Len(uint(a ^ b)) }

// Sum adds numbers in the order of the tree.
func Sum(x []float64) float64 {
	var slots [32]float64
	var o Order
	merge := func(into, from int) { slots[into] += slots[from] }
	for i, v := range x {
		slot := o.Push(i, merge)
		slots[slot] = v
	}
	o.End(merge)
	return slots[0]
}

// Slots is how many sums there are at a time, at most, of n leaves without a gap.
func Slots(n int) int { return bits.Len(uint(max(0, n-1))) + 1 }
