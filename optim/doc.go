// Package optim updates weights from gradients: AdamW, Muon, clipping by the global norm, and learning-rate schedules.
//
// It is not a training loop and does not know the model: it sees named slices of weights and gradients. The search over prompts,
// where there is no gradient, is in optim/bayes, on top of optim/cma and optim/sobol.
//
// Everything is cut into tiles of a fixed size and reduced in index order, so a result does not depend on the number of threads.
package optim

// Param is one tensor to be trained. W and G have the same length and stay where they are: the optimiser keeps views.
type Param struct {
	Name string
	W    []float32 // weights, updated in place
	G    []float32 // gradient of the loss, read by Step, scaled in place by ClipGlobalNorm
	// Decay says whether weight decay applies. By custom it does not for norms and other 1-D tensors.
	Decay bool
	// Rows are the heights of the matrices that W holds, one below the other, if they are matrices of the network, which Muon
	// orthogonalises; nil for vectors, embeddings and heads.
	Rows []int
}

// span is elements [lo,hi) of one parameter.
type span struct{ param, lo, hi int }

// tile is the number of elements that one unit of work holds: 64 KiB of weights, small enough for the second-level cache with
// the gradient and both moments beside it.
const tile = 1 << 14

// cut lists the tiles of all parameters in order.
func cut(params []Param) []span {
	var spans []span
	for p := range params {
		for lo := 0; lo < len(params[p].W); lo += tile {
			spans = append(spans, span{p, lo, min(lo+tile, len(params[p].W))})
		}
	}
	return spans
}
