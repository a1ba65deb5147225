package serve

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"slm/pipeline/session"
)

// completionRequest is what is read of a request for a completion.
type completionRequest struct {
	Model         string          `json:"model"`
	Prompt        json.RawMessage `json:"prompt"`
	MaxTokens     *int            `json:"max_tokens"`
	Echo          bool            `json:"echo"`
	Logprobs      *int            `json:"logprobs"`
	Stop          texts           `json:"stop"`
	Temperature   float64         `json:"temperature"`
	TopP          *float64        `json:"top_p"`
	Seed          int64           `json:"seed"`
	Stream        bool            `json:"stream"`
	StreamOptions json.RawMessage `json:"stream_options"`

	usage bool
}

// completionNeutral are the fields of a completion that must ask for nothing.
var completionNeutral = neutral{
	"n": {"1"}, "best_of": {"1"}, "suffix": {`""`}, "presence_penalty": {"0"}, "frequency_penalty": {"0"}, "logit_bias": {"{}"}, "user": {anything},
}

// Bounds of a completion.
const (
	defaultTokens = 16   // as OpenAI has it
	mostTop       = 1024 // likeliest tokens at a place
	mostPrompts   = 256
	atWork        = 16 // prompts of a request at a time: others find room beside them
)

func parseCompletion(body []byte) (*completionRequest, error) {
	r := &completionRequest{}
	if err := parse(body, "", r, completionNeutral); err != nil {
		return nil, err
	}
	switch {
	case r.Model == "":
		return nil, wrong("model", "missing")
	case r.Prompt == nil:
		return nil, wrong("prompt", "missing")
	case r.MaxTokens != nil && *r.MaxTokens < 0:
		return nil, wrong("max_tokens", "0 or more")
	case r.Logprobs != nil && (*r.Logprobs < 0 || *r.Logprobs > mostTop):
		return nil, wrong("logprobs", "0 to %d", mostTop)
	case r.Temperature < 0 || r.Temperature > 2:
		return nil, wrong("temperature", "0 to 2")
	case r.TopP != nil && (*r.TopP <= 0 || *r.TopP > 1):
		return nil, wrong("top_p", "above 0, up to 1")
	case r.Stream && r.Logprobs != nil:
		return nil, wrong("logprobs", "not supported with stream: true").withCode("unsupported_value")
	}
	if err := checkStop(r.Stop); err != nil {
		return nil, err
	}
	var err error
	r.usage, err = streamUsage(r.StreamOptions, r.Stream)
	return r, err
}

// prompts reads one prompt or several: each a text, or tokens.
func prompts(raw json.RawMessage, m session.Bare) (out [][]int32, err error) {
	var one string
	var several []json.RawMessage
	switch {
	case json.Unmarshal(raw, &one) == nil && string(raw) != "null":
		return [][]int32{m.Tokenizer.Encode(one)}, nil
	case json.Unmarshal(raw, &several) != nil || len(several) == 0:
		return nil, wrong("prompt", "a text, a list of texts, tokens, or a list of those")
	case len(several) > mostPrompts && !isNumber(several[0]):
		return nil, wrong("prompt", "at most %d prompts", mostPrompts)
	}
	if isNumber(several[0]) {
		ids, err := tokensOf(raw, "prompt", m)
		return [][]int32{ids}, err
	}
	for i, p := range several {
		var text string
		if json.Unmarshal(p, &text) == nil && string(p) != "null" {
			out = append(out, m.Tokenizer.Encode(text))
			continue
		}
		ids, err := tokensOf(p, fmt.Sprintf("prompt[%d]", i), m)
		if err != nil {
			return nil, err
		}
		out = append(out, ids)
	}
	return out, nil
}

func isNumber(raw json.RawMessage) bool {
	return len(raw) > 0 && (raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9')
}

func tokensOf(raw json.RawMessage, param string, m session.Bare) ([]int32, error) {
	var ids []int32
	if err := json.Unmarshal(raw, &ids); err != nil {
		return nil, wrong(param, "neither a text nor tokens")
	}
	for _, id := range ids {
		if id < 0 || int(id) >= m.Config.Vocab {
			return nil, wrong(param, "token %d: the vocabulary has %d", id, m.Config.Vocab)
		}
	}
	return ids, nil
}

// completionResponse is OpenAI's; a chunk of a stream has the same form.
type completionResponse struct {
	ID      string             `json:"id"`
	Object  string             `json:"object"`
	Created int64              `json:"created"`
	Model   string             `json:"model"`
	Choices []completionChoice `json:"choices"`
	Usage   json.RawMessage    `json:"usage,omitempty"`
}

type completionChoice struct {
	Index        int       `json:"index"`
	Text         string    `json:"text"`
	Logprobs     *logprobs `json:"logprobs"`
	FinishReason *string   `json:"finish_reason"`
}

// logprobs are the log-probabilities of tokens, each after all before it; null of a text's first token.
type logprobs struct {
	Tokens     []string             `json:"tokens"`
	Each       []*float64           `json:"token_logprobs"`
	Top        []map[string]float64 `json:"top_logprobs"`
	TextOffset []int                `json:"text_offset"` // in characters
}

// completions answers /v1/completions.
func (s *Server) completions(ctx context.Context, x *exchange) error {
	r, err := parseCompletion(x.body)
	if err != nil {
		return err
	}
	m, err := s.bare(ctx, x, r.Model)
	if err != nil {
		return err
	}
	ids, err := prompts(r.Prompt, m)
	if err != nil {
		return err
	}
	most := defaultTokens
	if r.MaxTokens != nil {
		most = *r.MaxTokens
	}
	for i, p := range ids {
		if n := len(p) + most; n > m.Config.Context || len(p) == 0 {
			f := wrong("prompt", "prompt %d with its completion has %d tokens, the model's context %d, and a prompt at least 1", i, n, m.Config.Context)
			return f.withCode("context_length_exceeded")
		}
	}
	out := completionResponse{ID: "cmpl-" + x.id, Object: "text_completion", Created: s.cfg.Now().Unix(), Model: r.Model}
	ctx, leave := context.WithCancel(ctx)
	defer leave()                               // what is still at work after an error
	conts := make([]*continuation, 0, len(ids)) // some are at work while the first is read
	ahead := func(to int) error {
		for len(conts) < min(to, len(ids)) {
			c, err := begin(ctx, x.turn(), m, ids[len(conts)], most, r)
			if err != nil {
				return err
			}
			conts = append(conts, c)
		}
		return nil
	}
	if err := ahead(atWork); err != nil {
		return err
	}
	var events *stream
	piece := func(int, string) {}
	if r.Stream {
		events = newStream(x, s.cfg.Now)
		piece = s.completionPieces(events, x, r, out)
	}
	total := newUsage(0, 0)
	for i := range ids {
		choice, err := conts[i].finish(func(text string) { piece(i, text) })
		if err == nil {
			err = ahead(i + 1 + atWork)
		}
		if err != nil && events != nil {
			return events.fail(err)
		}
		if err != nil {
			return err
		}
		choice.Index = i
		total = newUsage(total.PromptTokens+int64(len(ids[i])), total.CompletionTokens+int64(conts[i].written))
		out.Choices = append(out.Choices, choice)
		if events != nil {
			events.event(r.chunk(out, completionChoice{Index: i, FinishReason: choice.FinishReason}))
		}
	}
	s.count(x.model, total)
	out.Usage = total.json()
	if events == nil {
		return x.send(out)
	}
	if r.usage {
		out.Choices = []completionChoice{}
		events.event(out)
	}
	return events.end()
}

// completionPieces sends texts as they come.
func (s *Server) completionPieces(events *stream, x *exchange, r *completionRequest, out completionResponse) func(int, string) {
	first := sync.OnceFunc(func() {
		s.metrics.first.WithLabelValues("/v1/completions").Observe(s.cfg.Now().Sub(x.since).Seconds())
	})
	return func(i int, text string) {
		first()
		events.event(r.chunk(out, completionChoice{Index: i, Text: text}))
	}
}

// chunk is a part of a stream with one choice.
func (r *completionRequest) chunk(of completionResponse, c completionChoice) completionResponse {
	of.Choices = []completionChoice{c}
	if r.usage {
		of.Usage = json.RawMessage("null")
	}
	return of
}

// bare is the model of that name that continues tokens.
func (s *Server) bare(ctx context.Context, x *exchange, model string) (session.Bare, error) {
	open := x.run.Small
	switch model {
	case SmallModel:
	case BlackBox:
		open = x.run.Large
	default:
		if err := s.known(ctx, x, model); err != nil {
			return session.Bare{}, err
		}
		return session.Bare{}, wrong("model", "it answers questions: ask it at /v1/chat/completions; %s and %s continue texts", SmallModel, BlackBox).withCode("model_not_found")
	}
	x.model = model
	return open(ctx)
}
