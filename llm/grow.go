package llm

import (
	"context"
	"fmt"
)

// replyLimit is how many tokens a client lets a reply have that has not come to its end; 0 = no more than were asked for.
func replyLimit(c Client) int {
	if l, ok := c.(interface{ ReplyLimit() int }); ok {
		return l.ReplyLimit()
	}
	return 0
}

// grow asks for replies, and once more with room for all the tokens that the client allows where a reply is unfinished. Of what does not fit
// into the model's context the room is halved until it does. A reply that is still unfinished is no answer. Calls and tokens are those of all
// attempts.
func grow(ctx context.Context, c Client, reqs []Request, unfinished func(i int, r Reply) bool) ([]Reply, error) {
	out := make([]Reply, len(reqs))
	ask := make([]int, len(reqs))
	for i := range ask {
		ask[i] = i
	}
	room, least := 0, 0 // tokens of a reply in the attempts after the first; 0 = as requested
	for len(ask) > 0 {
		part := make([]Request, len(ask))
		for j, i := range ask {
			part[j] = reqs[i]
			least = max(least, reqs[i].MaxTokens)
			part[j].MaxTokens = max(reqs[i].MaxTokens, room)
		}
		replies, err := c.Do(ctx, part)
		if err != nil && room > 0 && asFault(err).long {
			if room /= 2; room > least {
				continue
			}
			break
		}
		if err != nil {
			return nil, err
		}
		if len(replies) != len(part) {
			return nil, fmt.Errorf("llm: %w: %d replies to %d questions", ErrReply, len(replies), len(part))
		}
		var more []int
		for j, i := range ask {
			r := replies[j]
			r.Calls = max(1, r.Calls) + out[i].Calls
			r.PromptTokens, r.OutputTokens = r.PromptTokens+out[i].PromptTokens, r.OutputTokens+out[i].OutputTokens
			if r.None == nil && unfinished(i, r) {
				r.None = none(Unfinished, tail(r.Text))
				more = append(more, i)
			}
			out[i] = r
		}
		most := replyLimit(c)
		if room > 0 || most <= least {
			break
		}
		ask, room = more, most
	}
	return out, nil
}

// tail is the end of a text, where unfinished thinking is.
func tail(text string) string {
	const most = 120 // characters
	r := []rune(text)
	if len(r) <= most {
		return text
	}
	return "…" + string(r[len(r)-most:])
}
