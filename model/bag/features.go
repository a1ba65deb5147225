package bag

import (
	"unicode/utf8"

	"slm/data/corpus/clean"
)

// MaxFeatures bounds the features of a text that an encoder is trained on.
const MaxFeatures = 512

const (
	gramRunes = 3 // characters of a piece of a word, its borders included
	seedWord  = 0x811c9dc5
	seedGram  = 0x9e3779b9
	seedPair  = 0x85ebca6b
)

// Features are the rows of a table of so many rows that a text consists of, found by hashing, so that no vocabulary is needed and a word that the
// corpus has not shares pieces with those that it has (Bojanowski et al. 2017, arXiv 1607.04606): each word, the pieces of three characters of each
// longer word, and in scripts without spaces, each character and each pair of neighbours. Row 0 is that of a text without words.
func Features(text string, rows int) []int32 {
	var out []int32
	add := func(seed uint32, parts ...[]byte) {
		h := seed
		for _, p := range parts {
			for _, b := range p {
				h = (h ^ uint32(b)) * 0x01000193 // FNV-1a
			}
		}
		h ^= h >> 15
		h *= 0x2c1b3c6d
		h ^= h >> 12
		out = append(out, int32(1+h%uint32(rows-1)))
	}
	var last []byte // the character before, in a script without spaces
	clean.EachWord(text, func(word []byte) {
		add(seedWord, word)
		if _, n := utf8.DecodeRune(word); n == len(word) {
			if n > 1 {
				if len(last) > 0 {
					add(seedPair, last, word)
				}
				last = append(last[:0], word...)
			}
			return
		}
		last = last[:0]
		for _, gram := range grams(word) {
			add(seedGram, gram)
		}
	})
	if len(out) == 0 {
		return []int32{0}
	}
	return out
}

// grams are the pieces of a word between its borders; none of a word that has no more than one.
func grams(word []byte) (out [][]byte) {
	framed := append(append([]byte{'<'}, word...), '>')
	var starts []int
	for i := range string(framed) {
		starts = append(starts, i)
	}
	starts = append(starts, len(framed))
	if len(starts)-1 <= gramRunes+1 {
		return nil
	}
	for i := 0; i+gramRunes < len(starts); i++ {
		out = append(out, framed[starts[i]:starts[i+gramRunes]])
	}
	return out
}
