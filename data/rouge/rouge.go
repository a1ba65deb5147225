// Package rouge measures how much of one short text stands in another in the same order: ROUGE-L (Lin, 2004), the F-measure of the longest common
// subsequence of words. Index finds the near copies of a text among many, as the filter of Self-Instruct (arXiv 2212.10560) needs it.
//
// It knows no language: a word is a run of letters and digits, and in scripts without spaces a character.
package rouge

import (
	"math/bits"
	"strings"
	"unicode"
)

// Words are the words of a text in lower case: runs of letters and digits; characters of scripts that are written without spaces stand alone.
func Words(text string) []string {
	var out []string
	var word strings.Builder
	end := func() {
		if word.Len() > 0 {
			out = append(out, word.String())
			word.Reset()
		}
	}
	for _, r := range strings.ToLower(text) {
		switch {
		case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar):
			end()
			out = append(out, string(r))
		case unicode.IsLetter(r), unicode.IsDigit(r), unicode.IsMark(r):
			word.WriteRune(r)
		default:
			end()
		}
	}
	end()
	return out
}

// L is ROUGE-L of two texts: 2PR/(P+R) with P = l/|a| and R = l/|b|, where l is the length of the longest common subsequence of their words. It is
// symmetric, 1 for equal texts, and 0 where one has no word.
func L(a, b string) float64 {
	x, y := Words(a), Words(b)
	return measure(subsequence(x, y), len(x), len(y))
}

// measure is the F-measure of a common subsequence of l words. 2PR/(P+R) = 2l/(|a|+|b|).
func measure(l, a, b int) float64 {
	if l == 0 {
		return 0
	}
	return 2 * float64(l) / float64(a+b)
}

// subsequence is the length of the longest common subsequence: Hyyrö's bit-parallel form (2004), a word of the machine for 64 of a.
func subsequence[T comparable](a, b []T) int {
	words := (len(a) + 63) / 64
	at := map[T][]uint64{}
	for i, x := range a {
		if at[x] == nil {
			at[x] = make([]uint64, words)
		}
		at[x][i/64] |= 1 << (i % 64)
	}
	v := make([]uint64, words) // a zero bit is a word of a that the subsequence has
	for i := range v {
		v[i] = ^uint64(0)
	}
	for _, y := range b {
		mask, ok := at[y]
		if !ok {
			continue
		}
		var carry uint64
		for i := range v {
			u := v[i] & mask[i]
			var sum uint64
			sum, carry = bits.Add64(v[i], u, carry)
			v[i] = sum | (v[i] &^ u)
		}
	}
	n := 0
	for i, x := range v {
		zeros := ^x
		if rest := len(a) - 64*i; rest < 64 {
			zeros &= 1<<rest - 1
		}
		n += bits.OnesCount64(zeros)
	}
	return n
}

// Run is the length of the longest run of words that two texts share.
func Run(a, b []string) int {
	longest := 0
	before := make([]int, len(b)+1)
	for _, x := range a {
		now := make([]int, len(b)+1)
		for j, y := range b {
			if x == y {
				now[j+1] = before[j] + 1
				longest = max(longest, now[j+1])
			}
		}
		before = now
	}
	return longest
}
