package llm

import (
	"context"
	"fmt"
	"sync"
)

// Usage is what was asked for and what it cost.
type Usage struct {
	Calls        int64   `json:"calls"`
	PromptTokens int64   `json:"prompt_tokens"`
	OutputTokens int64   `json:"output_tokens"`
	USD          float64 `json:"usd"`
	Retries      int64   `json:"retries"` // calls among these that repeated another
	Hits         int64   `json:"hits"`    // requests that were answered from what is stored
}

func (u *Usage) add(v Usage) {
	u.Calls += v.Calls
	u.PromptTokens += v.PromptTokens
	u.OutputTokens += v.OutputTokens
	u.USD += v.USD
	u.Retries += v.Retries
	u.Hits += v.Hits
}

// meter keeps the budget. Before a call its worst case is held; afterwards what was reported takes its place, so that calls under way
// can never end over the limit together.
type meter struct {
	limit Budget
	price Price

	mu    sync.Mutex
	spent Usage
	held  Usage
	calls int           // that hold something
	wake  chan struct{} // closed when a call settles
}

func newMeter(limit Budget, price *Price) *meter {
	m := &meter{limit: limit, wake: make(chan struct{})}
	if price != nil {
		m.price = *price
	}
	return m
}

// cost fills in the dollars.
func (m *meter) cost(u Usage) Usage {
	u.USD = (float64(float64(u.PromptTokens)*m.price.Input) + float64(float64(u.OutputTokens)*m.price.Output)) / 1e6
	return u
}

// fits says whether one more call stays within every limit. The caller holds the lock.
func (m *meter) fits(worst Usage) bool {
	total := m.spent
	total.add(m.held)
	total.add(worst)
	return (m.limit.Calls == 0 || total.Calls <= m.limit.Calls) &&
		(m.limit.Tokens == 0 || total.PromptTokens+total.OutputTokens <= m.limit.Tokens) &&
		(m.limit.USD == 0 || total.USD <= m.limit.USD)
}

// reserve holds the worst case of a call and returns it with its price. It waits while calls under way may leave room; ErrBudget: they will
// not.
func (m *meter) reserve(ctx context.Context, worst Usage) (Usage, error) {
	worst = m.cost(worst)
	for {
		m.mu.Lock()
		if m.fits(worst) {
			m.held.add(worst)
			m.calls++
			m.mu.Unlock()
			return worst, nil
		}
		wake, err := m.wake, error(nil)
		if m.calls == 0 {
			err = m.refuse(worst)
		}
		m.mu.Unlock()
		if err != nil {
			return Usage{}, err
		}
		select {
		case <-wake:
		case <-ctx.Done():
			return Usage{}, fmt.Errorf("llm: %w", ctx.Err())
		}
	}
}

// settle replaces what was held by what was used.
func (m *meter) settle(held, used Usage) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.held.add(Usage{-held.Calls, -held.PromptTokens, -held.OutputTokens, -held.USD, -held.Retries, -held.Hits})
	m.spent.add(m.cost(used))
	if m.calls--; m.calls == 0 {
		m.held = Usage{} // no dust from adding and subtracting dollars
	}
	close(m.wake)
	m.wake = make(chan struct{})
}

// refuse names the limit that the next call could break, and says what was bought.
func (m *meter) refuse(worst Usage) error {
	s := m.spent
	tokens, next := s.PromptTokens+s.OutputTokens, worst.PromptTokens+worst.OutputTokens
	why := fmt.Sprintf("$%.4f of $%.4f are used, and the next call may take $%.4f", s.USD, m.limit.USD, worst.USD)
	switch {
	case m.limit.Calls > 0 && s.Calls+worst.Calls > m.limit.Calls:
		why = fmt.Sprintf("%d of %d calls are used", s.Calls, m.limit.Calls)
	case m.limit.Tokens > 0 && tokens+next > m.limit.Tokens:
		why = fmt.Sprintf("%d of %d tokens are used, and the next call may take %d", tokens, m.limit.Tokens, next)
	}
	return fmt.Errorf("llm: %w: %s; bought so far: %s", ErrBudget, why, s)
}

// String says what was bought.
func (u Usage) String() string {
	return fmt.Sprintf("%d calls, %d of them repeated, %d tokens in, %d out, $%.4f", u.Calls, u.Retries, u.PromptTokens, u.OutputTokens, u.USD)
}

// note adds what is counted without a limit.
func (m *meter) note(u Usage) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.spent.add(u)
}

func (m *meter) usage() Usage {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.spent
}

// Worst is an upper bound for what a call takes: a token of a byte-level vocabulary holds at least a byte, and a chat template adds some.
func (r Request) Worst() Usage {
	const template = 64 // tokens
	if r.peek() {
		return Usage{Calls: 1, PromptTokens: int64(len(r.Tokens) + len(r.Along)), OutputTokens: 1}
	}
	u := Usage{Calls: 1, PromptTokens: int64(len(r.Prompt) + template), OutputTokens: int64(r.MaxTokens)}
	for _, o := range r.Options {
		u.PromptTokens += int64(len(o))
		u.OutputTokens++ // servers that echo generate one token besides
	}
	return u
}
