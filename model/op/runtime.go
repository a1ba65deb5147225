package op

import (
	"gorgonia.org/tensor"

	"slm/model/kernel"
)

// Dims are the sizes of one graph. It runs on Seqs rows of Len tokens, N = Seqs·Len.
type Dims struct {
	Vocab, Width, Heads, KVHeads, HeadDim, Hidden int
	Seqs, Len                                     int
	Eps                                           float32
	Train                                         bool // there will be gradients
	Recompute                                     bool // for which a block computes its activations again instead of keeping them
	Frozen                                        bool // only updates have gradients: the model's own weights have none
	Leaf                                          int  // rows whose gradients are summed in order; sums of these meet in a tree (package pairwise). 0 = all
}

// leaf is the height of a leaf, in rows.
func (d Dims) leaf() int {
	if d.Leaf == 0 {
		return max(1, d.Seqs)
	}
	return d.Leaf
}

func (d Dims) tokens() int   { return d.Seqs * d.Len }
func (d Dims) qWidth() int   { return d.Heads * d.HeadDim }
func (d Dims) qkvWidth() int { return (d.Heads + 2*d.KVHeads) * d.HeadDim }

// Runtime is what the ops of one graph share: the backend, tables, scratch memory and the weights in the backend's precision.
// T is that precision's element type.
type Runtime[T kernel.Elem] struct {
	Dims
	be        kernel.Backend
	rope      *kernel.Rotary
	attn      kernel.AttnShape
	docs      []document // of the batch that runs
	positions []int32    // [N], of each token in its document

	stream  [2]*tensor.Dense // [N,C], what flows between ops and is not needed later
	flip    int
	layouts map[string]*layouts[T] // by the kind of weight
	rooms   map[string][]T         // scratch of updates, by their kind
	accs    []*accumulator
	dEmbed  *accumulator // one of them
	norms   []float32    // [tiles, C] partial sums of a norm's gradient
	ready   func(i int)  // Ready

	// Scratch of the backward pass, shared by all layers.
	dy, h   []T // [N, C]
	dWide   []T // [N, max(qkv, 2F)]
	dMid    []T // [N, max(H·hd, F)]
	act     []T // [N, F]
	losses  []float32
	pairs   []float64 // [Seqs/2] losses of pairs of rows, where the graph prefers; else nil
	headDX  []float32
	dLogits []T
	lefts   []kernel.Transposed[T]

	attended *attention[T] // the blocks whose activations others take over (shared)
	gated    *mlp[T]
}

// document is a run of tokens that attend to each other and to nothing else.
type document struct{ first, length int }

// tileRows is the height of a tile of activations. It divides a row of the batch from its start, so that no tile spans two rows and
// sums over tiles come out the same however the rows are spread over micro-batches.
const tileRows = 128

// NewRuntime prepares the scratch memory of a graph.
func NewRuntime[T kernel.Elem](be kernel.Backend, d Dims, rope *kernel.Rotary) *Runtime[T] {
	n := d.tokens()
	r := &Runtime[T]{
		Dims: d, be: be, rope: rope, attn: kernel.AttnShape{Heads: d.Heads, KVHeads: d.KVHeads, HeadDim: d.HeadDim},
		losses: make([]float32, n), positions: make([]int32, n), layouts: map[string]*layouts[T]{}, rooms: map[string][]T{},
	}
	return r
}

// alloc makes the memory that only training needs.
func (r *Runtime[T]) alloc() {
	if r.dy != nil {
		return
	}
	n, d := r.tokens(), r.Dims
	r.dy, r.h = make([]T, n*d.Width), make([]T, n*d.Width)
	r.dWide = make([]T, n*max(d.qkvWidth(), 2*d.Hidden))
	r.dMid = make([]T, n*max(d.qWidth(), d.Hidden))
	r.act = make([]T, n*d.Hidden)
	r.norms = make([]float32, r.tileCount()*d.Width)
	r.headDX = make([]float32, n*d.Width)
}

// gradient makes and registers an accumulator.
func (r *Runtime[T]) gradient(shape ...int) *accumulator {
	return r.register(newAccumulator(shape...))
}

// register gives an accumulator its place among the Sums, which is best behind those that are complete before it.
func (r *Runtime[T]) register(a *accumulator) *accumulator {
	a.index = len(r.accs)
	r.accs = append(r.accs, a)
	return a
}

// kept is the output of an op of the forward pass: memory of its own when the backward pass reads it again.
func (r *Runtime[T]) kept() *tensor.Dense {
	if r.Train {
		return tensor.New(tensor.WithShape(r.tokens(), r.Width), tensor.Of(tensor.Float32))
	}
	return r.passing()
}

// passing is an output that only the next op of the chain reads: two take turns.
func (r *Runtime[T]) passing() *tensor.Dense {
	r.flip ^= 1
	if r.stream[r.flip] == nil {
		r.stream[r.flip] = tensor.New(tensor.WithShape(r.tokens(), r.Width), tensor.Of(tensor.Float32))
	}
	return r.stream[r.flip]
}

// shared says that blocks of a kind use the same memory for their activations: nobody reads them once the next block has run.
func (r *Runtime[T]) shared() bool { return r.Recompute || !r.Train }

// weightGradient registers an accumulator for the gradient of a matrix of a layer.
func (r *Runtime[T]) weightGradient(rows, cols int) *accumulator {
	a := r.gradient(rows, cols)
	a.tall, a.transposed = rows > cols, rows > cols
	a.wide = max(rows, cols)
	return a
}

// Publish brings the gradients into the shapes of their weights, after the last run of a step.
func (r *Runtime[T]) Publish() {
	for _, a := range r.accs {
		a.join()
	}
	kernel.Parallel(len(r.accs), func(i int) { r.accs[i].publish() })
}

// Refresh makes the next run take the master weights over again.
func (r *Runtime[T]) Refresh() {
	for _, l := range r.layouts {
		l.linear.holds, l.grad.holds = nil, nil
	}
}

// Losses are the negative log-likelihoods of the last run's targets, [N] in nats; 0 where there is no target.
func (r *Runtime[T]) Losses() []float32 { return r.losses }

func (r *Runtime[T]) tilesPerSeq() int { return (r.Len + tileRows - 1) / tileRows }
func (r *Runtime[T]) tileCount() int   { return r.Seqs * r.tilesPerSeq() }

// tiles runs f on every tile of rows [lo,hi) of the batch.
func (r *Runtime[T]) tiles(f func(tile, lo, hi int)) {
	kernel.Parallel(r.tileCount(), func(tile int) { r.tile(tile, f) })
}

func (r *Runtime[T]) tile(tile int, f func(tile, lo, hi int)) {
	per := r.tilesPerSeq()
	lo := tile/per*r.Len + tile%per*tileRows
	f(tile, lo, min(lo+tileRows, (tile/per+1)*r.Len))
}

// setDocuments reads the documents of a batch: docs[i] is the index of the first token of token i's document, or −1 for padding.
func (r *Runtime[T]) setDocuments(docs []int32) {
	r.docs = r.docs[:0]
	for i := 0; i < len(docs); {
		first := docs[i]
		end := i + 1
		for end < len(docs) && docs[end] == first && (first >= 0 || end%r.Len != 0) {
			end++
		}
		if first >= 0 {
			r.docs = append(r.docs, document{i, end - i})
			for p := range r.positions[i:end] {
				r.positions[i+p] = int32(p)
			}
		}
		i = end
	}
}

// clearPadding zeroes the rows of x [N,width] that belong to no document.
func clearPadding[T kernel.Elem](x []T, docs []document, width int) {
	at := 0
	for _, d := range docs {
		clear(x[at*width : d.first*width])
		at = d.first + d.length
	}
	clear(x[at*width:])
}
