package decode

import "slm/model/kernel"

// batch is a set of sequences on their way through the network: one row a token, sequences behind one another.
type batch struct {
	d     *Decoder
	rows  int
	x     []float32  // [rows rounded up, C], the residual stream; rows beyond the last are zero and nobody reads their results
	at    []position // [rows]
	spans []span
	steps int // spans that are a new row of a cached sequence

	shares []share // of attention, each a task
}

// position is where a row stands in its sequence.
type position struct {
	index int    // from 0
	cache *cache // where its keys and values are kept; nil: nowhere
	last  bool   // of a piece: what its cache has behind it is zeroed up to a multiple of block
}

// span is a sequence's rows. A tree (scoring) has a trunk, which every branch continues: a row of a branch sees the trunk and its
// own branch up to itself, so that a prefix is computed once for all its continuations.
type span struct {
	first    int   // row
	trunk    int   // rows
	branches []int // rows of each branch; they follow the trunk
	cache    *cache
	rule     rule
	before   int // of a piece: positions of the sequence that the cache holds already
}

// rule is how attention of a span's rows is computed. What is read and what is generated differ in their last bits, so that a row has the same bits
// again only by the same rule; in which pieces a text is read changes none (Traits.BatchInvariant).
type rule int

const (
	entire rule = iota // all rows of the sequence are in the batch: products over what the batch holds
	piece              // the next rows of a text: the same products over what the cache holds
	step               // one row, which was generated: DecodeAttention
)

// share is a task of attention: a span's query heads [lo,hi), whole groups of them unless the span is read.
type share struct{ span, lo, hi int }

func (s span) rows() int {
	n := s.trunk
	for _, b := range s.branches {
		n += b
	}
	return n
}

// newBatch returns an empty batch with room for some rows.
func (d *Decoder) newBatch(rows int) *batch {
	return &batch{d: d, x: make([]float32, 0, padRows(rows)*d.config.Width), at: make([]position, 0, rows)}
}

// padRows rounds a batch's height up to one of few values, because a backend compiles a kernel for each height.
func padRows(rows int) int {
	for _, small := range []int{1, 2, 4, 8} {
		if rows <= small {
			return small
		}
	}
	return (rows + 15) / 16 * 16
}

// add appends a sequence that begins at position 0: soft tokens [n,C], then the trunk's tokens, then branches that each continue it.
func (b *batch) add(trunk []int32, soft []float32, cache *cache, branches ...[]int32) {
	n := len(trunk) + len(soft)/b.d.config.Width
	s := span{first: b.rows, trunk: n, cache: cache}
	b.x = append(b.x, soft...)
	for i := range len(soft) / b.d.config.Width {
		b.at = append(b.at, position{index: i, cache: cache})
	}
	b.tokens(trunk, n-len(trunk), cache)
	for _, branch := range branches {
		s.branches = append(s.branches, len(branch))
		b.tokens(branch, n, cache)
	}
	b.close(s)
}

// piece appends the next rows of a cached sequence that is read: soft tokens [n,C], then tokens.
func (b *batch) piece(tokens []int32, soft []float32, c *cache) {
	n := len(soft) / b.d.config.Width
	s := span{first: b.rows, trunk: n + len(tokens), cache: c, rule: piece, before: c.length}
	b.x = append(b.x, soft...)
	for i := range n {
		b.at = append(b.at, position{index: c.length + i, cache: c})
	}
	b.tokens(tokens, c.length+n, c)
	b.at[len(b.at)-1].last = true
	b.close(s)
}

// step appends the next token of a cached sequence.
func (b *batch) step(token int32, c *cache) {
	s := span{first: b.rows, trunk: 1, cache: c, rule: step}
	b.tokens([]int32{token}, c.length, c)
	b.close(s)
	b.steps++
}

// cached says that the batch is of generated rows alone.
func (b *batch) cached() bool { return b.steps > 0 && b.steps == len(b.spans) }

func (b *batch) tokens(ids []int32, first int, cache *cache) {
	width := b.d.config.Width
	for i, id := range ids {
		b.x = b.d.embedding(b.x, id)
		if scale := b.d.config.EmbedScale; scale != 0 {
			kernel.Scale(b.x[len(b.x)-width:], float32(scale))
		}
		b.at = append(b.at, position{index: first + i, cache: cache})
	}
}

func (b *batch) close(s span) {
	b.spans = append(b.spans, s)
	b.rows += s.rows()
}

// pad fills x up to padRows.
func (b *batch) pad() int {
	rows := padRows(b.rows)
	have := len(b.x)
	want := rows * b.d.config.Width
	if want > have {
		b.x = append(b.x, make([]float32, want-have)...)
	}
	return rows
}

// gather copies some rows of the residual stream.
func (b *batch) gather(rows []int) []float32 {
	width := b.d.config.Width
	out := make([]float32, 0, len(rows)*width)
	for _, r := range rows {
		out = append(out, b.x[r*width:(r+1)*width]...)
	}
	return out
}
