package decode

import (
	"cmp"
	"context"
	"slices"
)

// TokenProb is a token and its log-probability.
type TokenProb struct {
	Token   int32
	LogProb float64 // natural logarithm
}

// Traced is a token of a text, seen from those before it.
type Traced struct {
	LogProb float64     // of the token
	Top     []TokenProb // the likeliest tokens at its place, the likeliest first, of equals the lower one
}

// Trace says how likely each token of a text is after those before it: entry i is about tokens[i+1], since nothing stands before the first. With
// top > 0 it names that many of the likeliest tokens too. The sum over the end of a text is what Score says of that
// end, but for rounding: Score reads it as a branch.
func (d *Decoder) Trace(ctx context.Context, tokens []int32, top int) ([]Traced, error) {
	if err := d.check("the text", tokens, nil); err != nil {
		return nil, err
	}
	last := len(tokens) - 1
	out := make([]Traced, last)
	if last == 0 {
		return out, nil
	}
	b := d.newBatch(last)
	b.add(tokens[:last], nil, nil)
	if err := d.engine.layers(ctx, b); err != nil {
		return nil, err
	}
	room := d.rooms.Get().(*[]float32)
	defer d.rooms.Put(room)
	for lo := 0; lo < last; lo += headRows {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		m := min(headRows, last-lo)
		x := b.x[lo*d.config.Width : (lo+m)*d.config.Width]
		var picks []pick
		for i := range m {
			picks = append(picks, pick{i, tokens[lo+i+1]})
		}
		if top > 0 {
			logits := d.engine.logits(room, x, m)
			for i := range m {
				for _, t := range likeliest(logits[i*d.config.Vocab:(i+1)*d.config.Vocab], top) {
					picks = append(picks, pick{i, t})
				}
			}
		}
		for j, p := range d.engine.logProbs(x, m, picks) {
			at := &out[lo+picks[j].row]
			if j < m {
				at.LogProb = p
			} else {
				at.Top = append(at.Top, TokenProb{picks[j].token, p})
			}
		}
	}
	return out, nil
}

// likeliest are the n tokens with the largest logits, in order.
func likeliest(logits []float32, n int) []int32 {
	best := make([]int32, 0, n+1)
	for t, x := range logits {
		if len(best) == n && x <= logits[best[n-1]] {
			continue
		}
		at, _ := slices.BinarySearchFunc(best, x, func(b int32, x float32) int {
			return cmp.Or(cmp.Compare(x, logits[b]), -1) // behind its equals
		})
		if best = slices.Insert(best, at, int32(t)); len(best) > n {
			best = best[:n]
		}
	}
	return best
}
