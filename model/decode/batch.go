package decode

// batch is a set of sequences on their way through the network: one row a token, sequences behind one another.
type batch struct {
	d     *Decoder
	rows  int
	x     []float32  // [rows rounded up, C], the residual stream; rows beyond the last are zero and nobody reads their results
	at    []position // [rows]
	spans []span
	steps int // spans that are a new row of a cached sequence
}

// position is where a row stands in its sequence.
type position struct {
	index int    // from 0
	cache *cache // where its keys and values are kept; nil: nowhere
}

// span is a sequence's rows. A tree (scoring) has a trunk, which every branch continues: a row of a branch sees the trunk and its
// own branch up to itself, so that a prefix is computed once for all its continuations.
type span struct {
	first    int   // row
	trunk    int   // rows
	branches []int // rows of each branch; they follow the trunk
	cache    *cache
}

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
		b.at = append(b.at, position{i, cache})
	}
	b.tokens(trunk, n-len(trunk), cache)
	for _, branch := range branches {
		s.branches = append(s.branches, len(branch))
		b.tokens(branch, n, cache)
	}
	b.close(s)
}

// step appends the next token of a cached sequence.
func (b *batch) step(token int32, c *cache) {
	s := span{first: b.rows, trunk: 1, cache: c}
	b.tokens([]int32{token}, c.length, c)
	b.close(s)
	b.steps++
}

// cached says that the batch is of new rows of cached sequences; a batch is that wholly or not at all.
func (b *batch) cached() bool { return b.steps > 0 }

func (b *batch) tokens(ids []int32, first int, cache *cache) {
	width := b.d.config.Width
	for i, id := range ids {
		b.x = append(b.x, b.d.embed[int(id)*width:(int(id)+1)*width]...)
		b.at = append(b.at, position{first + i, cache})
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
