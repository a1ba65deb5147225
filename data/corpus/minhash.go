package corpus

import (
	"math"
	"strings"
	"unicode"
)

// Permutations is the length of a signature: the standard error of Similarity is at most 1/(2√128) = 0.044.
const Permutations = 128

// shingle is how many words in a row make one element of the set that a signature stands for.
const shingle = 5

// MinHash is the signature of a text: the minimum of each of 128 hash permutations over its 5-word shingles (Broder 1997).
// The share of equal places in two signatures estimates the Jaccard similarity of the two sets of shingles.
type MinHash [Permutations]uint32

// Signature returns the signature of a text, in time proportional to its length. Case, punctuation and white space do not count;
// in scripts written without spaces each character is a word. Texts shorter than a shingle are one shingle; an empty text has
// the all-ones signature.
func Signature(text string) MinHash {
	var m MinHash
	for i := range m {
		m[i] = math.MaxUint32
	}
	for h := range shingles(Words(text), shingle) {
		for i := range m {
			// One multiply-shift hash a permutation; the odd multipliers come from a fixed SplitMix64 sequence.
			if v := uint32((h*multipliers[i] + addends[i]) >> 32); v < m[i] {
				m[i] = v
			}
		}
	}
	return m
}

// Similarity estimates the Jaccard similarity of the texts behind two signatures, in [0,1].
func Similarity(a, b MinHash) float64 {
	same := 0
	for i := range a {
		if a[i] == b[i] {
			same++
		}
	}
	return float64(same) / Permutations
}

// Jaccard returns the exact similarity of two texts' sets of n-word shingles, in [0,1]; two empty texts are alike.
func Jaccard(a, b string, n int) float64 {
	x, y := shingles(Words(a), n), shingles(Words(b), n)
	if len(x) == 0 && len(y) == 0 {
		return 1
	}
	both := 0
	for h := range x {
		if _, ok := y[h]; ok {
			both++
		}
	}
	return float64(both) / float64(len(x)+len(y)-both)
}

// Words cuts text into lower-case words of letters and digits; a character of a script written without spaces is a word.
func Words(text string) []string {
	var words []string
	start := -1
	lower := strings.ToLower(text)
	for i, r := range lower {
		alone := unspaced(r)
		if !alone && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)) {
			if start < 0 {
				start = i
			}
			continue
		}
		if start >= 0 {
			words, start = append(words, lower[start:i]), -1
		}
		if alone && unicode.IsLetter(r) {
			words = append(words, string(r))
		}
	}
	if start >= 0 {
		words = append(words, lower[start:])
	}
	return words
}

// shingles returns the set of hashes of the runs of n words.
func shingles(words []string, n int) map[uint64]struct{} {
	set := make(map[uint64]struct{}, len(words))
	if len(words) == 0 {
		return set
	}
	hashes := make([]uint64, len(words))
	for i, w := range words {
		hashes[i] = hashString(w)
	}
	for i := 0; i == 0 || i+n <= len(hashes); i++ {
		h := uint64(n)
		for _, w := range hashes[i:min(i+n, len(hashes))] {
			h = mix(h ^ w)
		}
		set[h] = struct{}{}
	}
	return set
}

var multipliers, addends = func() (a, b [Permutations]uint64) {
	state := uint64(0x5a17c0de) // any constant; it is part of the meaning of a stored signature
	next := func() uint64 { state += 0x9e3779b97f4a7c15; return mix(state) }
	for i := range a {
		a[i], b[i] = next()|1, next()
	}
	return a, b
}()

// mix is SplitMix64's finaliser.
func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// hashString is 64-bit FNV-1a with a final mix.
func hashString(s string) uint64 {
	h := uint64(0xcbf29ce484222325)
	for i := 0; i < len(s); i++ {
		h = (h ^ uint64(s[i])) * 0x100000001b3
	}
	return mix(h)
}
