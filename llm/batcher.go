package llm

import (
	"context"
	"errors"
	"fmt"
)

// askBatches asks for some of the calls, many together. Near the budget's end fewer go together, so that it is used up to the last call.
func (s *Service) askBatches(ctx context.Context, c batcher, calls []Request, keys []string, mine []int) error {
	most := c.together()
	for len(mine) > 0 {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("llm: %w", err)
		}
		part := mine[:min(most, len(mine))]
		err := s.onceTogether(ctx, c, calls, keys, part)
		if errors.Is(err, ErrBudget) && len(part) > 1 {
			most = len(part) / 2
			continue
		}
		if err != nil {
			return err
		}
		mine = mine[len(part):]
	}
	return nil
}

// onceTogether makes some calls at once, within the budget, and stores the replies.
func (s *Service) onceTogether(ctx context.Context, c batcher, calls []Request, keys []string, part []int) error {
	reqs := make([]Request, len(part))
	var worst Usage
	for i, m := range part {
		reqs[i] = calls[m]
		worst.add(calls[m].Worst())
	}
	held, err := s.meter.reserve(ctx, worst)
	if err != nil {
		return err
	}
	late, cancel := ctx, func() {}
	if !s.opt.Share { // else others wait for the places that it would keep
		late, cancel = outlive(ctx, grace)
	}
	defer cancel()
	var used Usage
	replies, err := c.askAll(late, reqs)
	if err != nil {
		used.Calls = int64(len(part))
	} else {
		entries := make([]entry, len(part))
		for i, m := range part {
			used.add(replies[i].usage())
			entries[i] = s.entry(keys[m], reqs[i], replies[i])
		}
		err = s.store.put(*s.label.Load(), entries...)
	}
	s.meter.settle(held, used)
	s.observe(Call{used, err})
	return err
}

// entry is a reply that this run has bought.
func (s *Service) entry(key string, r Request, reply Reply) entry {
	return entry{V: entryVersion, Key: key, Info: s.Info(), Request: r, Reply: reply, USD: s.meter.cost(reply.usage()).USD, Paid: true}
}
