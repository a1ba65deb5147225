package form

import (
	"fmt"
	"strings"
)

// Ask renders a question as the small model's prompt. It does not end in a space: see Join.
func Ask(question string) string {
	return "Question: " + strings.Join(strings.Fields(question), " ") + "\nAnswer:"
}

// Cloze renders a question as the black box's prompt that each option continues, with what is known about it, if anything. It ends without a
// space, and the options begin with one: see Join.
func Cloze(knowledge, question string) string { return known(knowledge, question) + "Answer:" }

// Letters renders a question with its options as the black box's prompt, which asks for a letter.
func Letters(knowledge, question string, options []string) string {
	var b strings.Builder
	b.WriteString(known(knowledge, question))
	for i, o := range options {
		fmt.Fprintf(&b, "%c. %s\n", 'A'+i, strings.TrimSpace(o))
	}
	b.WriteString("Reply with the letter of the right answer and nothing else.\nAnswer:")
	return b.String()
}

// Free renders a question as the black box's prompt, which asks for a reply in words.
func Free(knowledge, question string) string {
	return known(knowledge, question) + "Answer in one or two sentences."
}

// known is what is known about a question, and the question.
func known(knowledge, question string) string {
	text := "Question: " + strings.TrimSpace(question) + "\n"
	if k := strings.TrimSpace(knowledge); k != "" {
		return k + "\n\n" + text
	}
	return text
}
