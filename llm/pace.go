package llm

import (
	"context"
	"math"
	"sync"
	"time"
)

const (
	// gentle is how many calls go out at a time at first. Each answer lets one more out until the first refusal (slow start).
	gentle = 4
	// quick is how soon after one refusal the next is a sign that calls come too fast, and not that a minute's allowance is used up.
	quick = 10 * time.Second
	// below is the part of a server's rate that calls keep to, once it is known.
	below = 0.95
	// bold times as many calls without a refusal as the rate was learnt from make it twice as high.
	bold = 4
	// margin is how far an allowance may differ from the last one to be the same, in calls.
	margin = 8
	// blindPause is the first pause after a refusal that does not say how long; it doubles up to longestWait.
	blindPause = 2 * time.Second
)

// pace decides when the next call goes out. Three things hold it back. How many calls go at a time: one more after each round of
// successes, half as many after a refusal (Chiu and Jain 1989, AIMD). A pause for all: what Retry-After asks for, or until an allowance
// that is used up is renewed; a server that names none is tried with one call alone where it refused the last time. And a rate: where
// refusals follow each other quickly, or the headers show a bucket that fills drop by drop, calls keep a distance a little below what the
// server took, and probe with the square of their number (as CUBIC does, Ha et al. 2008).
//
// A server refuses several calls that were under way together; that is one refusal.
type pace struct {
	mu   sync.Mutex
	wake chan struct{} // closed when something changes

	most, limit float64 // calls at a time: what the recipe allows, and now
	open        int     // requests begun and not ended, in a call or between two
	running     int     // calls under way

	until  time.Time     // nothing goes out before
	blind  time.Duration // last pause that was guessed; 0 after a success
	base   float64       // calls a second after the last refusal; 0 = no such limit is known
	sample float64       // calls that base was learnt from
	next   time.Time     // when base lets the next call out

	refused time.Time // when the last refusal came
	epoch   time.Time // the same, later by the time in which nothing was asked
	idle    time.Time // since when nothing is asked
	good    int       // calls answered since the last refusal
	expect  int       // calls that were answered between the two refusals before; 0 = unknown, or too quick to be an allowance

	left   int64     // calls until reset; -1 = unknown
	reset  time.Time //
	newest time.Time // when the call went out that told
	first  sight     // of the allowance when it was last renewed
	last   allowance // as the last reply had it
	full   int64     // the most that was ever left, and the call that told
}

// sight is an allowance as it was once seen.
type sight struct {
	allowance
	at    time.Time
	calls int // answered since
}

// turn is a call's permission to go out.
type turn struct{ at time.Time }

func newPace(most int) *pace {
	return &pace{limit: float64(min(gentle, most)), most: float64(most), wake: make(chan struct{}), left: -1}
}

// begin waits until another request may be begun. Its calls, one after the other, are between enter and leave.
func (p *pace) begin(ctx context.Context) error {
	return p.wait(ctx, func(now time.Time) (time.Duration, bool) {
		if p.open >= int(p.limit) {
			return 0, false
		}
		if p.open == 0 && !p.idle.IsZero() {
			p.epoch = p.epoch.Add(now.Sub(p.idle))
		}
		p.open++
		return 0, true
	})
}

func (p *pace) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open--; p.open == 0 {
		p.idle = time.Now()
	}
	p.changed()
}

// enter waits until a call may go out.
func (p *pace) enter(ctx context.Context) (turn, error) {
	var t turn
	err := p.wait(ctx, func(now time.Time) (time.Duration, bool) {
		if p.left >= 0 && !now.Before(p.reset) {
			p.left = -1
		}
		at := p.until
		if p.left == 0 && p.reset.After(at) {
			at = p.reset
		}
		if p.base > 0 && p.next.After(at) {
			at = p.next
		}
		if p.running >= int(p.limit) || p.near() && p.running > 0 {
			return 0, false
		}
		if d := at.Sub(now); d > 0 {
			return d, false
		}
		if p.left > 0 {
			p.left--
		}
		if p.base > 0 {
			p.next = now.Add(time.Duration(float64(time.Second) / p.rate()))
		}
		p.running++
		t.at = now
		return 0, true
	})
	return t, err
}

// wait tries until it is told true: again after the time it is told, and whenever something changes. 0 = only then.
func (p *pace) wait(ctx context.Context, try func(now time.Time) (time.Duration, bool)) error {
	for {
		p.mu.Lock()
		d, ok := try(time.Now())
		wake := p.wake
		p.mu.Unlock()
		if ok {
			return nil
		}
		var timer *time.Timer
		var due <-chan time.Time
		if d > 0 {
			timer = time.NewTimer(d)
			due = timer.C
		}
		select {
		case <-wake:
		case <-due:
		case <-ctx.Done():
		}
		if timer != nil {
			timer.Stop()
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// leave takes in how a call went: err as of provider.ask, what the headers said, and how many tokens it took.
func (p *pace) leave(t turn, err error, said limits, tokens int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.changed()
	now := time.Now()
	p.running--
	f := asFault(err)
	switch {
	case err == nil:
		if t.at.After(p.refused) {
			p.good++
		}
		p.blind = 0
		if p.refused.IsZero() {
			p.limit = min(p.most, p.limit+1)
		} else {
			p.limit = min(p.most, p.limit+1/p.limit)
		}
	case f.limited && t.at.After(p.refused):
		p.slower(now)
		if said.wait == 0 {
			p.blind = min(max(blindPause, 2*p.blind), longestWait)
			said.wait = p.blind
		}
	}
	if f.again && said.wait <= longestPause {
		if until := now.Add(said.wait); until.After(p.until) {
			p.until = until
		}
	}
	p.allowed(now, t, tightest(said, tokens))
}

// near says that the server refused the last time after as many calls as there are now.
func (p *pace) near() bool {
	return p.expect > 0 && p.good+p.running >= p.expect && p.good <= p.expect+margin
}

// slower answers a refusal.
func (p *pace) slower(now time.Time) {
	since, good := now.Sub(p.epoch), float64(p.good)
	known := !p.refused.IsZero() && p.good > 0
	switch {
	case p.base > 0 && known:
		seen := good / since.Seconds()
		p.base, p.sample = min(2*seen, max(below*seen, (2*below-1)*p.rate())), good
	case p.base > 0: // refused again at once: what helps is to wait
	case known && since < quick:
		p.base, p.sample = below*good/since.Seconds(), good
	case p.expect > 0 && math.Abs(good-float64(p.expect)) <= margin: // as expected
	default:
		p.limit = max(1, p.limit/2)
	}
	if p.good > 0 {
		p.expect = 0
		if p.base == 0 {
			p.expect = p.good
		}
	}
	p.refused, p.epoch, p.good = now, now, 0
}

// rate is in calls a second.
func (p *pace) rate() float64 {
	x := float64(p.good) / (bold * p.sample)
	return p.base * (1 + float64(x*x))
}

// allowed takes in an allowance. Calls under way may not be in it yet, so they are taken off.
func (p *pace) allowed(now time.Time, t turn, a *allowance) {
	if a == nil {
		return
	}
	if p.first.at.IsZero() || a.tokens != p.last.tokens || float64(a.left-p.last.left) > p.most { // replies overtake each other by no more
		p.first = sight{allowance: *a, at: now}
	}
	p.first.calls++
	p.full = max(p.full, a.left+1)
	p.last = *a
	left := max(0, a.left-int64(p.running))
	if left == 0 {
		if rate, ok := p.first.fills(*a, p.full, now); ok {
			if p.base == 0 || below*rate < p.base {
				p.base, p.sample, p.good = below*rate, float64(p.first.calls), 0
			}
			p.expect, p.left = 0, -1
			return
		}
	}
	if t.at.Before(p.newest) && p.left >= 0 { // overtaken
		left = min(left, p.left)
	} else {
		p.newest = t.at
	}
	p.left, p.reset = left, now.Add(a.reset)
}

// fills says that an allowance is a bucket that is full at its reset: calls have moved that away, and what was left at first and what was to
// come in until the reset of that time make a full one too. The end of a fixed window stays where it is. The rate is what comes in, in calls a
// second.
func (s sight) fills(a allowance, full int64, now time.Time) (rate float64, ok bool) {
	const sure, enough = 2 * time.Second, 10 // some headers count whole seconds
	moved := now.Add(a.reset).Sub(s.at.Add(s.reset))
	if moved < sure || s.calls < enough || a.reset <= 0 {
		return 0, false
	}
	rate = float64(full-a.left) / a.reset.Seconds()
	return rate, math.Abs(float64(s.left)+float64(rate*s.reset.Seconds())-float64(full)) <= float64(0.2*float64(full))+1
}

// tightest is the allowance that ends first, in calls like the last one.
func tightest(said limits, tokens int64) *allowance {
	a := said.requests
	if b := said.tokens; b != nil {
		calls := &allowance{b.left / max(1, tokens), b.reset, true}
		if a == nil || calls.left < a.left {
			a = calls
		}
	}
	if a != nil && a.reset > longestPause { // a day's allowance: the server will refuse when it is used up, and say so
		return nil
	}
	return a
}

func (p *pace) changed() {
	close(p.wake)
	p.wake = make(chan struct{})
}
