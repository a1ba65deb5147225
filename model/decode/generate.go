package decode

import (
	"context"
	"fmt"
	"math"
	"slices"

	"slm/internal/elementary"
	"slm/model/kernel"
	"slm/rng"
)

// Request asks for a continuation of a prompt.
type Request struct {
	Prompt      []int32
	Soft        []float32   // [n,C], placed in front of the prompt's embeddings
	MaxNew      int         // most tokens to generate; the context's end also ends it
	Stop        []int32     // tokens that end the answer
	Temperature float64     // 0: the most likely token, the first of equals; else draws from softmax(logits/Temperature)
	Stream      *rng.Stream // needed when Temperature > 0; token i draws from Stream.At(i), so a stream gives the same answer again
}

// Result is an answer.
type Result struct {
	Tokens  []int32 // without the stop token
	LogProb float64 // sum of log p over Tokens and the stop token, at temperature 1
	Stopped bool    // by a stop token
	Stop    int32   // that token
}

// Bounds of the number of sequences that are generated together. More than maxLive gain nothing; cacheBudget bounds their memory.
const (
	maxLive     = 128
	cacheBudget = 1 << 30 // bytes
)

// sequence is a request on its way.
type sequence struct {
	index int // of the request
	req   *Request
	cache *cache
	limit int // tokens to generate
	next  int32
}

// Generate answers requests, many together. A sequence leaves the batch when it ends, and the next request takes its place.
func (d *Decoder) Generate(ctx context.Context, reqs []Request) ([]Result, error) {
	for i, r := range reqs {
		if err := d.checkGenerate(i, r); err != nil {
			return nil, err
		}
	}
	results := make([]Result, len(reqs))
	var live []*sequence
	for begun := 0; begun < len(reqs) || len(live) > 0; {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		// New requests enter when a quarter of the places is free, so that prompts, too, are computed many at a time.
		var fresh []*sequence
		if begun < len(reqs) && len(live) <= maxLive*3/4 {
			fresh = d.admit(reqs, &begun, live)
		}
		var err error
		if len(fresh) > 0 {
			live = append(live, fresh...)
			err = d.prefill(ctx, fresh, results)
		} else if len(live) > 0 {
			err = d.step(ctx, live, results)
		}
		if err != nil {
			return nil, err
		}
		live = slices.DeleteFunc(live, func(s *sequence) bool {
			r := &results[s.index]
			if !r.Stopped && len(r.Tokens) < s.limit {
				return false
			}
			d.engine.free(s.cache)
			return true
		})
	}
	return results, nil
}

func (d *Decoder) checkGenerate(i int, r Request) error {
	if err := d.check(fmt.Sprintf("the prompt of request %d", i), r.Prompt, r.Soft); err != nil {
		return err
	}
	switch {
	case r.MaxNew < 0:
		return fmt.Errorf("%w: request %d asks for %d tokens", ErrRequest, i, r.MaxNew)
	case !(r.Temperature >= 0) || math.IsInf(r.Temperature, 0):
		return fmt.Errorf("%w: request %d has the temperature %v", ErrRequest, i, r.Temperature)
	case r.Temperature > 0 && r.Stream == nil:
		return fmt.Errorf("%w: request %d samples without a random stream", ErrRequest, i)
	}
	return nil
}

// admit starts as many requests as there is room for, at least one when nothing else runs.
func (d *Decoder) admit(reqs []Request, begun *int, live []*sequence) []*sequence {
	var fresh []*sequence
	room := d.budget / d.engine.cacheBytes()
	for _, s := range live {
		room -= s.cache.room
	}
	for *begun < len(reqs) && len(live)+len(fresh) < maxLive {
		r := &reqs[*begun]
		prompt := len(r.Prompt) + len(r.Soft)/d.config.Width
		limit := min(r.MaxNew, d.config.Context-prompt)
		need := prompt + limit
		if need > room && len(live)+len(fresh) > 0 {
			break
		}
		room -= need
		if limit > 0 {
			fresh = append(fresh, &sequence{index: *begun, req: r, cache: d.engine.newCache(need), limit: limit})
		}
		*begun++
	}
	return fresh
}

// prefill computes the prompts of new sequences, in chunks of bounded height, and their first tokens.
func (d *Decoder) prefill(ctx context.Context, fresh []*sequence, results []Result) error {
	for lo := 0; lo < len(fresh); {
		hi, rows := lo, 0
		for hi < len(fresh) {
			n := len(fresh[hi].req.Prompt) + len(fresh[hi].req.Soft)/d.config.Width
			if hi > lo && rows+n > chunkRows {
				break
			}
			rows += n
			hi++
		}
		b := d.newBatch(rows)
		for _, s := range fresh[lo:hi] {
			b.add(s.req.Prompt, s.req.Soft, s.cache)
		}
		if err := d.advance(ctx, b, fresh[lo:hi], results); err != nil {
			return err
		}
		lo = hi
	}
	return nil
}

// step feeds each sequence the token that it chose last.
func (d *Decoder) step(ctx context.Context, live []*sequence, results []Result) error {
	b := d.newBatch(len(live))
	for _, s := range live {
		b.step(s.next, s.cache)
	}
	return d.advance(ctx, b, live, results)
}

// advance runs a batch with one span for each sequence and chooses each sequence's next token from its last row.
func (d *Decoder) advance(ctx context.Context, b *batch, seqs []*sequence, results []Result) error {
	ends := make([]int, len(seqs))
	for i, s := range b.spans {
		ends[i] = s.first + s.trunk - 1
	}
	room := d.rooms.Get().(*[]float32)
	defer d.rooms.Put(room)
	err := d.engine.next(ctx, b, ends, room, func(i int, row []float32) {
		s := seqs[i]
		r := &results[s.index]
		token := choose(row, s.req, len(r.Tokens))
		r.LogProb += float64(row[token]) - float64(kernel.LogSumExp(row))
		s.next = int32(token)
		if slices.Contains(s.req.Stop, s.next) {
			r.Stopped, r.Stop = true, s.next
			return
		}
		r.Tokens = append(r.Tokens, s.next)
	})
	if err != nil {
		return err
	}
	for _, s := range b.spans {
		s.cache.length += s.trunk
	}
	return nil
}

// choose returns the next token of an answer that has i tokens so far.
func choose(logits []float32, r *Request, i int) int {
	best := kernel.ArgMax(logits)
	if r.Temperature == 0 {
		return best
	}
	most := float64(logits[best])
	weight := func(x float32) float64 { return elementary.Exp((float64(x) - most) / r.Temperature) }
	total := 0.0
	for _, x := range logits {
		total += weight(x)
	}
	rest := r.Stream.At(uint64(i)).Float64() * total
	for t, x := range logits {
		if rest -= weight(x); rest < 0 {
			return t
		}
	}
	return best // rounding used up the total
}
