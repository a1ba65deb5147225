package study

// Values cuts a list of a flag at commas outside of brackets: [1,2],[3] are two values.
func Values(text string) (values []string) {
	depth, from := 0, 0
	for i, r := range text {
		switch {
		case r == '[' || r == '{':
			depth++
		case r == ']' || r == '}':
			depth--
		case r == ',' && depth == 0:
			values = append(values, text[from:i])
			from = i + 1
		}
	}
	return append(values, text[from:])
}
