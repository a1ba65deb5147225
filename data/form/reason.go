package form

import "strings"

// Reason renders a task as the small model's prompt: an instruction, the text and the question. It does not end in a space: see Join.
func Reason(instruction, text, question string) string {
	return strings.TrimSpace(oneLine(instruction)+"\nText: "+oneLine(text)) + "\n" + Ask(question)
}

// AskReason is the message that asks a language model for an answer that is reasoned as an instruction says.
func AskReason(instruction, text, question string) string {
	return "Text: " + oneLine(text) + "\n\nQuestion: " + oneLine(question) + "\n\n" + oneLine(instruction) +
		" End with \u201cTherefore:\u201d and the answer alone, in as few words as it takes: words of the text, a number, A or B, or Yes or No."
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
