package llm

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"slm/internal/ranks"
	"slm/model/kernel"
)

// orderAsk has other ranks answer requests by weights of their own.
const orderAsk = 'a'

// mostAhead is how many requests of one Do a rank answers at a time.
const mostAhead = 32

// errand is an order: requests to the black box of a configuration, whose kernel is of a class. Info is what rank 0 asks.
type errand struct {
	Config   Config
	Class    kernel.Class
	Info     Info
	Requests []Request
}

// answered is what another rank gives back. No replies and no reason means that the weights are there, and a request has failed.
type answered struct {
	Replies []Reply
	Absent  string // why the rank answers nothing at all
}

// crew is this process and the ranks beside it, which answer requests by the same weights with the same bits. This process alone keeps replies, and the budget.
type crew struct {
	team  *ranks.Team
	cfg   Config
	class kernel.Class
	note  func(string)

	mu     sync.Mutex
	absent map[int]bool // ranks that answer nothing
}

// crewOf is who answers with a provider; nil = it answers alone: a server does not get faster by more who ask, and a kernel without batch invariance gives
// no two processes the same bits.
func crewOf(cfg Config, opt Options, p provider) *crew {
	if l, ok := p.(*local); !ok || opt.Ranks.Size() < 2 || l.many < 2 || opt.Offline || opt.Kernel == nil {
		return nil
	}
	return &crew{team: opt.Ranks, cfg: cfg, class: opt.Kernel.Class(), note: opt.Note, absent: map[int]bool{}}
}

// ahead has all ranks answer the first of some requests, and returns what has come, by index; what has failed is not there, and is asked again by whoever
// needs it, with the error that it has in one process. c is this process's share.
func (w *crew) ahead(ctx context.Context, c batcher, info Info, reqs []Request) (map[int]Reply, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := map[int]Reply{}
	var here []int // ranks that answer
	for r := range w.team.Size() {
		if !w.absent[r] {
			here = append(here, r)
		}
	}
	n := min(len(reqs), mostAhead*len(here))
	if len(here) < 2 || n < 2 {
		return out, nil
	}
	parts, first := make([][]byte, w.team.Size()), make([]int, w.team.Size())
	var mine []Request
	for i, r := range here {
		lo, hi := n*i/len(here), n*(i+1)/len(here)
		first[r] = lo
		if r == w.team.Rank() {
			mine = reqs[lo:hi]
			continue
		}
		var err error
		if parts[r], err = json.Marshal(errand{w.cfg, w.class, info, reqs[lo:hi]}); err != nil {
			return nil, fmt.Errorf("llm: ranks: %w", err)
		}
	}
	given, err := w.team.Divide(ctx, orderAsk, parts, func() {
		at := first[w.team.Rank()]
		for part := range slices.Chunk(mine, c.together()) {
			replies, err := c.askAll(ctx, part)
			if err != nil {
				return // the request that fails is asked again, in its turn
			}
			for _, r := range replies {
				out[at] = r
				at++
			}
		}
	})
	if err != nil {
		return nil, fmt.Errorf("llm: %w", err)
	}
	for _, r := range here[1:] {
		var a answered
		if err := json.Unmarshal(given[r], &a); err != nil {
			return nil, fmt.Errorf("llm: rank %s: %w", w.team.Name(r), err)
		}
		if a.Absent != "" {
			w.absent[r] = true
			if w.note != nil {
				w.note(fmt.Sprintf("rank %s answers no questions, the others do: %s", w.team.Name(r), a.Absent))
			}
		}
		for i, reply := range a.Replies {
			out[first[r]+i] = reply
		}
	}
	return out, nil
}

// Orders are what the other ranks do of a black box when rank 0 asks: they answer by the same weights, which each opens at the first order and keeps. open gives
// the kernel of a class.
func Orders(open func(kernel.Class) (kernel.Backend, error), opt Options) map[byte]ranks.Order {
	helpers := map[string]*helper{}
	return map[byte]ranks.Order{orderAsk: func(ctx context.Context, team *ranks.Team, data []byte) (over bool, err error) {
		var a errand
		var out answered
		if len(data) > 0 {
			if err := json.Unmarshal(data, &a); err != nil {
				return false, fmt.Errorf("llm: rank %d: %w: %w", team.Rank(), ranks.ErrLost, err)
			}
			key := fmt.Sprint(a.Config.Model, "\n", a.Info)
			if helpers[key] == nil {
				helpers[key] = openHelper(a, open, opt)
			}
			out = helpers[key].answer(ctx, a.Requests)
			if err := ctx.Err(); err != nil {
				return false, err
			}
		}
		text, err := json.Marshal(out)
		if err != nil {
			return false, fmt.Errorf("llm: rank %d: %w", team.Rank(), err)
		}
		return false, team.Give(ctx, text)
	}}
}

// helper is a black box on a rank that is not the first.
type helper struct {
	batcher
	absent string
}

// openHelper opens what rank 0 asks, if it is the same here.
func openHelper(a errand, open func(kernel.Class) (kernel.Backend, error), opt Options) *helper {
	var err error
	if opt.Kernel, err = open(a.Class); err != nil {
		return &helper{absent: err.Error()}
	}
	p, err := openProvider(a.Config, opt)
	if err != nil {
		return &helper{absent: err.Error()}
	}
	b, ok := p.(batcher)
	if got := p.info(); !ok || got.Digest != a.Info.Digest {
		return &helper{absent: fmt.Sprintf("its %s is %s, and that of rank 0 is %s", got.Model, brief(got.Digest), brief(a.Info.Digest))}
	}
	return &helper{batcher: b}
}

// brief is a digest for people: its first characters, and the arithmetic behind the plus.
func brief(digest string) string {
	sum, arithmetic, _ := strings.Cut(digest, "+")
	return fmt.Sprintf("%.12s… in %s", sum, arithmetic)
}

// answer answers what it can. Where weights cannot be read the rank answers nothing; what a request ends in is for rank 0 to find out.
func (h *helper) answer(ctx context.Context, reqs []Request) (out answered) {
	if h.absent != "" {
		return answered{Absent: h.absent}
	}
	if l, ok := h.batcher.(*local); ok {
		if err := l.ready(); err != nil {
			return answered{Absent: err.Error()}
		}
	}
	for part := range slices.Chunk(reqs, h.together()) {
		replies, err := h.askAll(ctx, part)
		if err != nil {
			break
		}
		out.Replies = append(out.Replies, replies...)
	}
	return out
}
