package session

import (
	"context"

	"slm/data/tokenizer"
	"slm/llm"
)

// lazyBox opens the black box when it is first asked, so that what the small model knows is there also where the box cannot be opened. It counts what
// one question takes.
type lazyBox struct {
	turn   turn // given back while the box is asked
	open   func() (llm.Client, error)
	client llm.Client
	used   llm.Usage // as if nothing had been stored
}

// Do implements llm.Client.
func (b *lazyBox) Do(ctx context.Context, reqs []llm.Request) (replies []llm.Reply, err error) {
	b.turn.give()
	defer b.turn.retake()
	if b.client == nil {
		if b.client, err = b.open(); err != nil {
			return nil, err
		}
	}
	replies, err = b.client.Do(ctx, reqs)
	for _, r := range replies {
		b.used.Calls += int64(r.Calls)
		b.used.PromptTokens += int64(r.PromptTokens)
		b.used.OutputTokens += int64(r.OutputTokens)
	}
	return replies, err
}

// ReplyLimit is that of the box.
func (b *lazyBox) ReplyLimit() int {
	if l, ok := b.client.(interface{ ReplyLimit() int }); ok {
		return l.ReplyLimit()
	}
	return 0
}

// Weights are those of the box where they are in this process, and nothing stands before it.
func (b *lazyBox) Weights() (w llm.Weights, here bool, err error) {
	c, err := b.weights()
	if c == nil {
		return w, false, err
	}
	return c.Weights()
}

// Tokenizer is that of the weights, which are not loaded for it.
func (b *lazyBox) Tokenizer() (tok *tokenizer.Tokenizer, here bool, err error) {
	c, err := b.weights()
	if c == nil {
		return nil, false, err
	}
	return c.Tokenizer()
}

// weights opens the box, and is nil where something stands before it.
func (b *lazyBox) weights() (llm.Weigher, error) {
	if b.client == nil {
		var err error
		if b.client, err = b.open(); err != nil {
			return nil, err
		}
	}
	c, _ := b.client.(llm.Weigher)
	return c, nil
}

// Info implements llm.Client.
func (b *lazyBox) Info() llm.Info {
	if b.client == nil {
		return llm.Info{}
	}
	return b.client.Info()
}

// name is the model that was asked; "" = none was.
func (b *lazyBox) name() string { return b.Info().Model }

// turn is had by one goroutine at a time, in the order in which they ask for it.
type turn chan struct{}

func newTurn() turn { return make(turn, 1) }

func (t turn) take(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case t <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// retake waits for as long as it takes: whoever gave it back gives it back once more.
func (t turn) retake() { t <- struct{}{} }
func (t turn) give()   { <-t }
