package find

import (
	"context"
	"fmt"

	"slm/data/exam"
	"slm/llm"
	"slm/stages"
	"slm/stages/gate"
	"slm/stages/systems"
)

// RepliesFile has the black box's answers that the gate learns from; it is not there if the black box was not asked.
const RepliesFile = "replies.arrow"

// read lets the black box answer questions with choices three times: alone, with the first passage that the gate would give, and with all of them.
func (s *Stage) read(ctx context.Context, env *stages.Env, with *systems.Resources, l looked, ordered []gate.Weighed, cases []gate.Case, odds []gate.Odds) ([]gate.Reading, error) {
	var at []int
	for i, it := range l.items {
		if len(it.Choices) > 1 {
			at = append(at, i)
		}
	}
	if at = exam.Evenly(at, s.cfg.Reward); len(at) == 0 {
		return nil, nil
	}
	client, err := env.Client(ctx, stages.Find)
	if err != nil {
		return nil, err
	}
	with.Box = client
	missing := llm.Tally{Of: 3 * len(at)}
	out := make([]gate.Reading, len(at))
	questions := make([]systems.Question, len(at))
	var answers [3][]systems.Answer
	for j, i := range at {
		questions[j] = systems.Question{ID: l.items[i].ID, Text: l.all[i].Question, Choices: l.items[i].Choices}
		out[j].Fold = l.fold[i]
		_, out[j].Sure = odds[i].Best(cases[i].Evidence)
		answers[0] = append(answers[0], systems.Answer{})
		answers[1] = append(answers[1], with.Offer(l.sights[i], ordered[i], 1))
		answers[2] = append(answers[2], with.Offer(l.sights[i], ordered[i], 0))
	}
	for k := range answers {
		for from := 0; from < len(at); from += systems.Block {
			to := min(from+systems.Block, len(at))
			if err := with.Ask(ctx, questions[from:to], answers[k][from:to]); err != nil {
				return nil, fmt.Errorf("find: %w", err)
			}
			env.Emit(stages.Event{Type: "step", Phase: "reward", Step: k*len(at) + to, Of: 3 * len(at)})
		}
		for j, i := range at {
			a := answers[k][j]
			missing.Add("item "+questions[j].ID, a.None)
			*[]*bool{&out[j].Alone, &out[j].First, &out[j].All}[k] = a.None == nil && a.Picked == l.items[i].Answer
		}
	}
	return out, missing.Err()
}
