package knowledge

import "strings"

// StartsAs reports whether a text begins with the first n characters of the true one, white space folded. A shorter true text must
// be there in full, and an empty one is never recalled.
func StartsAs(text, truth string, n int) bool {
	want := []rune(Fold(truth))
	if len(want) == 0 {
		return false
	}
	return strings.HasPrefix(Fold(text), string(want[:min(n, len(want))]))
}

// Fold reduces white space to single spaces.
func Fold(text string) string { return strings.Join(strings.Fields(text), " ") }
