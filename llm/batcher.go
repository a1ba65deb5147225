package llm

import (
	"context"
	"errors"
	"fmt"
)

// askBatches asks for some of the calls, many together. Near the budget's end fewer go together, so that it is used up to the last call.
func (s *Service) askBatches(ctx context.Context, c batcher, calls []Request, keys []string, mine []int) error {
	most := c.together()
	var known map[int]Reply // by call, what other ranks and this one have answered ahead of the batches
	for len(mine) > 0 {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("llm: %w", err)
		}
		if s.crew != nil && len(known) == 0 {
			var err error
			if known, err = s.askAhead(ctx, c, calls, mine); err != nil {
				return err
			}
		}
		part := mine[:min(most, len(mine))]
		err := s.onceTogether(ctx, c, calls, keys, part, known)
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

// askAhead has all ranks answer the calls that come next. Nothing is stored: budget, journal and errors are those of the batches behind.
func (s *Service) askAhead(ctx context.Context, c batcher, calls []Request, mine []int) (map[int]Reply, error) {
	reqs := make([]Request, len(mine))
	for i, m := range mine {
		reqs[i] = calls[m]
	}
	late, cancel := outlive(ctx, grace)
	defer cancel()
	got, err := s.crew.ahead(late, c, s.Info(), reqs)
	known := map[int]Reply{}
	for i, r := range got {
		known[mine[i]] = r
	}
	return known, err
}

// onceTogether makes some calls at once, within the budget, and stores the replies. What is known is not asked for, if it is known of all of them.
func (s *Service) onceTogether(ctx context.Context, c batcher, calls []Request, keys []string, part []int, known map[int]Reply) error {
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
	replies := take(known, part)
	if len(replies) < len(part) {
		replies, err = c.askAll(late, reqs)
	}
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

// take takes the replies to calls out of those that are known; none if one of them is not.
func take(known map[int]Reply, part []int) (replies []Reply) {
	for _, m := range part {
		r, ok := known[m]
		if !ok {
			return nil
		}
		replies = append(replies, r)
	}
	for _, m := range part {
		delete(known, m)
	}
	return replies
}

// entry is a reply that this run has bought.
func (s *Service) entry(key string, r Request, reply Reply) entry {
	return entry{V: entryVersion, Key: key, Info: s.Info(), Request: r, Reply: reply, USD: s.meter.cost(reply.usage()).USD, Paid: true}
}
