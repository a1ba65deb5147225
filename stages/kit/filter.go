package kit

import (
	"context"
	"errors"

	"slm/data/exam"
	"slm/data/pairs"
	"slm/llm"
	"slm/stages"
	"slm/stages/domain"
	"slm/stages/knowledge"
)

// ErrOverlap says that training data hold a question of the exam.
var ErrOverlap = errors.New("training data overlap the exam")

// verdict is why a section's pairs stay or go.
type verdict struct {
	keep bool
	why  string
}

// verdicts are why pairs stay or go.
type verdicts struct {
	usual    verdict            // of a section that is not in sections
	sections map[string]verdict // of those that the black box was asked about
	written  map[string]verdict // of questions that an LLM has written, by pair
	ruled    map[string]verdict // of questions that rules have made, of those that go, by pair
}

// of is the verdict on a pair.
func (v verdicts) of(p pairs.Pair) verdict {
	if p.Kind == pairs.File {
		return verdict{true, "from a file: there is no question to test it with"}
	}
	if found, ok := v.written[p.ID]; ok {
		return found
	}
	if found, ok := v.ruled[p.ID]; ok {
		return found
	}
	if found, ok := v.sections[p.Section]; ok {
		return found
	}
	if p.Kind == pairs.Ruled {
		return verdict{true, "kept: made by a rule, and no training question of the exam tests it"}
	}
	return v.usual
}

// usage is what the filter took of the black box, whether or not its replies had been stored.
type usage struct {
	calls, tokens int
	missing       llm.Tally // questions without an answer
}

// filterBatch is the number of questions that go to the black box together; progress is reported between.
const filterBatch = 64

// filter is BLADE's consistency check: a pair stays only if the black box, given its knowledge, answers the section's question right.
// Sections that the exam cannot ask about (near copies of others) have no such question: their pairs stay, and say so. took is nil
// if the black box was not needed.
func (s *Stage) filter(ctx context.Context, env *stages.Env, dom *domain.Domain, list pairList) (out verdicts, took *usage, err error) {
	if !s.cfg.Filter {
		return verdicts{usual: verdict{true, "kept: the filter is off"}}, nil, nil // written questions have filters of their own
	}
	out = verdicts{usual: verdict{true, "kept: no question of the exam's kind fits this section"}, sections: map[string]verdict{}}
	paired := map[string]bool{} // sections of the exam that have pairs
	for _, item := range exam.WithChoices(exam.Only(dom.Items, exam.Train)) {
		paired[item.Section] = false
	}
	for i := range list.refs {
		p, err := list.at(i)
		if err != nil {
			return out, nil, err
		}
		if _, asked := paired[p.Section]; asked && p.Kind != pairs.Written { // a written question has a test of its own
			paired[p.Section] = true
		}
	}
	var items []exam.Item
	for _, item := range exam.WithChoices(exam.Only(dom.Items, exam.Train)) {
		if paired[item.Section] {
			items = append(items, item)
		}
	}
	if len(items) == 0 {
		return out, nil, nil
	}
	client, err := env.Client(ctx, stages.KIT)
	if err != nil {
		return out, nil, err
	}
	took = &usage{missing: llm.Tally{Of: len(items)}}
	for at := 0; at < len(items); at += filterBatch {
		part := items[at:min(at+filterBatch, len(items))]
		questions := make([]llm.Question, len(part))
		for i, item := range part {
			questions[i] = llm.Question{Knowledge: knowledge.Head(dom, item.Knowledge, s.cfg.Passage), Question: item.Question, Choices: item.Choices}
		}
		answers, err := llm.Answer(ctx, client, env.Answer, questions)
		if err != nil {
			return out, nil, err
		}
		for i, item := range part {
			took.calls += answers[i].Calls
			took.tokens += answers[i].Tokens
			took.missing.Add("item "+item.ID, answers[i].None)
			switch {
			case answers[i].None != nil:
				out.sections[item.Section] = verdict{false, "dropped: the black box gives no answer with it (" + string(answers[i].None.Reason) + ")"}
			case answers[i].Index == item.Answer:
				out.sections[item.Section] = verdict{true, "kept: the black box answers right with it"}
			default:
				out.sections[item.Section] = verdict{false, "dropped: the black box answers wrong with it"}
			}
		}
		if err := took.missing.Err(); err != nil {
			return out, nil, err
		}
		env.Emit(stages.Event{Type: "step", Stage: stages.KIT, Phase: "filter", Step: at + len(part), Of: len(items)})
	}
	return out, took, nil
}
