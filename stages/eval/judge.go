package eval

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"slm/data/exam"
	"slm/llm"
	"slm/result"
	"slm/stages"
	"slm/stages/systems"
	"slm/stat"
)

// judgeName is the black box of the section eval.judge.
const judgeName = "judge"

// judgePrompt is what the judge is asked, with two options.
const judgePrompt = `A question was put to somebody, and it is known what a right answer says.

Question: {question}
Right answer: {answers}
Reply: {reply}

Does the reply say what the right answer says?`

var verdicts = []string{"Yes", "No"}

// judge has free answers judged that have a right answer in words, and notes the verdicts in the rows; nil without a judge.
func (s *Stage) judge(ctx context.Context, env *stages.Env, items []exam.Item, rows []result.Row) (*result.Judge, error) {
	if s.cfg.Judge == nil {
		return nil, nil
	}
	client, err := env.OtherClient(judgeName, stages.Eval)
	if err != nil {
		return nil, err
	}
	of := map[string]string{}
	for _, it := range items {
		g := goldenOf(it)
		of[it.ID] = strings.Join(append(slices.Clone(it.Contains), g.whole...), " | ")
	}
	j := &result.Judge{LLM: client.Info().Model, Prompt: judgePrompt}
	var asked []int
	for i, r := range rows {
		if r.Free && r.Reply != "" && of[r.Item] != "" {
			asked = append(asked, i)
		}
	}
	missing := llm.Tally{Of: len(asked)}
	for block := range slices.Chunk(asked, systems.Block) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		qs := make([]llm.Question, len(block))
		for k, i := range block {
			text := strings.NewReplacer("{question}", rows[i].Question, "{answers}", of[rows[i].Item], "{reply}", rows[i].Reply).Replace(judgePrompt)
			qs[k] = llm.Question{Question: text, Choices: verdicts}
		}
		said, err := llm.Answer(ctx, client, s.cfg.Judge.Answer, qs)
		if err != nil {
			return nil, fmt.Errorf("eval: judge: %w", err)
		}
		for k, i := range block {
			j.Replies, j.Calls, j.Tokens = j.Replies+1, j.Calls+said[k].Calls, j.Tokens+said[k].Tokens
			missing.Add("item "+rows[i].Item, said[k].None)
			switch said[k].Index {
			case 0:
				rows[i].Judged = 1
			case 1:
				rows[i].Judged = -1
			}
		}
		if err := missing.Err(); err != nil {
			return nil, fmt.Errorf("eval: judge: %w", err)
		}
	}
	j.Kappa = agreement(rows)
	return j, nil
}

// agreement is how far the judge agrees with whether a reply holds an accepted answer.
func agreement(rows []result.Row) *float64 {
	var holds, judged []bool
	for _, r := range rows {
		if r.Judged != 0 && r.Contains >= 0 {
			holds, judged = append(holds, r.Contains == 1), append(judged, r.Judged == 1)
		}
	}
	if len(holds) == 0 {
		return nil
	}
	return defined(stat.Kappa(holds, judged))
}
