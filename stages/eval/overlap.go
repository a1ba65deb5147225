package eval

import "slm/stages/knowledge"

// mostLike returns the option whose character trigrams are most completely found in the text, or −1 when none has any there, or
// at most the share least of them. It is how a text is judged without an LLM: which option it would have meant. Ties go to the first option.
func mostLike(text string, options []string, least float64) int {
	have := trigrams(text)
	best, most := -1, least
	for i, o := range options {
		grams, found := trigrams(o), 0
		for g := range grams {
			if have[g] {
				found++
			}
		}
		if len(grams) == 0 {
			continue
		}
		if share := float64(found) / float64(len(grams)); share > most {
			best, most = i, share
		}
	}
	return best
}

// trigrams is the set of three characters in a row of a text, white space folded.
func trigrams(text string) map[string]bool {
	rs := []rune(knowledge.Fold(text))
	set := make(map[string]bool, len(rs))
	for i := 0; i+3 <= len(rs); i++ {
		set[string(rs[i:i+3])] = true
	}
	return set
}
