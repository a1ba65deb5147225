package decode

import (
	"math"

	"slm/internal/elementary"
	"slm/model/kernel"
)

// headRows is the number of rows whose logits are computed together, sliceVocab the number of tokens that a task takes.
const (
	headRows   = 256
	sliceVocab = 512
)

func (n *net[T]) logits(room *[]float32, x []float32, m int) []float32 {
	c := n.config
	w := n.works.Get().(*work[T])
	defer n.works.Put(w)
	rows := n.final(w, x, m)
	out := kernel.Grow(room, rows*c.Vocab)
	kernel.Tiles(c.Vocab, sliceVocab, func(lo, hi int) {
		n.head.mul(out[lo:], &w.h, 0, rows, c.Vocab, lo, hi, false)
		for r := range m {
			n.capLogits(out[r*c.Vocab+lo : r*c.Vocab+hi])
		}
	})
	return out[:m*c.Vocab]
}

// final puts the last norm of m rows into w.h and pads them.
func (n *net[T]) final(w *work[T], x []float32, m int) (rows int) {
	rows = padRows(m)
	n.fit(&w.h, rows, n.config.Width)
	kernel.Tiles(m, smallRows, func(lo, hi int) { n.normRows(&w.h, lo, x, n.norm, lo, hi) })
	for r := m; r < rows; r++ {
		w.h.clear(r)
	}
	return rows
}

// pick asks for log p(token) at a row.
type pick struct {
	row   int
	token int32
}

func (n *net[T]) logProbs(x []float32, m int, picks []pick) []float64 {
	c := n.config
	w := n.works.Get().(*work[T])
	defer n.works.Put(w)
	rows := n.final(w, x, m)
	slices := (c.Vocab + sliceVocab - 1) / sliceVocab
	sums := make([]float32, slices*m)    // log Σ exp of each slice's logits
	logit := make([]float32, len(picks)) // of the tokens asked for
	byRow := make([][]int, m)            // picks of each row
	for i, p := range picks {
		byRow[p.row] = append(byRow[p.row], i)
	}
	kernel.Tiles(c.Vocab, sliceVocab, func(lo, hi int) {
		a := n.tasks.Get().(*attention[T])
		defer n.tasks.Put(a)
		width := hi - lo
		y := kernel.Grow(&a.own.scores, rows*width)
		n.head.mul(y, &w.h, 0, rows, width, lo, hi, false)
		for r := range m {
			row := y[r*width : (r+1)*width]
			n.capLogits(row)
			sums[lo/sliceVocab*m+r] = kernel.LogSumExp(row)
			for _, i := range byRow[r] {
				if t := int(picks[i].token); t >= lo && t < hi {
					logit[i] = row[t-lo]
				}
			}
		}
	})
	total := make([]float64, m)
	for r := range m {
		total[r] = logAdd(sums, r, m)
	}
	out := make([]float64, len(picks))
	for i, p := range picks {
		out[i] = float64(logit[i]) - total[p.row]
	}
	return out
}

// logAdd is log Σ exp over every stride-th element, from r on.
func logAdd(parts []float32, r, stride int) float64 {
	most := math.Inf(-1)
	for i := r; i < len(parts); i += stride {
		most = max(most, float64(parts[i]))
	}
	sum := 0.0
	for i := r; i < len(parts); i += stride {
		sum += elementary.Exp(float64(parts[i]) - most)
	}
	return most + elementary.Log(sum)
}
