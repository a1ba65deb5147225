package task

import (
	"context"
	"fmt"
	"strings"

	"slm/data/exam"
	"slm/llm"
	"slm/model/decode"
	"slm/score"
	"slm/stages"
)

// Summary is what is written of a text.
type Summary struct {
	Summary string `json:"summary"`
	Whole   bool   `json:"whole"` // it came to its end by itself
}

// writer has the small model write.
type writer struct {
	*asker
	model *decode.Decoder
	most  int // tokens
}

// write summarises texts, the most likely token each time.
func (w *writer) write(ctx context.Context, texts []string) ([]Summary, error) {
	reqs := make([]decode.Request, len(texts))
	for i, text := range texts {
		reqs[i] = decode.Request{Prompt: w.prompt(text), MaxNew: w.most, Stop: []int32{w.dom.EOS}}
	}
	results, err := w.model.Generate(ctx, reqs)
	if err != nil {
		return nil, err
	}
	out := make([]Summary, len(texts))
	for i, r := range results {
		text := strings.TrimRight(w.dom.Tokenizer.Decode(r.Tokens), "\uFFFD")
		out[i] = Summary{ended(text, r.Stopped), r.Stopped}
	}
	return out, nil
}

// ended is a summary in one line; of one that was cut off, up to its last whole sentence, if it has any.
func ended(text string, whole bool) string {
	s := score.Sentences(text)
	if !whole && len(s) > 1 {
		s = s[:len(s)-1]
	}
	return strings.Join(strings.Fields(strings.Join(s, " ")), " ")
}

// RepliesFile has what the black box was asked.
const RepliesFile = "replies.arrow"

// askBlock is how many texts the black box is asked about between two lines of progress.
const askBlock = 16

// ask has the black box summarise some of the rows, alone and with the draft.
func (m *summarised) ask(ctx context.Context, env *stages.Env, rows []Written, facts map[string]string) error {
	client, err := env.Client(ctx, stages.Task)
	if err != nil {
		return fmt.Errorf("task: %w", err)
	}
	every := make([]*Written, len(rows))
	for i := range rows {
		every[i] = &rows[i]
	}
	asked := exam.Evenly(every, m.cfg.LLM)
	var none llm.Tally
	for from := 0; from < len(asked); from += askBlock {
		part := asked[from:min(from+askBlock, len(asked))]
		var messages []string
		for _, r := range part {
			messages = append(messages, strings.Replace(m.cfg.Message, textField, r.Text, 1), strings.NewReplacer(textField, r.Text, draftField, r.Model).Replace(m.cfg.Draft))
		}
		replies, err := llm.Write(ctx, client, messages, m.cfg.Tokens)
		if err != nil {
			return fmt.Errorf("task: ask the black box: %w", err)
		}
		for i, r := range part {
			alone, with := replies[2*i], replies[2*i+1]
			none.Of += 2
			none.Add(r.ID, alone.None)
			none.Add(r.ID+" with the draft", with.None)
			r.Asked, r.Alone, r.Drafted = true, ended(alone.Text, !alone.Cut), ended(with.Text, !with.Cut)
			r.AloneTokens, r.DraftedTokens = int32(alone.PromptTokens+alone.OutputTokens), int32(with.PromptTokens+with.OutputTokens)
		}
		env.Emit(stages.Event{Type: "step", Stage: stages.Task, Phase: "ask", Step: from + len(part), Of: len(asked)})
	}
	if none.Total() > 0 {
		facts["no_answer"] = none.String()
	}
	return none.Err()
}
