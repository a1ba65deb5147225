package form

// Ask renders a question as the small model's prompt. It does not end in a space: see Join.
func Ask(question string) string {
	return "Question: " + oneLine(question) + "\nAnswer:"
}
