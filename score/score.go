// Package score measures free answers against right ones, as the benchmarks of question answering do: exact match and token F1 after SQuAD's
// normalisation (Rajpurkar et al., arXiv 1606.05250), whether an accepted answer is contained, ROUGE-L, and how much of a reply its passages support.
//
// A word is a run of letters and digits; in scripts without spaces, a character. It asks no model: a judge is the evaluation's business.
package score

import (
	"slices"
	"strings"
	"unicode"

	"slm/data/rouge"
)

// articles are left out of what is compared, as SQuAD's script does.
var articles = []string{"a", "an", "the"}

// Words are the words that answers are compared by: lower case, without punctuation and English articles. Punctuation joins what it stands between, as
// in SQuAD's script: "X-linked" is xlinked, and "U.S." is us.
func Words(text string) []string {
	bare := strings.Map(func(r rune) rune {
		if unicode.IsPunct(r) || r < unicode.MaxASCII && unicode.IsSymbol(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, text)
	var out []string
	for _, field := range strings.Fields(bare) {
		if !slices.Contains(articles, field) {
			out = append(out, apart(field)...)
		}
	}
	return out
}

// apart takes characters of scripts without spaces out of a word, each for itself.
func apart(field string) (out []string) {
	from := 0
	for at, r := range field {
		if unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar) {
			if from < at {
				out = append(out, field[from:at])
			}
			from = at + len(string(r))
			out = append(out, field[at:from])
		}
	}
	if from < len(field) {
		out = append(out, field[from:])
	}
	return out
}

// Exact reports whether a reply says one of some answers and nothing else.
func Exact(said string, gold []string) bool {
	words := Words(said)
	return slices.ContainsFunc(gold, func(g string) bool { return slices.Equal(words, Words(g)) })
}

// Contains reports whether the words of one of some answers stand in a reply, side by side. An answer without words is in none.
func Contains(said string, gold []string) bool {
	words := Words(said)
	return slices.ContainsFunc(gold, func(g string) bool {
		want := Words(g)
		for at := 0; len(want) > 0 && at+len(want) <= len(words); at++ {
			if slices.Equal(words[at:at+len(want)], want) {
				return true
			}
		}
		return false
	})
}

// F1 is the token F1 of a reply with the answer that it resembles most: their Overlap.
func F1(said string, gold []string) float64 { return best(said, gold, f1) }

// L is ROUGE-L of a reply with the answer that it resembles most, in [0,1].
func L(said string, gold []string) float64 { return best(said, gold, rouge.L) }

func best(said string, gold []string, of func(a, b string) float64) float64 {
	most := 0.0
	for _, g := range gold {
		most = max(most, of(said, g))
	}
	return most
}

func f1(said, gold string) float64 { return Overlap(Words(said), Words(gold)) }

// Overlap is the F1 of two bags of words, in [0,1]: 2PR/(P+R) over the words that both have, each as often as it stands. Where one has no word, it is 1 if both have none.
func Overlap(a, b []string) float64 {
	if len(a) == 0 || len(b) == 0 {
		if len(a) == len(b) {
			return 1
		}
		return 0
	}
	left := map[string]int{}
	for _, w := range b {
		left[w]++
	}
	both := 0
	for _, w := range a {
		if left[w] > 0 {
			left[w]--
			both++
		}
	}
	return 2 * float64(both) / float64(len(a)+len(b))
}
