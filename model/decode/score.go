package decode

import (
	"context"
	"fmt"
)

// ScoreRequest asks how likely continuations of one prefix are.
type ScoreRequest struct {
	Prefix        []int32
	Soft          []float32 // [n,C], in front of the prefix
	Continuations [][]int32
}

// chunkRows bounds the rows that go through the network together, and with them memory; a single request may be longer.
const chunkRows = 2048

// Score returns, for each request, the sum of log p(token) over each continuation. A prefix is computed once for all its continuations,
// and the last token of a continuation is never fed; an empty continuation scores 0.
func (d *Decoder) Score(ctx context.Context, reqs []ScoreRequest) ([][]float64, error) {
	if err := d.checkScore(reqs); err != nil {
		return nil, err
	}
	out := make([][]float64, len(reqs))
	for lo := 0; lo < len(reqs); {
		hi, rows := lo, 0
		for hi < len(reqs) {
			n := d.scoreRows(reqs[hi])
			if hi > lo && rows+n > chunkRows {
				break
			}
			rows += n
			hi++
		}
		if err := d.scoreChunk(ctx, reqs[lo:hi], out[lo:hi], rows); err != nil {
			return nil, err
		}
		lo = hi
	}
	return out, nil
}

func (d *Decoder) checkScore(reqs []ScoreRequest) error {
	for i, r := range reqs {
		name := fmt.Sprintf("the prefix of request %d", i)
		if err := d.check(name, r.Prefix, r.Soft); err != nil {
			return err
		}
		prefix := len(r.Prefix) + len(r.Soft)/d.config.Width
		for j, c := range r.Continuations {
			if n := prefix + len(c); n > d.config.Context {
				return fmt.Errorf("%w: request %d with its continuation %d has %d tokens, the context %d", ErrTooLong, i, j, n, d.config.Context)
			}
			if err := d.known(fmt.Sprintf("continuation %d of request %d", j, i), c); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *Decoder) scoreRows(r ScoreRequest) int {
	n := len(r.Prefix) + len(r.Soft)/d.config.Width
	for _, c := range r.Continuations {
		n += max(0, len(c)-1)
	}
	return n
}

// target says which sum a pick belongs to.
type target struct{ request, continuation int }

func (d *Decoder) scoreChunk(ctx context.Context, reqs []ScoreRequest, out [][]float64, rows int) error {
	b := d.newBatch(rows)
	var picks []pick
	var targets []target
	for i, r := range reqs {
		out[i] = make([]float64, len(r.Continuations))
		branches := make([][]int32, 0, len(r.Continuations))
		last := b.rows + len(r.Prefix) + len(r.Soft)/d.config.Width - 1
		next := last + 1
		for j, c := range r.Continuations {
			for t, token := range c {
				row := last // the prefix's last row predicts the first token
				if t > 0 {
					row = next + t - 1
				}
				picks, targets = append(picks, pick{row, token}), append(targets, target{i, j})
			}
			if len(c) > 1 {
				branches = append(branches, c[:len(c)-1])
				next += len(c) - 1
			}
		}
		b.add(r.Prefix, r.Soft, nil, branches...)
	}
	if err := d.engine.layers(ctx, b); err != nil {
		return err
	}
	return d.sumPicks(ctx, b, picks, targets, out)
}

// sumPicks computes the logits of the rows that are asked for, some at a time, and adds up the picks in order.
func (d *Decoder) sumPicks(ctx context.Context, b *batch, picks []pick, targets []target, out [][]float64) error {
	for lo := 0; lo < len(picks); {
		if err := ctx.Err(); err != nil {
			return err
		}
		index := map[int]int{} // row of the batch → row of the slice
		var rows []int
		var part []pick
		hi := lo
		for ; hi < len(picks); hi++ {
			at, ok := index[picks[hi].row]
			if !ok {
				if len(rows) == headRows {
					break
				}
				at = len(rows)
				index[picks[hi].row] = at
				rows = append(rows, picks[hi].row)
			}
			part = append(part, pick{at, picks[hi].token})
		}
		for i, lp := range d.engine.logProbs(b.gather(rows), len(rows), part) {
			t := targets[lo+i]
			out[t.request][t.continuation] += lp
		}
		lo = hi
	}
	return nil
}
