package serve

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"slm/model/decode"
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
	Stream        bool            `json:"stream"`
	StreamOptions json.RawMessage `json:"stream_options"`

	usage bool
}

// completionNeutral are the fields of a completion that must ask for nothing.
var completionNeutral = with(sampling, neutral{"best_of": {"1"}, "suffix": {`""`}})

// Bounds of a completion.
const (
	defaultTokens = 16 // as OpenAI has it
	mostTop       = 20 // likeliest tokens at a place
	mostPrompts   = 256
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
		if id < 0 || int(id) >= m.Decoder.Config().Vocab {
			return nil, wrong(param, "token %d: the vocabulary has %d", id, m.Decoder.Config().Vocab)
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
		if n := len(p) + most; n > m.Decoder.Config().Context || len(p) == 0 {
			f := wrong("prompt", "prompt %d with its completion has %d tokens, the model's context %d, and a prompt at least 1", i, n, m.Decoder.Config().Context)
			return f.withCode("context_length_exceeded")
		}
	}
	out := completionResponse{ID: "cmpl-" + x.id, Object: "text_completion", Created: s.cfg.Now().Unix(), Model: r.Model}
	var events *stream
	if r.Stream {
		events = newStream(x, s.cfg.Now)
	}
	total := newUsage(0, 0)
	for i, prompt := range ids {
		c, written, err := complete(ctx, m, prompt, most, r)
		if err != nil && events != nil {
			return events.fail(err)
		}
		if err != nil {
			return err
		}
		c.Index = i
		total = newUsage(total.PromptTokens+int64(len(prompt)), total.CompletionTokens+int64(written))
		if events == nil {
			out.Choices = append(out.Choices, c)
			continue
		}
		chunk := out
		if r.usage {
			chunk.Usage = json.RawMessage("null")
		}
		for _, p := range pieces(c.Text) {
			chunk.Choices = []completionChoice{{Index: i, Text: p}}
			events.event(chunk)
		}
		chunk.Choices = []completionChoice{{Index: i, FinishReason: c.FinishReason}}
		events.event(chunk)
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

// complete continues one prompt. written is how many tokens it has made.
func complete(ctx context.Context, m session.Bare, prompt []int32, most int, r *completionRequest) (c completionChoice, written int, err error) {
	finish := "length"
	all := slices.Clone(prompt)
	if most > 0 {
		got, err := m.Decoder.Generate(ctx, []decode.Request{{Prompt: prompt, MaxNew: most, Stop: m.Stop}})
		if err != nil {
			return c, 0, err
		}
		if got[0].Stopped {
			finish = "stop"
		}
		all, written = append(all, got[0].Tokens...), len(got[0].Tokens)
	}
	begin := len(prompt)
	if r.Echo {
		begin = 0
	}
	text := string(m.Tokenizer.DecodeBytes(all[begin:]))
	head := 0 // of the text is the prompt, which no stop cuts
	if r.Echo {
		head = len(m.Tokenizer.DecodeBytes(prompt))
	}
	end := len(text) + 1 // behind the last token
	for _, stop := range r.Stop {
		if i := strings.Index(text[head:], stop); i >= 0 {
			text, finish, end = text[:head+i], "stop", head+i
		}
	}
	c = completionChoice{Text: strings.ToValidUTF8(text, string(utf8.RuneError)), FinishReason: &finish}
	if r.Logprobs != nil {
		traced, err := m.Decoder.Trace(ctx, all, *r.Logprobs)
		if err != nil {
			return c, 0, err
		}
		c.Logprobs = logprobsOf(m, all, begin, traced, *r.Logprobs > 0, end)
	}
	return c, written, nil
}

// logprobsOf puts what was traced of a text into OpenAI's shape: of the tokens from begin on that begin before a byte.
func logprobsOf(m session.Bare, all []int32, begin int, traced []decode.Traced, top bool, end int) *logprobs {
	l := &logprobs{Tokens: []string{}, Each: []*float64{}, TextOffset: []int{}}
	var before []byte
	for i := begin; i < len(all) && len(before) < end; i++ {
		token := m.Tokenizer.DecodeBytes(all[i : i+1])
		l.Tokens = append(l.Tokens, shown(token))
		l.TextOffset = append(l.TextOffset, wholeRunes(before))
		before = append(before, token...)
		if i == 0 {
			l.Each = append(l.Each, nil)
			if top {
				l.Top = append(l.Top, nil)
			}
			continue
		}
		at := traced[i-1]
		l.Each = append(l.Each, &at.LogProb)
		if !top {
			continue
		}
		likeliest := map[string]float64{}
		for _, t := range at.Top {
			name := shown(m.Tokenizer.DecodeBytes([]int32{t.Token}))
			if _, there := likeliest[name]; !there { // of two tokens of one text the likelier
				likeliest[name] = t.LogProb
			}
		}
		l.Top = append(l.Top, likeliest)
	}
	return l
}

// wholeRunes counts the characters of a text whose last may be there in part only.
func wholeRunes(text []byte) (n int) {
	for len(text) > 0 && utf8.FullRune(text) {
		_, size := utf8.DecodeRune(text)
		text, n = text[size:], n+1
	}
	return n
}

// shown is a token's text; of a part of a character its bytes, as OpenAI has it.
func shown(token []byte) string {
	if utf8.Valid(token) {
		return string(token)
	}
	var b strings.Builder
	b.WriteString("bytes:")
	for _, c := range token {
		fmt.Fprintf(&b, `\x%02x`, c)
	}
	return b.String()
}
