package schedule

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"

	"slm/model/decode"
)

// Options bound what a Scheduler takes on. Zero values stand for the defaults.
type Options struct {
	Places     int  // answers that are computed together: 64
	Queue      int  // requests that wait: 256. A client that has none here may wait beyond that
	PerClient  int  // requests of one client, waiting or computed: as many as there is room for
	Memory     int  // bytes of keys and values, kept prompts included: 1 GiB
	Piece      int  // rows of prompts that stand in a pass beside tokens of answers, at most: 64
	NoPrefixes bool // keep no prompts
}

func (o Options) withDefaults() Options {
	or := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	or(&o.Places, 64)
	or(&o.Queue, 256)
	or(&o.PerClient, o.Places+o.Queue)
	or(&o.Memory, 1<<30)
	or(&o.Piece, 64)
	return o
}

// Stats say what a Scheduler does and has done.
type Stats struct {
	Waiting, Live int // requests
	Kept          int // prompts
	Bytes         int // of keys and values, kept prompts included

	Answered, Failed, Refused uint64 // requests; failed are those whose contexts ended, too
	Passes                    uint64
	Read, Copied, New         uint64 // rows of prompts computed and taken over, tokens generated
}

// Scheduler answers requests on one model. Its methods may be called from several goroutines.
type Scheduler struct {
	d        *decode.Decoder
	opt      Options
	width    int
	together bool // a pass may hold several requests
	wake     chan struct{}
	ended    chan struct{}

	mu      sync.Mutex
	queue   queue
	arrived uint64
	closed  bool // no more requests are taken
	abort   bool // those that are here end now
	shown   Stats

	// Those below belong to the goroutine that computes.
	live   []*place // in the order of their arrival
	kept   []*kept
	held   int // bytes
	passes uint64
	turn   uint64 // whose it was, where a pass holds one request
	placed uint64 // places given so far
	stats  Stats
}

// New starts a scheduler. Close ends it; the Decoder stays the caller's.
func New(d *decode.Decoder, opt Options) *Scheduler {
	s := &Scheduler{
		d: d, opt: opt.withDefaults(), width: d.Config().Width, together: d.BatchInvariant(),
		wake: make(chan struct{}, 1), ended: make(chan struct{}),
	}
	go s.run()
	return s
}

// Submit takes a request on and returns its answer, which is coming. When ctx ends, the request leaves before the next pass. Errors: ErrBusy,
// ErrClosed, ErrMemory, decode.ErrTooLong, decode.ErrRequest.
func (s *Scheduler) Submit(ctx context.Context, r Request) (*Stream, error) {
	if err := r.check(s.d); err != nil {
		return nil, err
	}
	p := newPlace(ctx, r, s.d, 0)
	if p.bytes = s.d.SequenceBytes(p.rows + p.limit); p.bytes > s.opt.Memory {
		return nil, fmt.Errorf("%w: %d tokens with the answer take %d bytes of %d", ErrMemory, p.rows+p.limit, p.bytes, s.opt.Memory)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return nil, ErrClosed
	case s.queue.waiting >= s.opt.Queue && s.queue.of(r.Client) > 0:
		s.shown.Refused++
		return nil, fmt.Errorf("%w: %d wait", ErrBusy, s.queue.waiting)
	case s.queue.of(r.Client) >= s.opt.PerClient:
		s.shown.Refused++
		return nil, fmt.Errorf("%w of this client: %d", ErrBusy, s.queue.of(r.Client))
	}
	s.arrived++
	p.arrived = s.arrived
	s.queue.push(p)
	s.nudge()
	return p.stream, nil
}

// Stats returns the state after the last pass.
func (s *Scheduler) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.shown
	out.Waiting = s.queue.waiting
	return out
}

// Drain takes no more requests, and returns when those that are here are answered. When ctx ends, they end with ErrClosed.
func (s *Scheduler) Drain(ctx context.Context) error {
	s.stop(false)
	select {
	case <-s.ended:
		return nil
	case <-ctx.Done():
		s.Close()
		return context.Cause(ctx)
	}
}

// Close ends all requests with ErrClosed and gives the memory back.
func (s *Scheduler) Close() {
	s.stop(true)
	<-s.ended
}

func (s *Scheduler) stop(abort bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed, s.abort = true, s.abort || abort
	s.nudge()
}

func (s *Scheduler) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// run computes until the scheduler is closed.
func (s *Scheduler) run() {
	defer close(s.ended)
	for {
		s.clear()
		closed := s.admit()
		if len(s.live) == 0 {
			if closed {
				break
			}
			<-s.wake
			continue
		}
		s.pass()
	}
	for _, k := range s.kept {
		s.release(k.seq, k.bytes)
	}
	s.kept = nil
	s.show()
}

// clear ends the requests that nobody wants any more.
func (s *Scheduler) clear() {
	s.mu.Lock()
	abort := s.abort
	gone := s.queue.drop(func(p *place) bool { return abort || p.ctx.Err() != nil })
	s.mu.Unlock()
	for _, p := range gone {
		s.stats.Failed++
		p.stream.end(p.result, p.cause())
	}
	for _, p := range slices.Clone(s.live) {
		if abort || p.ctx.Err() != nil {
			s.leave(p, p.cause())
		}
	}
	s.show()
}

// cause is why a request ends without an answer.
func (p *place) cause() error {
	if p.ctx.Err() != nil {
		return context.Cause(p.ctx)
	}
	return ErrClosed
}

// admit gives places to those that wait. closed says that nobody waits and nobody will.
func (s *Scheduler) admit() (closed bool) {
	for len(s.live) < s.opt.Places {
		s.mu.Lock()
		p := s.queue.head()
		closed = p == nil && s.closed
		s.mu.Unlock()
		if p == nil || !s.makeRoom(p, p.bytes) {
			return closed
		}
		s.mu.Lock()
		s.placed++
		s.queue.pop(p, s.placed)
		s.mu.Unlock()
		if p.last == 0 { // nothing to compute
			p.hear(0)
			p.tell(0)
			s.leave(p, nil)
			continue
		}
		p.seq = s.d.NewSequence(p.rows + p.limit)
		s.held += p.bytes
		s.live = append(s.live, p)
		slices.SortFunc(s.live, func(a, b *place) int { return cmp.Compare(a.arrived, b.arrived) })
	}
	return false
}

// leave takes the place of a request whose answer is complete, or which ends with err.
func (s *Scheduler) leave(p *place, err error) {
	s.live = slices.DeleteFunc(s.live, func(q *place) bool { return q == p })
	if p.seq != nil {
		s.keep(p)
	}
	p.seq = nil
	s.mu.Lock()
	s.queue.leave(p)
	s.mu.Unlock()
	if err == nil {
		s.stats.Answered++
	} else {
		s.stats.Failed++
	}
	s.show()
	p.stream.end(p.result, err)
}

// show makes the state visible.
func (s *Scheduler) show() {
	s.stats.Live, s.stats.Kept, s.stats.Bytes, s.stats.Passes = len(s.live), len(s.kept), s.held, s.passes
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.Refused = s.shown.Refused
	s.shown = s.stats
}
