package pack

import (
	"cmp"
	"slices"
)

// Batch is Rows rows of Cols tokens. Padding, which belongs to no document, is token 0, position 0 and target -1.
type Batch struct {
	Rows, Cols  int
	Tokens      []int32  // [Rows*Cols]
	Targets     []int32  // [Rows*Cols] the token after Tokens[i]; -1 where it is not trained
	Pos         []int32  // [Rows*Cols] position in its document, from 0
	Docs        []Doc    // by row and start
	TargetCount int      // targets that are trained
	IDs         []string // of the examples, as Docs

	References []float32 // [Rows/2] of pairs of rows, as Pair has them; nil where rows are no pairs
}

// Units is what a step's loss is the mean of: its pairs, or else its trained targets.
func (b Batch) Units() int {
	if b.References != nil {
		return len(b.References)
	}
	return b.TargetCount
}

// Doc is where a document lies in a batch.
type Doc struct{ Row, Start, Len int }

// inputs is how many tokens of an example stand in rows of cols: the last one is a target only. It is 0 when nothing of it is trained.
func inputs(tokens, prompt, cols int) int {
	n := min(tokens-1, cols)
	if n < 1 || n < prompt {
		return 0
	}
	return n
}

// Packing says which examples of a source share a row. Batches are made when they are asked for.
type Packing struct {
	from       Source
	rows, cols int
	packed     [][]int32 // by row, the examples in it
}

// Pack puts the examples into batches of at most rows rows of cols tokens, by best fit, longest first (Johnson 1973), which needs at
// most 11/9 of the fewest rows possible. Rows come in the order of their first example, so that a shuffle of the examples
// shuffles the rows. Examples longer than cols are cut, and those without a trained token left out.
func Pack(from Source, rows, cols int) *Packing {
	if rows < 1 || cols < 1 {
		return &Packing{}
	}
	return &Packing{from, rows, cols, bestFit(from, cols)}
}

// Len is the number of batches.
func (p *Packing) Len() int {
	if len(p.packed) == 0 {
		return 0
	}
	return (len(p.packed) + p.rows - 1) / p.rows
}

// Batch lays out batch i, 0 ≤ i < Len().
func (p *Packing) Batch(i int) (Batch, error) {
	part := p.packed[i*p.rows : min((i+1)*p.rows, len(p.packed))]
	return fill(p.from, part, p.cols)
}

// bestFit returns rows of example indices.
func bestFit(from Source, cols int) [][]int32 {
	length := make([]int32, from.Len())
	var order []int32
	for i := range length {
		tokens, prompt := from.Size(i)
		if length[i] = int32(inputs(tokens, prompt, cols)); length[i] > 0 {
			order = append(order, int32(i))
		}
	}
	slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(length[b], length[a]) })
	var rows [][]int32
	free := make([][]int32, cols+1) // free[n]: rows with n tokens left, as a stack
	for _, i := range order {
		n := int(length[i])
		left := n
		for left <= cols && len(free[left]) == 0 {
			left++
		}
		var row int32
		if left > cols {
			row, left = int32(len(rows)), cols
			rows = append(rows, nil)
		} else {
			row = free[left][len(free[left])-1]
			free[left] = free[left][:len(free[left])-1]
		}
		rows[row] = append(rows[row], i)
		free[left-n] = append(free[left-n], row)
	}
	for _, row := range rows {
		slices.Sort(row)
	}
	slices.SortFunc(rows, func(a, b []int32) int { return cmp.Compare(a[0], b[0]) })
	return rows
}

// fill lays rows of examples out as a batch.
func fill(from Source, rows [][]int32, cols int) (Batch, error) {
	n := len(rows) * cols
	b := Batch{Rows: len(rows), Cols: cols, Tokens: make([]int32, n), Targets: make([]int32, n), Pos: make([]int32, n)}
	for i := range b.Targets {
		b.Targets[i] = -1
	}
	for r, row := range rows {
		start := 0
		for _, i := range row {
			e, err := from.Example(int(i))
			if err != nil {
				return b, err
			}
			length := inputs(len(e.Tokens), e.Prompt, cols)
			b.Docs, b.IDs = append(b.Docs, Doc{r, start, length}), append(b.IDs, e.ID)
			at := r*cols + start
			copy(b.Tokens[at:at+length], e.Tokens)
			for j := range length {
				b.Pos[at+j] = int32(j)
				if j+1 >= e.Prompt {
					b.Targets[at+j] = e.Tokens[j+1]
					b.TargetCount++
				}
			}
			start += length
		}
	}
	return b, nil
}
