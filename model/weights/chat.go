package weights

import (
	"fmt"
	"regexp"
	"strings"

	"slm/data/tokenizer"
)

// Message is one turn of a conversation.
type Message struct{ Role, Content string }

// Chat renders conversations in the ChatML form, `<|im_start|>role\ncontent<|im_end|>\n`.
type Chat struct {
	// System is what the model is told when the conversation does not begin with a system message; "" means nothing.
	System string
}

const (
	chatStart = "<|im_start|>"
	chatEnd   = "<|im_end|>"
)

// chatML matches the templates of ChatML, with or without a default system message, after their white space has been put in order.
var chatML = regexp.MustCompile(`(?s)^` + `\{% for message in messages %\}` +
	`(?:\{% if loop\.first and messages\[0\]\['role'\] != 'system' %\}\{\{'<\|im_start\|>system\n([^'{}]*)<\|im_end\|>\n'\}\}\{% endif %\})?` +
	`\{\{'<\|im_start\|>' \+ message\['role'\] \+ '\n' \+ message\['content'\] \+ '<\|im_end\|>' \+ '\n'\}\}\{% endfor %\}` +
	`\{% if add_generation_prompt %\}\{\{'<\|im_start\|>assistant\n'\}\}\{% endif %\}$`)

var (
	templateOpen  = regexp.MustCompile(`\{\{ +`)
	templateClose = regexp.MustCompile(` +\}\}`)
)

// ChatOf reads a model's chat template. A template that is not ChatML is an error: to guess would give a model that talks gibberish.
func ChatOf(s Source) (Chat, error) {
	template := s.ChatTemplate()
	if template == "" {
		return Chat{}, fmt.Errorf("%w: %s: the model has no chat template", ErrUnsupported, s.Name())
	}
	chat, ok := parseTemplate(template)
	if !ok {
		return Chat{}, fmt.Errorf("%w: %s: the chat template is not ChatML: %.80q", ErrUnsupported, s.Name(), template)
	}
	return chat, nil
}

func parseTemplate(template string) (Chat, bool) {
	plain := strings.ReplaceAll(strings.TrimSpace(template), `\n`, "\n")
	plain = templateClose.ReplaceAllString(templateOpen.ReplaceAllString(plain, "{{"), "}}")
	m := chatML.FindStringSubmatch(plain)
	if m == nil {
		return Chat{}, false
	}
	return Chat{System: m[1]}, true
}

// Render is the conversation as text; with reply it ends where the assistant's answer begins.
func (c Chat) Render(messages []Message, reply bool) string {
	var b strings.Builder
	for _, m := range c.complete(messages) {
		b.WriteString(chatStart + m.Role + "\n" + m.Content + chatEnd + "\n")
	}
	if reply {
		b.WriteString(chatStart + "assistant\n")
	}
	return b.String()
}

// Encode is the conversation as tokens: those of Render, but marks that stand inside a message are plain text, so that no message
// can end itself and begin another.
func (c Chat) Encode(t *tokenizer.Tokenizer, messages []Message, reply bool) ([]int32, error) {
	start, ok := t.ID(chatStart)
	end, ok2 := t.ID(chatEnd)
	if !ok || !ok2 {
		return nil, fmt.Errorf("%w: the vocabulary lacks %s or %s", ErrUnsupported, chatStart, chatEnd)
	}
	var ids []int32
	for _, m := range c.complete(messages) {
		ids = append(ids, start)
		ids = append(ids, t.Encode(m.Role+"\n"+m.Content)...)
		ids = append(ids, end)
		ids = append(ids, t.Encode("\n")...)
	}
	if reply {
		ids = append(ids, start)
		ids = append(ids, t.Encode("assistant\n")...)
	}
	return ids, nil
}

func (c Chat) complete(messages []Message) []Message {
	if c.System == "" || len(messages) == 0 || messages[0].Role == "system" {
		return messages
	}
	return append([]Message{{"system", c.System}}, messages...)
}
