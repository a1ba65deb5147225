// Package decode runs a model forward: it generates text and scores continuations, many requests at once. It does not train, knows
// nothing of text (requests are token ids), and keeps nothing between calls.
//
// Rows of all requests go through the matrix products together, each row only as long as its own sequence: there is no padding
// between sequences of different length, and attention is computed for each sequence alone. So a result does not depend on what
// else is in the batch; where the backend is not batch-invariant (kernel.Traits), but for the last bits: a product of another height may be summed in another
// order. Threads change nothing.
//
// Matrices are kept in the backend's precision (New), as bytes (NewInt8), or as a file of quantised weights has them (NewFile).
package decode
