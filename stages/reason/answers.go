package reason

import (
	"context"
	"fmt"
	"strings"

	"slm/data/form"
	"slm/data/reasoning"
	"slm/model"
	"slm/model/decode"
	"slm/stages"
	"slm/stages/domain"
)

// AnswerRow is a row of answers.arrow: a test task as the small model answers it.
type AnswerRow struct {
	ID       string `arrow:"id"`
	Class    string `arrow:"class"`
	Section  string `arrow:"section"`
	Hint     string `arrow:"hint"`   // strategy whose instruction it was asked with; empty = the generic one
	Wanted   string `arrow:"wanted"` // strategy that was chosen for the class
	Strategy string `arrow:"strategy"`
	Reply    string `arrow:"reply"`
	Answer   string `arrow:"answer"`
	Gold     string `arrow:"gold"`
	Right    bool   `arrow:"right"`
	Tokens   int32  `arrow:"tokens"` // that it said, the end mark included
}

// answers has a model answer tasks, the most likely token each time.
func (s *Stage) answers(ctx context.Context, env *stages.Env, dom *domain.Domain, params *model.Params, tasks []planned, chosen map[string]string) ([]AnswerRow, error) {
	reqs := make([]decode.Request, len(tasks))
	for i, t := range tasks {
		reqs[i] = decode.Request{Prompt: dom.Tokenizer.Encode(s.prompt(t.Task, t.hint)), MaxNew: room(dom, t.Task), Stop: []int32{dom.EOS}}
	}
	results, err := decode.New(params, env.Kernel).Generate(ctx, reqs)
	if err != nil {
		return nil, fmt.Errorf("reason: ask the small model: %w", err)
	}
	rows := make([]AnswerRow, len(tasks))
	for i, r := range results {
		t := tasks[i]
		reply := strings.TrimSpace(strings.TrimRight(dom.Tokenizer.Decode(r.Tokens), "\uFFFD"))
		row := AnswerRow{ID: t.ID, Class: t.Class, Section: t.Section, Hint: t.hint, Wanted: chosen[t.Class], Reply: reply, Gold: t.Answer, Tokens: int32(len(r.Tokens))}
		row.Strategy, row.Answer = reasoning.Read(reply)
		if r.Stopped {
			row.Tokens++
			row.Right = t.Right(row.Answer) // one that does not end is not answered
		}
		rows[i] = row
	}
	return rows, nil
}

// room is how many tokens an answer may have: the longest that a strategy needs, and some more.
func room(dom *domain.Domain, t reasoning.Task) int {
	const more = 16
	most := 0
	for _, strategy := range reasoning.Strategies {
		most = max(most, len(dom.Tokenizer.Encode(form.Continuation(t.Reply(strategy)))))
	}
	return most + more
}

// Total is what some answers come to: how many, right ones, those under the strategy of their class, and tokens.
type Total struct{ Of, Right, Chosen, Tokens int }

// total counts answers.
func total(rows []AnswerRow) (t Total) {
	for _, r := range rows {
		t.Add(r)
	}
	return t
}

// Add counts one more.
func (t *Total) Add(r AnswerRow) {
	t.Of++
	if r.Right {
		t.Right++
	}
	if r.Strategy == r.Wanted {
		t.Chosen++
	}
	t.Tokens += int(r.Tokens)
}

// share is a count of each answer.
func (t Total) share(count int) float64 { return float64(count) / float64(max(1, t.Of)) }
