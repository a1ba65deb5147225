package llm

import (
	"context"
	"fmt"
	"slices"

	"slm/data/redact"
)

// Redacted is a client that is told no personal data: placeholders stand for them in what it is asked, and they are put back in its replies. What is
// stored of a question has the placeholders.
func Redacted(c Client, r *redact.Redactor) Client { return &redacted{c, r} }

type redacted struct {
	Client
	by *redact.Redactor
}

// Do implements Client.
func (c *redacted) Do(ctx context.Context, reqs []Request) ([]Reply, error) {
	hidden, maps := slices.Clone(reqs), make([]*redact.Map, len(reqs))
	for i, r := range reqs {
		if r.peek() {
			return nil, fmt.Errorf("llm: %w: personal data cannot be hidden in a prompt of tokens", ErrRequest)
		}
		m := redact.NewMap(append([]string{r.Prompt}, r.Options...)...)
		hidden[i].Prompt, hidden[i].Options = c.by.Hide(r.Prompt, m), slices.Clone(r.Options)
		for j, o := range r.Options {
			hidden[i].Options[j] = c.by.Hide(o, m)
		}
		maps[i] = m
	}
	if len(maps) == 1 {
		ctx = HearAs(ctx, maps[0].RestoreSoFar)
	}
	replies, err := c.Client.Do(ctx, hidden)
	for i := range replies {
		replies[i].Text = maps[i].Restore(replies[i].Text)
	}
	return replies, err
}

// ReplyLimit is that of the client.
func (c *redacted) ReplyLimit() int {
	if l, ok := c.Client.(interface{ ReplyLimit() int }); ok {
		return l.ReplyLimit()
	}
	return 0
}
