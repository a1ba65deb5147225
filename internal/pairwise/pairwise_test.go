package pairwise

import (
	"math/rand/v2"
	"testing"
)

// tree is the sum of the leaves [lo,lo+n) of the tree, n a power of two, as it is written in the book. there says which leaves there are.
func tree(x map[int]float64, lo, n int) (sum float64, there bool) {
	if n == 1 {
		v, ok := x[lo]
		return v, ok
	}
	left, l := tree(x, lo, n/2)
	right, r := tree(x, lo+n/2, n/2)
	switch {
	case l && r:
		return left + right, true
	case l:
		return left, true
	}
	return right, r
}

func TestOrder_IsTheTreeWhateverLeavesAreThere(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	other := 0
	for n := range 70 {
		for range 20 {
			x, inOrder := map[int]float64{}, 0.0
			var slots [32]float64
			var o Order
			most := 0
			merge := func(into, from int) {
				if from != into+1 {
					t.Fatalf("slot %d goes to slot %d", from, into)
				}
				slots[into] += slots[from]
			}
			for i := range n {
				if n > 40 && r.IntN(3) == 0 {
					continue // a gap
				}
				x[i] = r.NormFloat64()
				inOrder += x[i]
				slot := o.Push(i, merge)
				most, slots[slot] = max(most, slot+1), x[i]
			}
			o.End(merge)
			want, there := tree(x, 0, 128)
			if there && slots[0] != want {
				t.Fatalf("%d leaves: %v, want %v", n, slots[0], want)
			}
			if len(x) == n && most > Slots(n) {
				t.Fatalf("%d leaves take %d slots, more than %d", n, most, Slots(n))
			}
			if inOrder != want {
				other++
			}
		}
	}
	if other == 0 {
		t.Fatal("the tree has the bits of a sum in order: the test proves nothing")
	}
}

// Whoever owns a range of leaves sums the whole subtrees in it; the sums of all owners, in order, meet as the leaves would.
func TestOrder_SubtreesMeetAsTheirLeavesDo(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	for _, n := range []int{1, 2, 3, 5, 8, 13, 16} {
		x := make([]float64, n)
		for i := range x {
			x[i] = r.NormFloat64()
		}
		for owners := 1; owners <= 9; owners++ {
			var nodes []Node
			for k := range owners {
				nodes = append(nodes, Cover(k*n/owners, (k+1)*n/owners, n, 1<<20)...)
			}
			var slots [32]float64
			var o Order
			merge := func(into, from int) { slots[into] += slots[from] }
			at := 0
			for _, node := range nodes {
				if node.First != at {
					t.Fatalf("%d leaves, %d owners: %v leave a gap", n, owners, nodes)
				}
				at += node.Leaves
				slot := o.Push(node.First, merge)
				slots[slot] = Sum(x[node.First : node.First+node.Leaves])
			}
			o.End(merge)
			if at != n || slots[0] != Sum(x) {
				t.Errorf("%d leaves, %d owners: %v, want %v", n, owners, slots[0], Sum(x))
			}
		}
	}
}

func TestCover_NodesAreWholeSubtreesOfABoundedSize(t *testing.T) {
	for _, c := range []struct {
		lo, hi, n, most int
		want            []Node
	}{
		{0, 8, 8, 8, []Node{{0, 8}}},
		{0, 8, 8, 2, []Node{{0, 2}, {2, 2}, {4, 2}, {6, 2}}},
		{2, 5, 8, 8, []Node{{2, 2}, {4, 1}}},
		{5, 8, 8, 8, []Node{{5, 1}, {6, 2}}},
		{0, 6, 6, 8, []Node{{0, 6}}},
		{4, 6, 6, 8, []Node{{4, 2}}},
		{4, 5, 5, 8, []Node{{4, 1}}},
		{3, 3, 8, 8, nil},
	} {
		got := Cover(c.lo, c.hi, c.n, c.most)
		if len(got) != len(c.want) {
			t.Errorf("%+v: %v", c, got)
			continue
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%+v: %v", c, got)
			}
		}
	}
}
