package llm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"slm/rng"
)

// gate says whether a server takes a call at a time since its first one: else how long it is to wait, and what its headers say.
type gate interface {
	take(at time.Duration) (ok bool, wait time.Duration)
	// left is how many calls it takes now, and when there will be more (a window) or when it is full again (a bucket).
	left(at time.Duration) (n int, reset time.Duration)
}

// window takes a number of calls in each minute that begins when the last one ends.
type window struct{ most, begun, used int }

func (w *window) turn(at time.Duration) {
	if m := int(at / time.Minute); m != w.begun {
		w.begun, w.used = m, 0
	}
}
func (w *window) take(at time.Duration) (bool, time.Duration) {
	if w.turn(at); w.used >= w.most {
		return false, time.Minute - at%time.Minute
	}
	w.used++
	return true, 0
}
func (w *window) left(at time.Duration) (int, time.Duration) {
	w.turn(at)
	return w.most - w.used, time.Minute - at%time.Minute
}

// sliding takes a number of calls in any minute.
type sliding struct {
	most  int
	taken []time.Duration
}

func (s *sliding) drop(at time.Duration) {
	for len(s.taken) > 0 && s.taken[0] <= at-time.Minute {
		s.taken = s.taken[1:]
	}
}
func (s *sliding) take(at time.Duration) (bool, time.Duration) {
	if s.drop(at); len(s.taken) >= s.most {
		return false, s.taken[0] + time.Minute - at
	}
	s.taken = append(s.taken, at)
	return true, 0
}
func (s *sliding) left(at time.Duration) (int, time.Duration) {
	if s.drop(at); len(s.taken) == 0 {
		return s.most, 0
	}
	return s.most - len(s.taken), s.taken[0] + time.Minute - at
}

// bucket holds a number of calls and fills drop by drop.
type bucket struct {
	most, level float64
	perSecond   float64
	last        time.Duration
}

func (b *bucket) fill(at time.Duration) {
	b.level = min(b.most, b.level+(at-b.last).Seconds()*b.perSecond)
	b.last = at
}
func (b *bucket) seconds(n float64) time.Duration {
	return time.Duration(n / b.perSecond * float64(time.Second))
}
func (b *bucket) take(at time.Duration) (bool, time.Duration) {
	if b.fill(at); b.level < 1 {
		return false, b.seconds(1 - b.level)
	}
	b.level--
	return true, 0
}
func (b *bucket) left(at time.Duration) (int, time.Duration) {
	b.fill(at)
	return int(b.level), b.seconds(b.most - b.level)
}

// limited is a server behind a gate, reached through memory, that bans a client for good when it comes too often.
type limited struct {
	gate
	headers   string        // what it says: all, retry (Retry-After alone, in whole seconds), nothing
	latency   time.Duration // of a call, on average
	ban       int           // after so many refusals; 0 = never
	mu        sync.Mutex
	begun     time.Time
	refusals  int
	longest   int // calls at a time
	now       int
	callsMade int
}

func (l *limited) RoundTrip(r *http.Request) (*http.Response, error) {
	l.mu.Lock()
	n := l.callsMade
	l.callsMade++
	l.now++
	l.longest = max(l.longest, l.now)
	l.mu.Unlock()
	way := time.Duration((0.5 + rng.New(1, "latency").At(uint64(n)).Float64()) * float64(l.latency) / 2)
	time.Sleep(way)
	resp := l.answer(r)
	time.Sleep(way)
	l.mu.Lock()
	l.now--
	l.mu.Unlock()
	return resp, nil
}

func (l *limited) answer(r *http.Request) *http.Response {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.begun.IsZero() {
		l.begun = time.Now()
	}
	at := time.Since(l.begun)
	h, status, body := http.Header{}, 200, `{"model":"m","choices":[{"text":"yes"}],"usage":{"prompt_tokens":3,"completion_tokens":1}}`
	ok, wait := l.take(at)
	if l.ban > 0 && l.refusals >= l.ban {
		ok, status = false, 403
	}
	if !ok {
		l.refusals++
		if status == 200 {
			status = 429
		}
		body = `{"error":{"message":"Rate limit reached"}}`
		if l.headers != "nothing" {
			h.Set("Retry-After", fmt.Sprint(int(math.Ceil(wait.Seconds()))))
		}
	}
	if l.headers == "all" {
		n, reset := l.left(at)
		h.Set("X-Ratelimit-Remaining-Requests", fmt.Sprint(n))
		h.Set("X-Ratelimit-Reset-Requests", reset.Round(time.Millisecond).String())
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), Request: r, ProtoMajor: 1, ProtoMinor: 1}
}

func TestPace_AThousandCallsTakeAsLongAsTheServersLimitAndNoBan(t *testing.T) {
	const calls, aMinute, ban = 1000, 300, 60
	window := func() gate { return &window{most: aMinute} }
	sliding := func() gate { return &sliding{most: aMinute} }
	bucketOf := func(most float64) func() gate {
		return func() gate { return &bucket{most: most, level: most, perSecond: aMinute / 60.} }
	}
	type speed struct {
		latency time.Duration
		most    int // calls at a time
	}
	speeds := []speed{{300 * time.Millisecond, 16}}
	if os.Getenv("SLM_TEST_ALL") != "" {
		speeds = append(speeds, speed{30 * time.Millisecond, 4}, speed{30 * time.Millisecond, 16}, speed{300 * time.Millisecond, 4})
	}
	// The least time is the server's alone: three whole minutes, or what drips into the bucket behind its first filling.
	for name, c := range map[string]struct {
		gate  func() gate
		least time.Duration
	}{
		"a fixed window":       {window, 3 * time.Minute},
		"a sliding window":     {sliding, 3 * time.Minute},
		"a bucket of a minute": {bucketOf(aMinute), 140 * time.Second},
		"a bucket of a second": {bucketOf(5), 199 * time.Second},
	} {
		for says, most := range map[string]float64{"all": 1.1, "retry": 1.1, "nothing": 2} { // of the least time
			if says == "nothing" && len(speeds) == 1 {
				continue
			}
			for _, v := range speeds {
				t.Run(fmt.Sprintf("%s, says %s, %s, %d at a time", name, says, v.latency, v.most), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						l := &limited{gate: c.gate(), headers: says, latency: v.latency, ban: ban}
						if says == "nothing" {
							l.ban = 3 * ban
						}
						cfg := Default()
						cfg.Provider, cfg.Model, cfg.URL, cfg.Concurrency, cfg.Budget = OpenAI, "m", "http://limited.test/v1", v.most, Budget{Calls: 2 * calls}
						s := openBox(t, cfg, Options{HTTP: &http.Client{Transport: l}})
						begun := time.Now()
						got, err := s.Do(context.Background(), prompts(calls))
						took := time.Since(begun)
						t.Logf("%s, %.2f of the least; %d refusals, %d calls at a time", took.Round(time.Second), took.Seconds()/c.least.Seconds(), l.refusals, l.longest)
						if err != nil || len(got) != calls {
							t.Fatal(err)
						}
						if took > time.Duration(most*float64(c.least)) || took < c.least || l.longest > v.most || l.callsMade != calls+l.refusals {
							t.Errorf("took %s of %s, %d calls, %d at a time", took, c.least, l.callsMade, l.longest)
						}
					})
				})
			}
		}
	}
}

func TestPace_PauseThatOneCallIsToldIsKeptByAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := serve(t)
		var early []time.Duration
		var refused time.Time
		var mu sync.Mutex // of both
		f.fault = func(n int, _ string, w http.ResponseWriter) bool {
			mu.Lock()
			if n == 5 {
				refused = time.Now()
				mu.Unlock()
				w.Header().Set("Retry-After", "30")
				w.WriteHeader(429)
				return true
			}
			if d := time.Since(refused); !refused.IsZero() && d > 0 && d < 30*time.Second {
				early = append(early, d)
			}
			mu.Unlock()
			time.Sleep(50 * time.Millisecond)
			return false
		}
		s := openBox(t, f.config(), Options{})
		defer func() { _ = s.Close() }()
		if _, err := s.Do(context.Background(), prompts(40)); err != nil || len(early) > 0 || f.calls() != 41 {
			t.Errorf("%v, %d calls, came %v after the refusal", err, f.calls(), early)
		}
	})
}

func TestPace_ConcurrencyHalvesAfterARefusalAndGrowsByOneARound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPace(16)
		ctx := context.Background()
		round := func(n int, err error, said limits) {
			t.Helper()
			var turns []turn
			for range n {
				at, eerr := p.enter(ctx)
				if eerr != nil {
					t.Fatal(eerr)
				}
				turns = append(turns, at)
			}
			time.Sleep(time.Second)
			for _, at := range turns {
				p.leave(at, err, said, 1)
			}
		}
		refused := &fault{err: ErrQuota, again: true, limited: true}
		for _, want := range []int{4, 8, 16, 16} { // slow start
			if int(p.limit) != want {
				t.Fatalf("%d at a time, want %d", int(p.limit), want)
			}
			round(want, nil, limits{})
		}
		round(16, refused, limits{wait: time.Minute})
		if p.limit != 8 {
			t.Fatalf("%g at a time after a refusal", p.limit)
		}
		for range 3 {
			before := p.limit
			round(int(before), nil, limits{})
			if grown := p.limit - before; grown < 0.8 || grown > 1 {
				t.Fatalf("grown by %g in a round of %g", grown, before)
			}
		}
		begun := time.Now()
		for range 8 { // no more than one is told how long
			round(1, refused, limits{})
		}
		if d := time.Since(begun); int(p.limit) != 1 || p.base != 0 || d < 2*time.Minute || d > 5*time.Minute {
			t.Errorf("after 8 refusals in a row %.1f at a time, after %s, %g calls a second", p.limit, d, p.base)
		}
	})
}

func TestPace_AllowanceThatIsUsedUpIsWaitedForAndOneOfADayIsNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPace(4)
		ctx := context.Background()
		next := func(said limits, tokens int64) time.Duration {
			t.Helper()
			at, err := p.enter(ctx)
			if err != nil {
				t.Fatal(err)
			}
			p.leave(at, nil, said, tokens)
			begun := time.Now()
			if at, err = p.enter(ctx); err != nil {
				t.Fatal(err)
			}
			p.leave(at, nil, limits{}, tokens)
			return time.Since(begun)
		}
		for _, c := range []struct {
			said limits
			want time.Duration
		}{
			{limits{requests: &allowance{left: 0, reset: 40 * time.Second}}, 40 * time.Second},
			{limits{requests: &allowance{left: 2, reset: 40 * time.Second}}, 0},
			{limits{tokens: &allowance{left: 99, reset: 30 * time.Second}}, 30 * time.Second}, // a call like the last one takes 100
			{limits{requests: &allowance{left: 9, reset: time.Second}, tokens: &allowance{left: 0, reset: 20 * time.Second}}, 20 * time.Second},
			{limits{requests: &allowance{left: 0, reset: 24 * time.Hour}}, 0},
		} {
			if d := next(c.said, 100); d != c.want {
				t.Errorf("%+v: waited %s, want %s", c.said, d, c.want)
			}
			time.Sleep(time.Hour) // whatever was left to wait for
		}
	})
}

func TestPace_RateIsLearntFromTheTimeInWhichSomethingWasAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPace(4)
		ctx := context.Background()
		call := func(err error) {
			t.Helper()
			if berr := p.begin(ctx); berr != nil {
				t.Fatal(berr)
			}
			defer p.end()
			at, eerr := p.enter(ctx)
			if eerr != nil {
				t.Fatal(eerr)
			}
			time.Sleep(100 * time.Millisecond)
			p.leave(at, err, limits{wait: time.Second}, 1)
		}
		refused := &fault{err: ErrQuota, again: true, limited: true}
		call(refused)
		for range 10 {
			call(nil)
		}
		call(refused) // 10 calls in 2.2 s
		if p.base < 4 || p.base > 5 {
			t.Fatalf("%g calls a second", p.base)
		}
		for range 30 {
			call(nil)
		}
		time.Sleep(time.Hour) // a stage trains
		for range 30 {
			call(nil)
		}
		call(refused)
		if p.base < 3 {
			t.Errorf("after an hour without a call %g calls a second", p.base)
		}
	})
}

func TestPace_WaitingEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPace(1)
		if err := p.begin(context.Background()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := p.begin(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		p.until = time.Now().Add(time.Hour)
		if _, err := p.enter(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
}
