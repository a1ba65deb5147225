package llm

import (
	"regexp"
	"strings"
)

// Models that think aloud do so between marks: DeepSeek, Qwen and others write <think>, some <thinking>, <thought> or <reasoning>, Mistral [THINK],
// and gpt-oss the channels of its format.
var (
	openings = []string{"<think>", "<thinking>", "<thought>", "<reasoning>", "<reflection>", "[think]", "<|begin_of_thought|>", "<|channel|>analysis<|message|>"}
	closings = []string{"</think>", "</thinking>", "</thought>", "</reasoning>", "</reflection>", "[/think]", "<|end_of_thought|>", "<|channel|>final<|message|>"}

	opening, closing = anyOf(openings), anyOf(closings)
)

const longestMark = len("<|channel|>analysis<|message|>")

// anyOf finds one of some texts, in capitals or not.
func anyOf(texts []string) *regexp.Regexp {
	var quoted []string
	for _, t := range texts {
		quoted = append(quoted, regexp.QuoteMeta(t))
	}
	return regexp.MustCompile("(?i)" + strings.Join(quoted, "|"))
}

// visible is a reply without what the model thought, and whether it is still thinking at the end. A closing mark without an opening one ends
// thoughts that began with the prompt.
func visible(reply string) (text string, thinking bool) {
	for {
		open, end := opening.FindStringIndex(reply), closing.FindStringIndex(reply)
		switch {
		case end != nil && (open == nil || end[0] < open[0]):
			reply = reply[end[1]:]
		case end != nil:
			reply = reply[:open[0]] + " " + reply[end[1]:]
		case open != nil:
			return strings.TrimSpace(reply[:open[0]]), true
		default:
			return strings.TrimSpace(reply), false
		}
	}
}
