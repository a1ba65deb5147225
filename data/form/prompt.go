package form

import "strings"

// Ask renders a question as the small model's prompt. It does not end in a space: see Join.
func Ask(question string) string {
	return "Question: " + strings.Join(strings.Fields(question), " ") + "\nAnswer:"
}
