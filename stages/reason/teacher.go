package reason

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"

	"slm/checkpoint"
	"slm/data/exam"
	"slm/data/form"
	"slm/data/reasoning"
	"slm/llm"
	"slm/stages"
)

// teacherName is the black box of the section stages.reason.teacher.
const teacherName = "teacher"

// teacher answers tasks under strategies: a language model, or rules.
type teacher struct {
	stage         *Stage
	env           *stages.Env
	client        llm.Client // nil = rules
	key           string
	calls, tokens int
	missing       llm.Tally
}

func (s *Stage) teacher(env *stages.Env) (*teacher, error) {
	t := &teacher{stage: s, env: env}
	if s.cfg.Teacher == nil {
		return t, nil
	}
	var err error
	if t.client, err = env.OtherClient(teacherName, stages.Reason); err != nil {
		return nil, err
	}
	t.key, err = checkpoint.HashJSON(map[string]any{"fingerprint": env.Fingerprint, "parents": env.Parents})
	return t, err
}

// teach fills in what is taught of the tasks that are not of the test. A direct answer is the task's own: it takes nobody to reason.
func (t *teacher) teach(ctx context.Context, tasks []planned) error {
	var at []int
	var asked []planned
	for i := range tasks {
		switch p := &tasks[i]; {
		case p.Split == exam.Test:
		case p.strategy == reasoning.Direct:
			p.reply, p.kept = p.Answer, true
		default:
			at, asked = append(at, i), append(asked, *p)
		}
	}
	if err := t.answer(ctx, "teach", asked); err != nil {
		return err
	}
	for k, i := range at {
		tasks[i] = asked[k]
	}
	return nil
}

// answer fills in the replies to tasks under their strategies, and whether they are right.
func (t *teacher) answer(ctx context.Context, phase string, tasks []planned) error {
	if t.client == nil {
		for i := range tasks {
			tasks[i].reply, tasks[i].kept = tasks[i].Reply(tasks[i].strategy), true
		}
		return nil
	}
	return t.ask(ctx, phase, tasks)
}

// said is what came of a request.
type said struct {
	Text   string        `json:"text,omitempty"`
	Cut    bool          `json:"cut,omitempty"`
	None   *llm.NoAnswer `json:"none,omitempty"`
	Calls  int           `json:"calls"`
	Tokens int           `json:"tokens"`
}

// block is a piece of the journal: the replies from an index on.
type block struct {
	From int    `json:"from"`
	Said []said `json:"said"`
}

const (
	blockTasks  = 16  // that are asked about between two saves
	replyTokens = 200 // of a language model, at most
)

// ask puts tasks to the language model, block by block, from where the phase's journal ends.
func (t *teacher) ask(ctx context.Context, phase string, tasks []planned) (err error) {
	journal, done, err := stages.OpenPartial[block](filepath.Join(t.env.Work(stages.Reason), phase+".journal"), t.key, t.client)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, journal.Close()) }()
	for from := 0; from < len(tasks); from += blockTasks {
		part := tasks[from:min(from+blockTasks, len(tasks))]
		var b block
		if n := from / blockTasks; n < len(done) && done[n].From == from && len(done[n].Said) == len(part) {
			b = done[n]
		} else {
			if b, err = t.say(ctx, part); err != nil {
				return err
			}
			b.From = from
			if err := journal.Append(b); err != nil {
				return err
			}
		}
		for i, s := range b.Said {
			p := &part[i]
			t.calls += s.Calls
			t.tokens += s.Tokens
			t.missing.Of++
			t.missing.Add(fmt.Sprintf("%s %s", phase, p.ID), s.None)
			p.reply = reasoning.Opened(p.strategy, s.Text)
			_, answer := reasoning.Read(p.reply)
			p.kept = s.None == nil && !s.Cut && p.Right(answer)
		}
		t.env.Emit(stages.Event{Type: "step", Stage: stages.Reason, Phase: phase, Step: from + len(part), Of: len(tasks)})
	}
	return t.missing.Err()
}

func (t *teacher) say(ctx context.Context, tasks []planned) (block, error) {
	messages := make([]string, len(tasks))
	for i, p := range tasks {
		messages[i] = form.AskReason(t.stage.cfg.Instructions.of(p.strategy), p.Text, p.Question)
	}
	replies, err := llm.Write(ctx, t.client, messages, replyTokens)
	if err != nil {
		return block{}, fmt.Errorf("reason: ask the teacher: %w", err)
	}
	b := block{Said: make([]said, len(replies))}
	for i, r := range replies {
		b.Said[i] = said{Text: r.Text, Cut: r.Cut, None: r.None, Calls: r.Calls, Tokens: r.PromptTokens + r.OutputTokens}
	}
	return b, nil
}

// facts tell the manifest what asking took.
func (t *teacher) facts(facts map[string]string) {
	if t.client == nil {
		return
	}
	facts["llm_calls"], facts["llm_tokens"] = strconv.Itoa(t.calls), strconv.Itoa(t.tokens)
	if t.missing.Total() > 0 {
		facts["no_answer"] = t.missing.String()
	}
}

// commit writes the replies of the language model.
func (t *teacher) commit(env *stages.Env, p *checkpoint.Pending) error {
	if t.client == nil {
		return nil
	}
	_, table := stages.OtherReplies(teacherName)
	return env.OtherReplies(teacherName, p.Path(table))
}
