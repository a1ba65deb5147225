package llm

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// What goes over the wire, as far as it is used. Unknown fields are passed over: servers add their own.

type chatRequest struct {
	Model    string        `json:"model"`
	Messages []chatMessage `json:"messages"`
	sampling
}

type chatMessage struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

type completionRequest struct {
	Model  string `json:"model"`
	Prompt any    `json:"prompt"` // a text, or tokens
	sampling
	Echo     bool `json:"echo,omitempty"`
	LogProbs *int `json:"logprobs,omitempty"`

	Bias map[int32]int `json:"logit_bias,omitempty"` // added to logits of tokens, when one is drawn
}

// sampling is what some servers refuse or call by another name. It is filled in by dialect.
type sampling struct {
	MaxTokens           *int     `json:"max_tokens,omitempty"`
	MaxCompletionTokens *int     `json:"max_completion_tokens,omitempty"`
	Temperature         *float64 `json:"temperature,omitempty"`
	Seed                *int64   `json:"seed,omitempty"`
	Stop                []string `json:"stop,omitempty"`
	// Stream asks for the reply piece by piece.
	Stream  bool           `json:"stream,omitempty"`
	Options *streamOptions `json:"stream_options,omitempty"`
}

type completionReply struct {
	Model   string       `json:"model"`
	Choices []wireChoice `json:"choices"`
	Usage   *wireUsage   `json:"usage"`
	Error   *wireError   `json:"error"`

	said limits // the reply's headers
}

type wireUsage struct {
	PromptTokens     int `json:"prompt_tokens"`
	CompletionTokens int `json:"completion_tokens"`
}

type wireChoice struct {
	Text         *string       `json:"text"`
	Message      *replyMessage `json:"message"`
	FinishReason string        `json:"finish_reason"` // null comes as ""
	Error        *wireError    `json:"error"`
	// LogProbs has a position and a log-probability for each token of prompt and output. The first token has none.
	LogProbs *wireLogProbs `json:"logprobs"`
}

type wireLogProbs struct {
	Tokens        []string   `json:"tokens"`
	TokenLogProbs []*float64 `json:"token_logprobs"`
	TextOffset    []int      `json:"text_offset"` // from the prompt's start; characters, with some servers bytes

	Top     json.RawMessage `json:"top_logprobs,omitempty"` // by token, for each token a map from text to log-probability
	Content json.RawMessage `json:"content,omitempty"`      // the form of chats, which llama.cpp's server has in completions, too
}

type replyMessage struct {
	Content   content `json:"content"`
	Refusal   string  `json:"refusal"`           // OpenAI
	Reasoning content `json:"reasoning_content"` // DeepSeek, vLLM, llama-server
	Thoughts  content `json:"reasoning"`         // OpenRouter, Ollama
}

// content is a message's text: a string, or a list of parts, some of which may be thoughts or a refusal.
type content struct{ text, thoughts, refusal string }

// part is an item of a list.
type part struct {
	Type     string  `json:"type"`
	Text     content `json:"text"`
	Value    string  `json:"value"`    // in place of a text that has annotations
	Thinking content `json:"thinking"` // Mistral
	Refusal  string  `json:"refusal"`
}

// UnmarshalJSON reads a string, a part, a list of them, or null.
func (c *content) UnmarshalJSON(data []byte) error {
	switch data = bytes.TrimSpace(data); {
	case bytes.HasPrefix(data, []byte("[")):
		var list []content
		if err := json.Unmarshal(data, &list); err != nil {
			return err
		}
		for _, item := range list {
			c.text, c.thoughts, c.refusal = c.text+item.text, c.thoughts+item.thoughts, c.refusal+item.refusal
		}
		return nil
	case bytes.HasPrefix(data, []byte("{")):
		var p part
		if err := json.Unmarshal(data, &p); err != nil {
			return err
		}
		if strings.Contains(p.Type, "think") || strings.Contains(p.Type, "reason") {
			c.thoughts = p.Thinking.text + p.Text.text
			return nil
		}
		c.text, c.thoughts, c.refusal = p.Text.text+p.Value, p.Thinking.text, p.Refusal
		return nil
	}
	return json.Unmarshal(data, &c.text)
}

// UnmarshalJSON reads counts as numbers, and as texts. What is neither is 0: not reported.
func (u *wireUsage) UnmarshalJSON(data []byte) error {
	var counts struct {
		Prompt     any `json:"prompt_tokens"`
		Completion any `json:"completion_tokens"`
	}
	if err := json.Unmarshal(data, &counts); err != nil {
		return nil // a reply whose usage has another form is as good as one without
	}
	read := func(v any) int {
		n, err := strconv.ParseFloat(words(v), 64)
		if err != nil || n != math.Trunc(n) || math.Abs(n) > math.MaxInt32 {
			return 0
		}
		return int(n)
	}
	*u = wireUsage{read(counts.Prompt), read(counts.Completion)}
	return nil
}

// wireError is what a server says of a failure: an object, or a text alone.
type wireError struct {
	Message, Type, Param, Code string

	more string // what else stands there, in which gateways pass on what the server behind them said
}

// UnmarshalJSON reads whatever a server puts there.
func (e *wireError) UnmarshalJSON(data []byte) error {
	var object struct {
		Message any `json:"message"`
		Type    any `json:"type"`
		Param   any `json:"param"`
		Code    any `json:"code"`
		Status  any `json:"status"`
		Inner   any `json:"innererror"`
		Meta    any `json:"metadata"`
	}
	if json.Unmarshal(data, &object) != nil {
		var any any
		if err := json.Unmarshal(data, &any); err != nil {
			return err
		}
		if e.Message = words(any); e.Message == "false" || e.Message == "0" || e.Message == "[]" {
			e.Message = ""
		}
		return nil
	}
	e.Message, e.Param, e.Code = words(object.Message), words(object.Param), words(object.Code)
	e.Type = strings.TrimSpace(words(object.Type) + " " + words(object.Status))
	e.more = strings.TrimSpace(words(object.Inner) + " " + words(object.Meta))
	return nil
}

// words is a value of JSON as text; null is "".
func words(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case float64:
		return fmt.Sprint(v)
	}
	text, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(text)
}

// some is nil for an error that says nothing, as some servers put one into every reply.
func (e *wireError) some() *wireError {
	if e == nil || e.Message+e.Type+e.Code+e.more == "" || e.Code == "0" && e.Message == "" {
		return nil
	}
	return e
}

// text is the error for a message.
func (e *wireError) text() string {
	switch {
	case e.Message == "":
		return strings.TrimSpace(e.Code + " " + e.Type + " " + e.more)
	case e.more != "":
		return e.Message + " " + e.more
	}
	return e.Message
}
