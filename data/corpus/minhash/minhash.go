// Package minhash finds near copies among texts: signatures, and an index of them.
package minhash

import (
	"encoding/binary"
	"math"

	"slm/data/corpus/clean"
)

// Permutations is the length of a signature: the standard error of Similarity is at most 1/(2√128) = 0.044.
const Permutations = 128

// shingle is how many words in a row make one element of the set that a signature stands for.
const shingle = 5

// Signature stands for a text: it holds, of each of 128 hash permutations the minimum over its 5-word shingles (Broder 1997), cut to 16
// bits (Li & König 2010: what two places then share by chance, 1 in 65,536, is far below the error of the estimate). The share of equal
// places in two signatures estimates the Jaccard similarity of the two sets of shingles.
type Signature [Permutations]uint16

// Of returns the signature of a text, in time proportional to its length and memory that does not depend on it. Case,
// punctuation and white space do not count; in scripts written without spaces each character is a word. Texts shorter than a shingle are
// one shingle; an empty text has the all-ones signature.
func Of(text string) Signature {
	s := NewSketch()
	clean.EachWord(text, s.Word)
	return s.Signature()
}

// Sketch makes a signature from words, one after the other. Shingles may come twice: a minimum does not change by that.
type Sketch struct {
	least [Permutations]uint32
	last  [shingle]uint64 // hashes of the newest words, in the places of their numbers modulo shingle
	words int
}

// NewSketch begins a text.
func NewSketch() *Sketch {
	s := &Sketch{}
	for i := range s.least {
		s.least[i] = math.MaxUint32
	}
	return s
}

// Word adds the next word.
func (s *Sketch) Word(word []byte) {
	s.last[s.words%shingle] = Hash(word)
	if s.words++; s.words >= shingle {
		s.add(shingle)
	}
}

// add takes the shingle of the newest n words into the minima.
func (s *Sketch) add(n int) {
	h := uint64(shingle)
	for i := s.words - n; i < s.words; i++ {
		h = mix(h ^ s.last[i%shingle])
	}
	for i := range s.least {
		// One multiply-shift hash a permutation; the odd multipliers come from a fixed SplitMix64 sequence.
		if v := uint32((h*multipliers[i] + addends[i]) >> 32); v < s.least[i] {
			s.least[i] = v
		}
	}
}

// Signature ends the text.
func (s *Sketch) Signature() (m Signature) {
	if s.words > 0 && s.words < shingle {
		s.add(s.words)
	}
	for i, v := range s.least {
		m[i] = uint16(v)
	}
	return m
}

// Bytes writes a signature, little-endian.
func (m *Signature) Bytes() []byte {
	out := make([]byte, 0, 2*Permutations)
	for _, v := range m {
		out = binary.LittleEndian.AppendUint16(out, v)
	}
	return out
}

// Within is the signature of the same text in a room of its own: as similar as before to others in the room, and to none outside.
func (m Signature) Within(room string) Signature {
	h := Hash(room)
	for i := range m {
		m[i] ^= uint16(mix(h ^ uint64(i)))
	}
	return m
}

// Similarity estimates the Jaccard similarity of the texts behind two signatures, in [0,1].
func Similarity(a, b Signature) float64 {
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
	x, y := shingles(clean.Words(a), n), shingles(clean.Words(b), n)
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

// shingles returns the set of hashes of the runs of n words.
func shingles(words []string, n int) map[uint64]struct{} {
	set := make(map[uint64]struct{}, len(words))
	if len(words) == 0 {
		return set
	}
	hashes := make([]uint64, len(words))
	for i, w := range words {
		hashes[i] = Hash(w)
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

// Hash is 64-bit FNV-1a with a final mix.
func Hash[T string | []byte](s T) uint64 {
	h := uint64(0xcbf29ce484222325)
	for i := 0; i < len(s); i++ {
		h = (h ^ uint64(s[i])) * 0x100000001b3
	}
	return mix(h)
}
