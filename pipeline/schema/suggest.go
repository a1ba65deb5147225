package schema

import (
	"fmt"
	"strings"
)

// didYouMean is the note under an unknown word: the likeliest candidate, and all of them.
func didYouMean(word string, candidates []string, where string) string {
	list := strings.Join(candidates, ", ")
	if len(candidates) == 0 {
		return ""
	}
	if where != "" {
		list = where + " has: " + list
	}
	if best := Closest(word, candidates); best != "" {
		return fmt.Sprintf("did you mean %q? (%s)", best, list)
	}
	return list
}

// Closest returns the candidate that a typing mistake, another way of writing or a spelled-out form of it would turn into word; ""
// when none is near.
func Closest(word string, candidates []string) string {
	best, least := "", 1+max(1, len(word)/3)
	low := fold(word)
	for _, c := range candidates {
		d := distance(low, fold(c))
		if d < least {
			best, least = c, d
		}
	}
	if best != "" {
		return best
	}
	for _, c := range candidates { // learning_rate → lr, n_layers → layers, ctx → context
		f := fold(c)
		if initials(word) == f || len(low) > 2 && strings.HasPrefix(f, low) || len(f) > 2 && (strings.HasPrefix(low, f) || strings.HasSuffix(low, f)) || len(low) > 2 && subsequence(low, f) {
			return c
		}
	}
	return ""
}

// fold drops what people vary: case, dashes, underscores.
func fold(s string) string {
	return strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(s))
}

// initials of learning_rat is lr.
func initials(s string) string {
	var b strings.Builder
	for _, part := range strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return r == '_' || r == '-' }) {
		b.WriteByte(part[0])
	}
	return b.String()
}

// subsequence reports whether short can be had from long by leaving letters out, beginning with the same one.
func subsequence(short, long string) bool {
	if short == "" || long == "" || short[0] != long[0] {
		return false
	}
	i := 0
	for j := 0; j < len(long) && i < len(short); j++ {
		if short[i] == long[j] {
			i++
		}
	}
	return i == len(short)
}

// distance is the optimal string alignment distance in bytes: insertions, deletions, replacements and swaps of neighbours cost 1.
// O(len(a)·len(b)).
func distance(a, b string) int {
	const longest = 64 // no key is longer
	if len(a) > longest || len(b) > longest {
		return longest
	}
	var d [longest + 1][longest + 1]int
	for i := range len(a) + 1 {
		d[i][0] = i
	}
	for j := range len(b) + 1 {
		d[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			replace := d[i-1][j-1]
			if a[i-1] != b[j-1] {
				replace++
			}
			d[i][j] = min(d[i-1][j]+1, d[i][j-1]+1, replace)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(a)][len(b)]
}
