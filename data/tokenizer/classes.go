package tokenizer

import "sort"

// Classes of characters that the patterns tell apart.
const (
	other uint8 = iota
	letter
	number
	space
)

// span is an inclusive range of code points.
type span struct{ lo, hi rune }

// bmp holds the class of each character of the Basic Multilingual Plane.
var bmp = func() (t [1 << 16]uint8) {
	for class, spans := range map[uint8][]span{letter: letters, number: numbers, space: spaces} {
		for _, s := range spans {
			for r := s.lo; r <= s.hi && r < 1<<16; r++ {
				t[r] = class
			}
		}
	}
	return t
}()

// classOf returns the class of a character: \p{L}, \p{N} and \s of Unicode 16, frozen in tables.go so that ids depend
// neither on the version of Go nor on that of a regular-expression library.
func classOf(r rune) uint8 {
	switch {
	case r < 1<<16:
		return bmp[r]
	case within(letters, r):
		return letter
	case within(numbers, r):
		return number
	}
	return other
}

// newDigit says whether r is a number since Unicode 17: `tokenizers` splits digits by Rust's tables, which are a version
// ahead of those of its regular expressions.
func newDigit(r rune) bool { return r >= 0x11DE0 && r <= 0x11DE9 || r >= 0x16FF4 && r <= 0x16FF6 }

func within(spans []span, r rune) bool {
	i := sort.Search(len(spans), func(i int) bool { return spans[i].hi >= r })
	return i < len(spans) && spans[i].lo <= r
}

func isSpace(r rune) bool { return classOf(r) == space }
