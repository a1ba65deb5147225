package llm

import (
	"context"
	"errors"
	"fmt"
)

// Tried says that a black box is worth trying before work that takes long: a server does the work, which may be out of reach, refuse the key,
// not know the model, or give no log-probabilities.
func (c Config) Tried() bool { return c.Kind().Elsewhere && !c.Kind().Vectors }

// Try asks one short question in the way that all others are asked, and stores no reply; the call counts towards the budget. An error says why
// others would fail too, and what to change; it is that of Do. Nothing is asked where Tried is false, offline, or where the budget has no room left,
// since stored replies may be all that is needed.
func (s *Service) Try(ctx context.Context) error {
	if !s.cfg.Tried() || s.opt.Offline {
		return nil
	}
	r, err := Render(s.cfg.Answer, Question{Question: "Which of these is a colour?", Choices: []string{"Blue", "Seven"}})
	if err != nil {
		return err
	}
	r.Options = r.Options[:min(1, len(r.Options))]
	if err := s.pace.begin(ctx); err != nil {
		return fmt.Errorf("llm: %w", err)
	}
	defer s.pace.end()
	err = s.attempt(ctx, "try", func(n int) error {
		return s.call(ctx, []Request{r}, n, func(replies []Reply) error { return s.store.spend(replies[0].usage()) })
	})
	switch {
	case err == nil, errors.Is(err, ErrBudget), asFault(err).none != nil: // no answer to this question says nothing of others
		return nil
	case errors.Is(err, ErrQuota), ctx.Err() != nil:
		return err
	}
	return fmt.Errorf("%w: %s", err, s.cfg.amend(err))
}

// amend says what to change where a server cannot be used.
func (c Config) amend(err error) string {
	switch {
	case errors.Is(err, ErrAuth) && c.KeyEnv == "":
		return "name the environment variable that holds the key in llm.key_env"
	case errors.Is(err, ErrAuth):
		return "check the key in " + c.KeyEnv + ", the variable that llm.key_env names"
	case errors.Is(err, ErrReply) && c.Answer == Cloze:
		return "llm.answer: letter needs no log-probabilities"
	case errors.Is(err, ErrRequest) && c.Answer == Cloze:
		return "check llm.model and llm.url; a server that only chats needs llm.answer: letter"
	case errors.Is(err, ErrRequest):
		return "check llm.model and llm.url"
	}
	return "check llm.url"
}
