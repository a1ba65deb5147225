package pairwise

// Node is a subtree: the leaves from First on.
type Node struct{ First, Leaves int }

// Cover divides the leaves [lo,hi) of n into the fewest subtrees that have no leaf elsewhere, of at most most leaves each, from left to right.
// most is a power of two.
func Cover(lo, hi, n, most int) []Node {
	var out []Node
	for lo < hi {
		size := 1
		for 2*size <= most && lo%(2*size) == 0 && min(lo+2*size, n) <= hi && lo+size < n {
			size *= 2
		}
		leaves := min(size, n-lo)
		out = append(out, Node{lo, leaves})
		lo += leaves
	}
	return out
}
