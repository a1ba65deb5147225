package kernel

// Invariant says that the backend computes every element of a product by the same operations in the same order, whatever rows and columns
// stand beside it: a row has the same bits alone and in any batch. oneDNN picks another kernel for another height.
func Invariant(be Backend) bool {
	switch be.(type) {
	case amxBackend, amx32Backend, goBackend:
		return true
	}
	return false
}

// CutTerms is a number of terms: a product that is cut between multiples of it into several, each adding to C, has the bits of the whole. 0 says
// that there is none.
func CutTerms(be Backend) int {
	if _, tiles := be.(amxBackend); tiles {
		return tileSide
	}
	return 0
}
