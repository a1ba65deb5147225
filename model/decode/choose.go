package decode

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"slm/model/kernel"
)

// ChoiceRequest asks which of some continuations of a prompt are the most likely.
type ChoiceRequest struct {
	Prompt []int32
	Soft   []float32 // [n,C], placed in front of the prompt's embeddings
	Among  *Choices
	Most   int     // how many are wanted
	Slack  float64 // what is less likely than the best by more than this, in nats, is not wanted
}

// Choice is a continuation.
type Choice struct {
	Index   int     // in what NewChoices was given
	LogProb float64 // sum of log p over its tokens, of all that the model could have said
}

// Chosen is what is most likely among the choices.
type Chosen struct {
	Best []Choice // the most likely first; none where none fits into the context
	// Rest is a bound: no other choice is more likely. It is below the last of Best, or below the best by the slack, unless the search was given up.
	Rest float64
	Rows int // tokens that were computed behind the prompt
}

// Proven reports whether no choice is more likely than the first.
func (c Chosen) Proven() bool { return len(c.Best) > 0 && c.Rest <= c.Best[0].LogProb }

const (
	// mostForks is after how many turns back to another beginning a search is given up.
	mostForks = 64
	// chooseWidth is how many beginnings of a request are continued at a time, once there is a choice to be beaten.
	chooseWidth = 8
)

// Choose finds the most likely choices by branch and bound: the log-probability of a beginning bounds that of all that begins so. A search first
// follows the most likely token down to one choice. Then it continues every beginning that is still more likely than what it has found, and
// ends when there is none, which proves the result; a model that is sure has none from the start. After mostForks turns it ends without proof.
func (d *Decoder) Choose(ctx context.Context, reqs []ChoiceRequest) ([]Chosen, error) {
	for i, r := range reqs {
		if err := d.check(fmt.Sprintf("the prompt of request %d", i), r.Prompt, r.Soft); err != nil {
			return nil, err
		}
		if r.Most < 1 || !(r.Slack >= 0) {
			return nil, fmt.Errorf("%w: request %d wants %d choices within %v nats", ErrRequest, i, r.Most, r.Slack)
		}
		if err := d.known(fmt.Sprintf("the choices of request %d", i), r.Among.tokens); err != nil {
			return nil, err
		}
	}
	out := make([]Chosen, len(reqs))
	var live []*hunt
	for begun := 0; begun < len(reqs) || len(live) > 0; {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		var fresh []*hunt
		if begun < len(reqs) && len(live) <= maxLive*3/4 {
			fresh = d.hunts(reqs, &begun, live)
		}
		var err error
		if len(fresh) > 0 {
			live = append(live, fresh...)
			err = d.openAll(ctx, fresh)
		} else {
			err = d.follow(ctx, live)
		}
		if err != nil {
			return nil, err
		}
		live = slices.DeleteFunc(live, func(h *hunt) bool {
			if len(h.next) > 0 {
				return false
			}
			out[h.index] = h.result()
			for _, c := range h.caches {
				d.engine.free(c)
			}
			return true
		})
	}
	return out, nil
}

// beginning is one that may be continued: its tokens but the last are in a cache, in front of whatever else that has taken in since.
type beginning struct {
	reach
	bound float64 // log p of its tokens
	cache *cache
}

// hunt is a request on its way.
type hunt struct {
	index  int
	req    *ChoiceRequest
	prompt int // positions
	room   int // of a cache
	open   []beginning
	next   []beginning // those of open that are continued now
	found  []Choice
	caches []*cache
	rows   int
	lost   float64 // bound of what was given up
}

// hunts starts as many requests as there is room for with all their turns, at least one when nothing else runs.
func (d *Decoder) hunts(reqs []ChoiceRequest, begun *int, live []*hunt) []*hunt {
	room := d.budget / d.engine.cacheBytes()
	for _, h := range live {
		room -= h.room * (1 + mostForks)
	}
	var fresh []*hunt
	for *begun < len(reqs) && len(live)+len(fresh) < maxLive {
		r := &reqs[*begun]
		h := &hunt{index: *begun, req: r, prompt: len(r.Prompt) + len(r.Soft)/d.config.Width, lost: math.Inf(-1)}
		h.room = min(h.prompt+r.Among.longest, d.config.Context)
		if room -= h.room * (1 + mostForks); room < 0 && len(live)+len(fresh) > 0 {
			break
		}
		h.caches = []*cache{d.engine.newCache(h.room)}
		fresh = append(fresh, h)
		*begun++
	}
	return fresh
}

// openAll computes the prompts of new requests, in chunks of bounded height.
func (d *Decoder) openAll(ctx context.Context, fresh []*hunt) error {
	for lo := 0; lo < len(fresh); {
		hi, rows := lo, 0
		for hi < len(fresh) && (hi == lo || rows+fresh[hi].prompt <= chunkRows) {
			rows += fresh[hi].prompt
			hi++
		}
		b := d.newBatch(rows)
		from := make([]beginning, 0, hi-lo)
		for _, h := range fresh[lo:hi] {
			b.add(h.req.Prompt, h.req.Soft, h.caches[0])
			from = append(from, beginning{h.req.Among.all(), 0, h.caches[0]})
		}
		if err := d.expand(ctx, b, fresh[lo:hi], from); err != nil {
			return err
		}
		lo = hi
	}
	return nil
}

// follow continues the beginnings that every request has chosen, each by its last token.
func (d *Decoder) follow(ctx context.Context, live []*hunt) error {
	b := d.newBatch(len(live))
	var of []*hunt
	var from []beginning
	for _, h := range live {
		for _, x := range h.next {
			at := h.prompt + x.depth - 1
			if x.cache.length != at || slices.ContainsFunc(from, func(y beginning) bool { return y.cache == x.cache }) {
				x.cache = d.engine.fork(x.cache, at, h.room)
				h.caches = append(h.caches, x.cache)
			}
			b.step(h.req.Among.token(x.lo, x.depth-1), x.cache)
			of, from = append(of, h), append(from, x)
			h.rows++
		}
	}
	return d.expand(ctx, b, of, from)
}

// expand runs a batch with a span for each beginning and looks how they may go on.
func (d *Decoder) expand(ctx context.Context, b *batch, of []*hunt, from []beginning) error {
	ends := make([]int, len(b.spans))
	for i, s := range b.spans {
		ends[i] = s.first + s.trunk - 1
	}
	type step struct {
		beginning
		end int
	}
	steps := make([][]step, len(from))
	room := d.rooms.Get().(*[]float32)
	defer d.rooms.Put(room)
	err := d.engine.next(ctx, b, ends, room, func(i int, row []float32) {
		total := float64(kernel.LogSumExp(row))
		of[i].req.Among.each(from[i].reach, func(token int32, end int, rest reach) {
			steps[i] = append(steps[i], step{beginning{rest, from[i].bound + float64(row[token]) - total, from[i].cache}, end})
		})
	})
	if err != nil {
		return err
	}
	for _, s := range b.spans {
		s.cache.length += s.trunk
	}
	for i, h := range of {
		for _, s := range steps[i] {
			if s.end >= 0 && h.prompt+s.depth <= d.config.Context {
				h.found = append(h.found, Choice{int(h.req.Among.given[s.end]), s.bound})
			}
			if s.lo < s.hi && h.prompt+s.depth < d.config.Context {
				h.open = append(h.open, s.beginning)
			}
		}
	}
	for i, h := range of {
		if i == 0 || of[i-1] != h {
			h.choose()
		}
	}
	return nil
}

// choose says which beginnings are continued next: before there is a choice the longest, of those the most likely; then the most likely of those
// that may lead to something that is wanted.
func (h *hunt) choose() {
	slices.SortStableFunc(h.found, func(a, b Choice) int { return cmp.Or(cmp.Compare(b.LogProb, a.LogProb), cmp.Compare(a.Index, b.Index)) })
	slices.SortFunc(h.open, func(a, b beginning) int {
		deeper := 0
		if len(h.found) == 0 {
			deeper = cmp.Compare(b.depth, a.depth)
		}
		return cmp.Or(deeper, cmp.Compare(b.bound, a.bound), cmp.Compare(a.lo, b.lo), cmp.Compare(a.depth, b.depth))
	})
	n := 1
	if len(h.found) > 0 {
		least := h.found[0].LogProb - h.req.Slack
		if len(h.found) >= h.req.Most {
			least = max(least, h.found[h.req.Most-1].LogProb)
		}
		worse := slices.IndexFunc(h.open, func(b beginning) bool { return b.bound <= least })
		if worse >= 0 {
			h.lost = max(h.lost, h.open[worse].bound)
			h.open = h.open[:worse]
		}
		n = chooseWidth
	}
	n = min(n, len(h.open))
	if len(h.caches)+n > 1+mostForks && n > 0 {
		h.lost, n = max(h.lost, h.open[0].bound), 0
	}
	h.next, h.open = slices.Clone(h.open[:n]), h.open[n:]
}

func (h *hunt) result() Chosen {
	out := Chosen{Rest: h.lost, Rows: h.rows}
	for i, c := range h.found {
		if i >= h.req.Most || c.LogProb < h.found[0].LogProb-h.req.Slack {
			out.Rest = max(out.Rest, c.LogProb)
			break
		}
		out.Best = append(out.Best, c)
	}
	return out
}
