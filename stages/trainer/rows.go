package trainer

import (
	"slm/data/pack"
	"slm/model"
)

// layOut makes rows for a graph of a packed batch.
func layOut(b pack.Batch) model.Batch {
	out := model.Batch{Tokens: b.Tokens, Targets: b.Targets, Docs: make([]int32, len(b.Tokens)), References: b.References}
	for i := range out.Docs {
		out.Docs[i] = -1
	}
	for _, d := range b.Docs {
		first := d.Row*b.Cols + d.Start
		for i := first; i < first+d.Len; i++ {
			out.Docs[i] = int32(first)
		}
	}
	return out
}

// rowsOf are the rows [from, from+n) of a batch with rows of length tokens, filled up with padding behind row end.
func rowsOf(b model.Batch, from, n, end, length int) model.Batch {
	at, size := from*length, n*length
	out := model.Batch{Tokens: make([]int32, size), Targets: make([]int32, size), Docs: make([]int32, size)}
	have := min(size, min(end*length, len(b.Tokens))-at)
	copy(out.Tokens, b.Tokens[at:at+have])
	copy(out.Targets, b.Targets[at:at+have])
	for i := range size {
		if i >= have {
			out.Targets[i], out.Docs[i] = -1, -1
		} else if out.Docs[i] = b.Docs[at+i]; out.Docs[i] >= 0 {
			out.Docs[i] -= int32(at)
		}
	}
	if b.References != nil {
		out.References = make([]float32, n/2)
		copy(out.References, b.References[from/2:])
	}
	return out
}

// run puts a batch through a graph, micro-batch by micro-batch, the last filled up with padding. The scaled losses are added in order.
func run(g *model.Graph, b pack.Batch, scale float32) (float64, error) {
	return runRows(g, layOut(b), 0, b.Rows, scale, func() {})
}

// runRows is run for the rows [lo,hi). last is called before the last micro-batch.
func runRows(g *model.Graph, b model.Batch, lo, hi int, scale float32, last func()) (total float64, err error) {
	for ; lo < hi; lo += g.Seqs {
		if lo+g.Seqs >= hi {
			last()
		}
		loss, err := g.Run(rowsOf(b, lo, g.Seqs, hi, g.Len), scale)
		if err != nil {
			return 0, err
		}
		total += loss
	}
	return total, nil
}
