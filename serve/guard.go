package serve

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"

	"slm/llm"
)

// errDay: what the LLM may be asked in a day is used up.
var errDay = errors.New("serve: the day's budget is used up")

// guard stands before the LLM: it answers from what is stored, keeps the day's budget, and leaves a model that fails alone for a while.
type guard struct {
	day      llm.Budget    // limits of a day, in UTC; 0 = none
	patience time.Duration // for one answer of the LLM
	now      func() time.Time
	told     func(outcome string)

	breaker *gobreaker.CircuitBreaker[[]llm.Reply]

	mu   sync.Mutex
	date string
	used llm.Usage // of the day, with what is under way at its worst
}

// Failures in a row after which the LLM is left alone, and for how long.
const (
	mostFailures = 3
	leftAlone    = 15 * time.Second
)

func newGuard(day llm.Budget, patience time.Duration, alone time.Duration, now func() time.Time, told func(string)) *guard {
	g := &guard{day: day, patience: patience, now: now, told: told}
	g.breaker = gobreaker.NewCircuitBreaker[[]llm.Reply](gobreaker.Settings{
		Name: "llm", Timeout: alone, ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= mostFailures },
		IsExcluded: func(err error) bool { return err != nil && !down(err) }, // it says nothing of the LLM
	})
	return g
}

// down reports whether an error says that the LLM cannot be had: not that the request is wrong, or that the client went away.
func down(err error) bool {
	switch {
	case errors.Is(err, llm.ErrRequest), errors.Is(err, llm.ErrOffline), errors.Is(err, llm.ErrScores), errors.Is(err, context.Canceled):
		return false
	}
	return errors.Is(err, llm.ErrUnavailable) || errors.Is(err, llm.ErrAuth) || errors.Is(err, llm.ErrQuota) || errors.Is(err, context.DeadlineExceeded)
}

func (g *guard) open() bool { return g.breaker.State() == gobreaker.StateOpen }

// before is a service behind the guard. price is that of the LLM; nil = it costs nothing, or is unknown.
func (g *guard) before(s *llm.Service, price *llm.Price) llm.Client {
	return &guarded{guard: g, Service: s, stored: s.Stored(), price: price}
}

type guarded struct {
	*guard
	*llm.Service
	stored *llm.Service
	price  *llm.Price
}

// Do implements llm.Client.
func (g *guarded) Do(ctx context.Context, reqs []llm.Request) ([]llm.Reply, error) {
	replies, err := g.stored.Do(ctx, reqs)
	if err == nil || !errors.Is(err, llm.ErrOffline) {
		g.tell(err, "stored")
		return replies, err
	}
	settle, err := g.hold(reqs)
	if err != nil {
		g.tell(err, "")
		return nil, err
	}
	patient, cancel := context.WithTimeout(ctx, g.patience)
	defer cancel()
	asked := false
	replies, err = g.breaker.Execute(func() ([]llm.Reply, error) {
		asked = true
		return g.Service.Do(patient, reqs)
	})
	settle(replies, asked)
	switch {
	case errors.Is(err, gobreaker.ErrOpenState), errors.Is(err, gobreaker.ErrTooManyRequests):
		err = fmt.Errorf("%w: it has failed %d times in a row and is left alone for a while", llm.ErrUnavailable, mostFailures)
	case err != nil && ctx.Err() == nil && patient.Err() != nil:
		err = fmt.Errorf("%w: no answer within %s", llm.ErrUnavailable, g.patience)
	}
	g.tell(err, "answered")
	return replies, err
}

func (g *guarded) tell(err error, well string) {
	switch {
	case err == nil:
		g.told(well)
	case errors.Is(err, errDay), errors.Is(err, llm.ErrBudget):
		g.told("budget")
	case errors.Is(err, context.Canceled):
		g.told("cancelled")
	default:
		g.told("failed")
	}
}

// hold takes the worst case of some requests from the day's budget; settle puts back what they did not take. A call that failed may have been billed.
func (g *guarded) hold(reqs []llm.Request) (settle func(replies []llm.Reply, asked bool), err error) {
	var worst llm.Usage
	for _, r := range reqs {
		worst = sum(worst, r.Worst())
	}
	worst.USD = g.usd(worst)
	g.mu.Lock()
	defer g.mu.Unlock()
	if date := g.now().UTC().Format(time.DateOnly); date != g.date {
		g.date, g.used = date, llm.Usage{}
	}
	next, date := sum(g.used, worst), g.date
	if over(float64(next.Calls), float64(g.day.Calls)) || over(float64(next.PromptTokens+next.OutputTokens), float64(g.day.Tokens)) || over(next.USD, g.day.USD) {
		return nil, errDay
	}
	g.used = next
	return func(replies []llm.Reply, asked bool) {
		took := worst
		if replies != nil || !asked {
			took = llm.Usage{}
		}
		for _, r := range replies {
			if !r.Cached {
				took = sum(took, llm.Usage{Calls: int64(r.Calls), PromptTokens: int64(r.PromptTokens), OutputTokens: int64(r.OutputTokens)})
			}
		}
		took.USD = g.usd(took)
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.date == date {
			g.used = sum(sum(g.used, took), llm.Usage{Calls: -worst.Calls, PromptTokens: -worst.PromptTokens, OutputTokens: -worst.OutputTokens, USD: -worst.USD})
		}
	}, nil
}

func over(next, limit float64) bool { return limit > 0 && next > limit }

func (g *guarded) usd(u llm.Usage) float64 {
	if g.price == nil {
		return 0
	}
	return (float64(float64(u.PromptTokens)*g.price.Input) + float64(float64(u.OutputTokens)*g.price.Output)) / 1e6
}

func sum(a, b llm.Usage) llm.Usage {
	return llm.Usage{Calls: a.Calls + b.Calls, PromptTokens: a.PromptTokens + b.PromptTokens, OutputTokens: a.OutputTokens + b.OutputTokens, USD: a.USD + b.USD}
}
