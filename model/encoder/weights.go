package encoder

import (
	"fmt"
	"slices"
	"strings"

	"slm/model/kernel"
	"slm/model/weights"
)

// params are a model's weights. Matrices are [out, in], as Hugging Face has them.
type params struct {
	word      func(token int32, into []float32) // writes a row of the embedding [V,C]
	positions []float32                         // [context,C]; the embedding of the first type is added to them
	norm      norm
	layers    []layer
	ones      []float32 // [C]
}

// norm is a layer normalisation's scale and shift, [C].
type norm struct{ weight, bias []float32 }

// layer is a block. A product's bias stands beside its matrix.
type layer struct {
	qkv, out, up      linear
	down              []*kernel.Weights[float32] // for each hiddenColumns of the inner width
	downBias          []float32
	attnNorm, mlpNorm norm
}

// hiddenColumns are the columns of the MLP's inner width that are computed at a time: they are still in the cache when they are multiplied again.
const hiddenColumns = 384

// linear is y = x·Wᵀ + b.
type linear struct {
	weight *kernel.Weights[float32]
	bias   []float32
	n      int
}

// reader takes tensors by name out of a source and keeps the first error.
type reader struct {
	source  weights.Source
	tensors map[string]weights.Tensor
	err     error
}

// newReader lists a source's tensors, without the prefix that models with a head put in front.
func newReader(s weights.Source) (*reader, error) {
	r := &reader{source: s, tensors: map[string]weights.Tensor{}}
	for t, err := range s.Tensors() {
		if err != nil {
			return nil, err
		}
		r.tensors[strings.TrimPrefix(t.Name, "bert.")] = t
	}
	return r, nil
}

// take returns the values of a tensor of a shape.
func (r *reader) take(name string, shape ...int) []float32 {
	if r.err != nil {
		return nil
	}
	t, ok := r.tensors[name]
	switch {
	case !ok:
		r.err = fmt.Errorf("%w: %s: tensor %s is missing", weights.ErrFormat, r.source.Name(), name)
		return nil
	case !slices.Equal(t.Shape, shape):
		r.err = fmt.Errorf("%w: %s: tensor %s has shape %v, want %v", weights.ErrFormat, r.source.Name(), name, t.Shape, shape)
		return nil
	}
	n := 1
	for _, d := range shape {
		n *= d
	}
	values := make([]float32, n)
	r.err = t.Read(values)
	return values
}

func (r *reader) norm(name string, width int) norm {
	return norm{r.take(name+".weight", width), r.take(name+".bias", width)}
}

// linear joins the rows of some matrices of k columns, n rows each, into one.
func (r *reader) linear(be kernel.Backend, n, k int, names ...string) linear {
	l := linear{n: n * len(names)}
	var w []float32
	for _, name := range names {
		w = append(w, r.take(name+".weight", n, k)...)
		l.bias = append(l.bias, r.take(name+".bias", n)...)
	}
	if r.err == nil {
		l.weight = kernel.NewWeights[float32](be, l.n, k)
		l.weight.Set(w)
	}
	return l
}

// columns cuts a matrix [n,k] into pieces of hiddenColumns columns.
func (r *reader) columns(be kernel.Backend, n, k int, name string) (pieces []*kernel.Weights[float32]) {
	w := r.take(name+".weight", n, k)
	for from := 0; from < k && r.err == nil; from += hiddenColumns {
		width := min(hiddenColumns, k-from)
		piece := make([]float32, 0, n*width)
		for i := range n {
			piece = append(piece, w[i*k+from:i*k+from+width]...)
		}
		p := kernel.NewWeights[float32](be, n, width)
		p.Set(piece)
		pieces = append(pieces, p)
	}
	return pieces
}

// rows is a source whose embedding is read row by row.
type rows interface {
	Row(token int32, into []float32)
}

// words is the embedding, in memory as float32 unless the source gives single rows.
func (r *reader) words(c Config) func(int32, []float32) {
	const name = "embeddings.word_embeddings.weight"
	if s, ok := r.source.(rows); ok {
		if t, ok := r.tensors[name]; ok && slices.Equal(t.Shape, []int{c.Vocab, c.Width}) {
			return s.Row
		}
	}
	all := r.take(name, c.Vocab, c.Width)
	return func(token int32, into []float32) { copy(into, all[int(token)*c.Width:]) }
}

// read takes a model of a shape out of a source. What a head adds is passed over.
func read(s weights.Source, c Config, be kernel.Backend) (*params, error) {
	r, err := newReader(s)
	if err != nil {
		return nil, err
	}
	p := &params{
		word:      r.words(c),
		positions: r.take("embeddings.position_embeddings.weight", c.Context, c.Width),
		norm:      r.norm("embeddings.LayerNorm", c.Width),
	}
	p.ones = slices.Repeat([]float32{1}, c.Width)
	types := r.take("embeddings.token_type_embeddings.weight", c.Types, c.Width)
	for i := 0; i < c.Layers && r.err == nil; i++ {
		at := func(name string) string { return fmt.Sprintf("encoder.layer.%d.%s", i, name) }
		p.layers = append(p.layers, layer{
			qkv:      r.linear(be, c.Width, c.Width, at("attention.self.query"), at("attention.self.key"), at("attention.self.value")),
			out:      r.linear(be, c.Width, c.Width, at("attention.output.dense")),
			up:       r.linear(be, c.Hidden, c.Width, at("intermediate.dense")),
			down:     r.columns(be, c.Width, c.Hidden, at("output.dense")),
			downBias: r.take(at("output.dense.bias"), c.Width),
			attnNorm: r.norm(at("attention.output.LayerNorm"), c.Width),
			mlpNorm:  r.norm(at("output.LayerNorm"), c.Width),
		})
	}
	if r.err != nil {
		return nil, r.err
	}
	for i := range c.Context {
		kernel.AddTo(p.positions[i*c.Width:(i+1)*c.Width], types[:c.Width])
	}
	return p, nil
}
