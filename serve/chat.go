package serve

import (
	"encoding/json"
	"fmt"
	"strings"

	"slm/stages/route"
)

// chatRequest is what is read of a request for a chat completion.
type chatRequest struct {
	Model               string            `json:"model"`
	Messages            []json.RawMessage `json:"messages"`
	MaxTokens           *int              `json:"max_tokens"`
	MaxCompletionTokens *int              `json:"max_completion_tokens"`
	Stop                texts             `json:"stop"`
	Stream              bool              `json:"stream"`
	StreamOptions       json.RawMessage   `json:"stream_options"`
	SLM                 json.RawMessage   `json:"slm"`

	usage   bool // a chunk with the usage is asked for
	options askOptions
}

// askOptions are what a request may say beyond OpenAI's protocol, in its field slm.
type askOptions struct {
	Choices   []string `json:"choices"`   // the answer is one of them
	Footnotes bool     `json:"footnotes"` // the sources stand in the reply too, as Markdown
	Messages  string   `json:"messages"`  // "last": of several messages only the last is read
	Knowledge bool     `json:"knowledge"` // the LLM is not asked: the reply is what it would be given
	Route     string   `json:"route"`     // what auto is to reach: "quality 99 %", "calls 0.5", "usd 1/1000"
}

// sampling are the fields that both kinds of completion have and that must ask for nothing: every reply is the most likely one.
var sampling = neutral{
	"temperature": {"0"}, "top_p": {"1"}, "n": {"1"}, "presence_penalty": {"0"}, "frequency_penalty": {"0"}, "logit_bias": {"{}"},
	"seed": {anything}, "user": {anything}, // a reply is the same for every seed and user
}

// chatNeutral are the other fields of a chat completion that must ask for nothing.
var chatNeutral = with(sampling, neutral{
	"logprobs": {"false"}, "top_logprobs": {"0"}, "tools": {"[]"}, "tool_choice": {`"none"`, `"auto"`}, "parallel_tool_calls": {anything}, "functions": {"[]"},
	"function_call": {`"none"`}, "response_format": {`{"type":"text"}`}, "modalities": {`["text"]`}, "store": {"false"}, "metadata": {"{}"},
	"service_tier": {`"auto"`, `"default"`}, "safety_identifier": {anything}, "prompt_cache_key": {anything},
})

func with(a, b neutral) neutral {
	out := neutral{}
	for _, from := range []neutral{a, b} {
		for k, v := range from {
			out[k] = v
		}
	}
	return out
}

// parseChat reads a request for a chat completion and the one question in it.
func parseChat(body []byte) (*chatRequest, string, error) {
	r := &chatRequest{}
	if err := parse(body, "", r, chatNeutral); err != nil {
		return nil, "", err
	}
	if r.Model == "" {
		return nil, "", wrong("model", "missing")
	}
	if r.MaxTokens != nil && r.MaxCompletionTokens != nil {
		return nil, "", wrong("max_tokens", "stands beside max_completion_tokens; give one of them")
	}
	if r.MaxTokens != nil && *r.MaxTokens < 1 {
		return nil, "", wrong("max_tokens", "at least 1")
	}
	if r.MaxCompletionTokens != nil && *r.MaxCompletionTokens < 1 {
		return nil, "", wrong("max_completion_tokens", "at least 1")
	}
	if err := checkStop(r.Stop); err != nil {
		return nil, "", err
	}
	var err error
	if r.usage, err = streamUsage(r.StreamOptions, r.Stream); err != nil {
		return nil, "", err
	}
	if r.SLM != nil {
		if err := parse(r.SLM, "slm.", &r.options, nil); err != nil {
			return nil, "", err
		}
	}
	if n := len(r.options.Choices); n == 1 || n > 26 {
		return nil, "", wrong("slm.choices", "a question has 2 to 26 choices")
	}
	if m := r.options.Messages; m != "" && m != "last" {
		return nil, "", wrong("slm.messages", `"last" is all that it can be`)
	}
	if r.options.Route != "" {
		if _, err := route.Parse(r.options.Route); err != nil {
			return nil, "", wrong("slm.route", "%v", route.ErrTarget)
		}
	}
	question, err := questionOf(r.Messages, r.options.Messages == "last")
	return r, question, err
}

// checkStop checks the texts that end a reply.
func checkStop(stop []string) error {
	if len(stop) > 4 {
		return wrong("stop", "at most 4 texts")
	}
	for _, s := range stop {
		if s == "" {
			return wrong("stop", "a text is empty")
		}
	}
	return nil
}

// streamUsage reads stream_options.
func streamUsage(raw json.RawMessage, stream bool) (bool, error) {
	if raw == nil || string(raw) == "null" {
		return false, nil
	}
	if !stream {
		return false, wrong("stream_options", "only with stream: true")
	}
	var o struct {
		IncludeUsage bool `json:"include_usage"`
	}
	err := parse(raw, "stream_options.", &o, neutral{"include_obfuscation": {"false"}})
	return o.IncludeUsage, err
}

// questionOf is the text of the one message that a user has written. A system answers a question by itself, so further messages would be dropped:
// they are refused, unless only the last is wanted.
func questionOf(messages []json.RawMessage, last bool) (string, error) {
	if len(messages) == 0 {
		return "", wrong("messages", "missing")
	}
	first := 0
	if last {
		first = len(messages) - 1
	}
	at := fmt.Sprintf("messages[%d]", first)
	var m struct {
		Role    string          `json:"role"`
		Content json.RawMessage `json:"content"`
	}
	if err := parse(messages[first], at+".", &m, neutral{"name": {anything}}); err != nil {
		return "", err
	}
	switch {
	case m.Role != "user":
		return "", wrong(at+".role", `a question of a user is answered by itself; leave other messages out, or give slm.messages: "last"`).withCode("unsupported_value")
	case first < len(messages)-1:
		return "", wrong("messages", `one question at a time; leave the others out, or give slm.messages: "last"`).withCode("unsupported_value")
	}
	text, err := contentOf(m.Content, at+".content")
	if err == nil && strings.TrimSpace(text) == "" {
		err = wrong(at+".content", "the question is empty")
	}
	return text, err
}

// contentOf is a message's text: a string, or parts that are text.
func contentOf(raw json.RawMessage, param string) (string, error) {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text, nil
	}
	var parts []json.RawMessage
	if err := json.Unmarshal(raw, &parts); err != nil {
		return "", wrong(param, "a string or a list of parts")
	}
	for i, p := range parts {
		at := fmt.Sprintf("%s[%d]", param, i)
		var part struct {
			Type string `json:"type"`
			Text string `json:"text"`
		}
		members, err := object(p, at+".")
		if err != nil {
			return "", err
		}
		for _, m := range members {
			if m.name == "type" {
				_ = json.Unmarshal(m.raw, &part.Type) // else it is no text
			}
		}
		if part.Type != "text" {
			return "", wrong(at+".type", "only text can be read").withCode("unsupported_value")
		}
		if err := parse(p, at+".", &part, nil); err != nil {
			return "", err
		}
		text += part.Text
	}
	return text, nil
}
