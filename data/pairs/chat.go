package pairs

import (
	"fmt"
	"strings"

	"slm/data/rows"
)

// Who says a message, by the names of OpenAI and of ShareGPT. What a system message says is the asker's wish for a style, and no question.
var roles = map[string]string{
	"system": "system", "developer": "system",
	"user": "user", "human": "user",
	"assistant": "assistant", "gpt": "assistant", "model": "assistant", "bot": "assistant", "chatgpt": "assistant",
}

// conversation reads messages as pairs: each of the user with the assistant's behind it. field is for messages.
func conversation(field string, v any) ([]exchange, error) {
	list, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("field %q is %s; it must be a list of messages", field, rows.Describe(v))
	}
	var out []exchange
	question, asked := "", 0
	for i, v := range list {
		at := fmt.Sprintf("field %q: message %d", field, i+1)
		role, text, err := message(v)
		switch {
		case err != nil:
			return nil, fmt.Errorf("%s %w", at, err)
		case role == "system" && i == 0:
		case role == "user" && asked == 0:
			question, asked = text, i+1
		case role == "assistant" && asked > 0:
			out = append(out, exchange{question, text, [2]string{fmt.Sprintf("field %q: message %d", field, asked), at}})
			asked = 0
		default:
			return nil, fmt.Errorf("%s is of the %s; a question of the user and an answer of the assistant take turns, behind one system message at most", at, role)
		}
	}
	if asked > 0 || len(out) == 0 {
		return nil, fmt.Errorf("field %q ends without an answer of the assistant", field)
	}
	return out, nil
}

// message reads one message: who says what.
func message(v any) (role, text string, err error) {
	o, ok := v.(rows.Object)
	if !ok {
		return "", "", fmt.Errorf("is %s; it must be an object", rows.Describe(v))
	}
	who, what := o.First("role", "from"), o.First("content", "value")
	if who == "" || what == "" {
		return "", "", fmt.Errorf("has no role and content, or from and value (found: %s)", strings.Join(o.Names, ", "))
	}
	name, err := o.Text(who)
	if err != nil {
		return "", "", err
	}
	if role = roles[strings.ToLower(name)]; role == "" {
		return "", "", fmt.Errorf("is of the role %q; it must be system, user or assistant", name)
	}
	content, _ := o.Value(what)
	parts, ok := content.([]any)
	if !ok {
		text, err = o.Text(what)
		return role, text, err
	}
	var texts []string
	for _, p := range parts {
		part, _ := p.(rows.Object)
		text, err := part.Text("text")
		if err != nil || !part.Has("text") {
			return "", "", fmt.Errorf("has a part that is no text")
		}
		texts = append(texts, text)
	}
	return role, strings.Join(texts, "\n"), nil
}
