package pairs

import (
	"math/bits"

	"slm/data/corpus/clean"
)

const (
	spanWords = 6       // words of a span
	openMost  = 4 << 20 // spans that are counted exactly at a time: about 100 MB
)

// spans tells which spans of words stand in one section only, in memory that does not grow with the corpus. A counting Bloom filter (Fan et
// al. 2000) of one hash function and 2 bits a slot says so for most; spans whose slot is shared are counted exactly, by a 64-bit hash. The
// order of calls is: add every text, ask about some pieces, count every text, and own tells of these pieces.
type spans struct {
	slots []uint64 // 32 slots of 2 bits a word
	mask  uint64   // slots - 1
	most  int
	exact map[uint64]count
}

// count is in how many sections a span stands: 0, 1 or more.
type count struct {
	last int32 // section, from 1
	n    uint8
}

// States of a slot: how many spans have fallen on it, or that one of them is counted exactly.
const (
	none = iota
	one
	many
	open
)

// newSpans makes room for texts of so many bytes together.
func newSpans(bytes int64) *spans {
	slots := uint64(1) << min(29, max(10, bits.Len64(uint64(bytes)/2))) // two a word and more, and at most 128 MB
	return &spans{slots: make([]uint64, slots/32), mask: slots - 1, most: openMost, exact: map[uint64]count{}}
}

func (s *spans) state(span uint64) uint64 {
	slot := span & s.mask
	return s.slots[slot/32] >> (slot % 32 * 2) & 3
}

func (s *spans) set(span, state uint64) {
	slot := span & s.mask
	at := slot % 32 * 2
	s.slots[slot/32] = s.slots[slot/32]&^(3<<at) | state<<at
}

// add counts the spans of a section in the filter.
func (s *spans) add(text string) {
	eachSpan(text, func(span uint64) {
		if state := s.state(span); state < many {
			s.set(span, state+1)
		}
	})
}

// ask reports whether a piece of a text is known to have a span of its own, and else marks its spans for counting.
func (s *spans) ask(piece, text string) bool {
	if s.certain(piece, text) {
		return true
	}
	eachSpan(piece, func(span uint64) {
		if s.state(span) != none {
			s.set(span, open)
			s.exact[span] = count{}
		}
	})
	return false
}

// certain reports whether the filter alone says that a piece has a span of its own. A piece may be cut within a word, so it may have spans
// that its text has not.
func (s *spans) certain(piece, text string) (yes bool) {
	eachSpan(piece, func(span uint64) { yes = yes || s.state(span) == one && has(text, span) })
	return yes
}

// full reports whether no more should be asked before counting.
func (s *spans) full() bool { return len(s.exact) >= s.most }

// count counts the spans that were asked about in a section.
func (s *spans) count(section int, text string) {
	eachSpan(text, func(span uint64) {
		if s.state(span) != open {
			return
		}
		if c, asked := s.exact[span]; asked && c.n < many && c.last != int32(section+1) {
			s.exact[span] = count{int32(section + 1), c.n + 1}
		}
	})
}

// own reports whether a piece that was asked about has a span that stands in one section only.
func (s *spans) own(piece, text string) (yes bool) {
	eachSpan(piece, func(span uint64) {
		switch c, asked := s.exact[span]; {
		case yes || s.state(span) == none || s.state(span) == many:
		case asked:
			yes = c.n == one
		default: // ask knew it from the filter, which may have been marked for another span since
			yes = has(text, span)
		}
	})
	return yes
}

// forget ends a round of asking and counting.
func (s *spans) forget() { clear(s.exact) }

// has reports whether a span stands in a text.
func has(text string, span uint64) (yes bool) {
	eachSpan(text, func(other uint64) { yes = yes || span == other })
	return yes
}

// eachSpan hashes each run of spanWords words.
func eachSpan(text string, f func(span uint64)) {
	const (
		basis, prime = 0xcbf29ce484222325, 0x100000001b3 // FNV-1a, 64 bits
		odd          = 0x9e3779b97f4a7c15
	)
	var last [spanWords]uint64 // hashes of the last words, the newest at n-1 modulo spanWords
	n := 0
	clean.EachWord(text, func(word []byte) {
		h := uint64(basis)
		for _, b := range word {
			h = (h ^ uint64(b)) * prime
		}
		last[n%spanWords] = h
		if n++; n < spanWords {
			return
		}
		sum := uint64(0)
		for k := range spanWords {
			sum = (sum ^ last[(n+k)%spanWords]) * odd
			sum ^= sum >> 32
		}
		f(sum)
	})
}
