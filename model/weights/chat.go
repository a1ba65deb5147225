package weights

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/nikolalohinski/gonja/v2/exec"

	"slm/data/tokenizer"
)

// Message is one turn of a conversation.
type Message struct{ Role, Content string }

// Chat renders conversations in the ChatML form, `<|im_start|>role\ncontent<|im_end|>\n`, or by a Jinja template.
type Chat struct {
	// System is what the model is told when the conversation does not begin with a system message; "" means nothing, or what the template says.
	System string

	template   *exec.Template // nil: ChatML
	start, end string         // what a text begins and ends with, for templates that write it
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

// ChatOf reads a model's chat template. One that cannot be run is an error: to guess would give a model that talks gibberish.
func ChatOf(s Source, t *tokenizer.Tokenizer) (Chat, error) {
	template := s.ChatTemplate()
	if template == "" {
		return Chat{}, fmt.Errorf("%w: %s: the model has no chat template", ErrUnsupported, s.Name())
	}
	if chat, ok := parseTemplate(template); ok {
		return chat, nil
	}
	compiled, err := compile(template)
	if err == nil { // what is not there is found out when it is used
		_, err = run(compiled, []Message{{Role: "user", Content: "?"}}, true, "", "")
	}
	if err != nil {
		return Chat{}, fmt.Errorf("%w: %s: the chat template cannot be read: %w", ErrUnsupported, s.Name(), err)
	}
	chat := Chat{template: compiled}
	if id, ok := t.Start(); ok {
		chat.start = t.Token(id)
	}
	if e, ok := s.(interface{ End() (string, error) }); ok {
		if chat.end, err = e.End(); err != nil {
			return Chat{}, err
		}
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

// Render is the conversation as text; with reply it ends where the assistant's answer begins. A conversation that the template does not take is
// an error.
func (c Chat) Render(messages []Message, reply bool) (string, error) {
	if c.template != nil {
		text, err := run(c.template, messages, reply, c.start, c.end)
		if err != nil {
			return "", fmt.Errorf("%w: the chat template: %w", ErrUnsupported, err)
		}
		return text, nil
	}
	var b strings.Builder
	for _, m := range c.complete(messages) {
		b.WriteString(chatStart + m.Role + "\n" + m.Content + chatEnd + "\n")
	}
	if reply {
		b.WriteString(chatStart + "assistant\n")
	}
	return b.String(), nil
}

// Encode is the conversation as tokens: those of Render, but marks that stand inside a message are plain text, so that no message
// can end itself and begin another. It begins with the model's start token, once, if it has one.
func (c Chat) Encode(t *tokenizer.Tokenizer, messages []Message, reply bool) ([]int32, error) {
	if c.template == nil {
		for _, mark := range []string{chatStart, chatEnd} {
			if _, ok := t.ID(mark); !ok {
				return nil, fmt.Errorf("%w: the vocabulary lacks %s", ErrUnsupported, mark)
			}
		}
		messages = c.complete(messages)
	}
	text, err := c.Render(messages, reply)
	if err != nil {
		return nil, err
	}
	parts, err := c.parts(t, text, messages, reply)
	if err != nil {
		return nil, err
	}
	ids := t.EncodeAround(text, parts)
	if start, ok := t.Start(); ok && (len(ids) == 0 || ids[0] != start) {
		ids = append([]int32{start}, ids...)
	}
	return ids, nil
}

// parts finds the messages in a rendered conversation. Where they cannot be found, they must hold nothing that could be taken for a mark.
func (c Chat) parts(t *tokenizer.Tokenizer, text string, messages []Message, reply bool) ([][2]int, error) {
	stand := slices.Clone(messages)
	for i := range stand {
		stand[i].Content = sentinel(i)
	}
	marked, err := c.Render(stand, reply)
	if err != nil {
		return nil, err
	}
	if parts, ok := places(text, marked, messages); ok {
		return parts, nil
	}
	for _, m := range messages {
		if !slices.Equal(t.Encode(m.Content), t.EncodeSpecial(m.Content)) {
			return nil, fmt.Errorf("%w: the chat template changes a message that holds marks of its own", ErrUnsupported)
		}
	}
	return nil, nil
}

func (c Chat) complete(messages []Message) []Message {
	if c.System == "" || len(messages) == 0 || messages[0].Role == "system" {
		return messages
	}
	return append([]Message{{"system", c.System}}, messages...)
}
