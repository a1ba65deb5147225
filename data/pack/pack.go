// Package pack turns tokenised examples into rows of fixed length for training, and stores them in shards.
//
// Several documents share a row, each with its own positions from 0 and its own entry in Batch.Docs, from which the document mask
// is made: no document may attend to another. Packing without that mask was measured to make recall worse. Padding is a target of -1,
// never a token with a meaning, so that the end-of-text token is always trained.
package pack

import (
	"cmp"
	"slices"

	"slm/data/form"
)

// Example is one document: tokens with its end-of-text token, of which the first Prompt are read but not trained.
type Example struct {
	Tokens []int32 `arrow:"tokens"`
	Prompt int     `arrow:"prompt"` // tokens before this index are not trained
	ID     string  `arrow:"id"`
}

// Encoder is what packing needs of a tokenizer.
type Encoder interface{ Encode(text string) []int32 }

// Encode makes an example of a prompt and what follows it, with the end-of-text token. Without train the prompt is read, not trained.
func Encode(e Encoder, id, prompt, continuation string, eos int32, train bool) Example {
	tokens := e.Encode(prompt)
	ex := Example{ID: id, Prompt: len(tokens)}
	if train {
		ex.Prompt = 0
	}
	ex.Tokens = append(append(tokens, e.Encode(form.Continuation(continuation))...), eos)
	return ex
}

// Batch is Rows rows of Cols places. Places that belong to no document hold token 0, position 0 and target -1.
type Batch struct {
	Rows, Cols  int
	Tokens      []int32  // [Rows*Cols]
	Targets     []int32  // [Rows*Cols] the token after Tokens[i]; -1 where it is not trained
	Pos         []int32  // [Rows*Cols] position in its document, from 0
	Docs        []Doc    // by row and start
	TargetCount int      // targets that are trained
	IDs         []string // of the examples, as Docs
}

// Doc is a document's place in a batch.
type Doc struct{ Row, Start, Len int }

// inputs is how many places an example takes in rows of cols: the last token is a target only. It is 0 when nothing of it is trained.
func (ex Example) inputs(cols int) int {
	n := min(len(ex.Tokens)-1, cols)
	if n < 1 || n < ex.Prompt {
		return 0
	}
	return n
}

// Pack puts the examples into batches of at most rows rows of cols places, by best fit, longest first (Johnson 1973), which needs at
// most 11/9 of the fewest rows possible. Rows come in the order of their first example, so that a shuffle of the examples
// shuffles the rows. Examples longer than cols are cut, and those without a trained token left out.
func Pack(ex []Example, rows, cols int) []Batch {
	if rows < 1 || cols < 1 {
		return nil
	}
	packed := bestFit(ex, cols)
	var out []Batch
	for part := range slices.Chunk(packed, rows) {
		out = append(out, fill(ex, part, cols))
	}
	return out
}

// bestFit returns rows of example indices.
func bestFit(ex []Example, cols int) [][]int {
	var order []int
	for i, e := range ex {
		if e.inputs(cols) > 0 {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(ex[b].inputs(cols), ex[a].inputs(cols)) })
	var rows [][]int
	free := make([][]int, cols+1) // free[n]: rows with n places left, as a stack
	for _, i := range order {
		n := ex[i].inputs(cols)
		left := n
		for left <= cols && len(free[left]) == 0 {
			left++
		}
		var row int
		if left > cols {
			row, left = len(rows), cols
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
	slices.SortFunc(rows, func(a, b []int) int { return cmp.Compare(a[0], b[0]) })
	return rows
}

// fill lays rows of examples out as a batch.
func fill(ex []Example, rows [][]int, cols int) Batch {
	n := len(rows) * cols
	b := Batch{Rows: len(rows), Cols: cols, Tokens: make([]int32, n), Targets: make([]int32, n), Pos: make([]int32, n)}
	for i := range b.Targets {
		b.Targets[i] = -1
	}
	for r, row := range rows {
		start := 0
		for _, i := range row {
			e := ex[i]
			length := e.inputs(cols)
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
	return b
}
