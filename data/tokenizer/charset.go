package tokenizer

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// charset is a set of characters.
type charset struct {
	ascii  [utf8.RuneSelf]bool
	kinds  uint32 // bits of categories
	spaces bool   // \s is in it
	spans  []span
	invert bool
}

func (c *charset) has(r rune) bool {
	if r < utf8.RuneSelf {
		return c.ascii[r]
	}
	return c.holds(r)
}

func (c *charset) holds(r rune) bool {
	in := c.kinds>>categoryOf(r)&1 == 1 || c.spaces && isSpace(r) || slices.ContainsFunc(c.spans, func(s span) bool { return s.lo <= r && r <= s.hi })
	return in != c.invert
}

// Categories of characters by their letters in categoryRuns; 0 is none of them.
const letterKinds = 1<<1 | 1<<2 | 1<<3 | 1<<4 | 1<<5

// kindsOf are the categories that \p{…} names.
var kindsOf = map[string]uint32{
	"Lu": 1 << 1, "Ll": 1 << 2, "Lt": 1 << 3, "Lm": 1 << 4, "Lo": 1 << 5, "L": letterKinds, "M": 1 << 6, "N": 1 << 7, "P": 1 << 8, "S": 1 << 9,
}

// categoryTable is the category of each character of the Basic Multilingual Plane, and where each run of one ends, also beyond.
type categoryTable struct {
	bmp  [1 << 16]uint8
	ends []rune
	of   []uint8
}

// categories are categoryRuns read.
var categories = sync.OnceValue(func() *categoryTable {
	t, at := new(categoryTable), 0
	for runs := categoryRuns; runs != ""; {
		kind := uint8(0)
		if runs[0] != '.' {
			kind = runs[0] - 'a' + 1
		}
		digits := len(runs) - 1 - len(strings.TrimLeft(runs[1:], "0123456789"))
		length, err := strconv.Atoi(runs[1 : 1+digits])
		if err != nil {
			length = 1
		}
		for i := at; i < min(at+length, len(t.bmp)); i++ {
			t.bmp[i] = kind
		}
		at += length
		t.ends, t.of = append(t.ends, rune(at)), append(t.of, kind)
		runs = runs[1+digits:]
	}
	return t
})

func categoryOf(r rune) uint8 {
	t := categories()
	if int(r) < len(t.bmp) {
		return t.bmp[r]
	}
	i, _ := slices.BinarySearch(t.ends, r+1) // the first run that ends behind r
	return t.of[i]
}

// charset reads one character, an escape, or a set in square brackets.
func (p *parser) charset(fold bool) *charset {
	c := new(charset)
	if !p.take("[") {
		if strings.ContainsRune(".*+?{}^]", rune(p.text[p.at])) {
			p.fail() // it has a meaning of its own outside of brackets
		}
		p.member(c, fold)
	} else {
		c.invert = p.take("^")
		for !p.take("]") {
			p.member(c, fold)
		}
	}
	for r := range rune(utf8.RuneSelf) {
		c.ascii[r] = c.holds(r)
	}
	return c
}

// member reads a member of a set: a character, a range of them, or an escape.
func (p *parser) member(c *charset, fold bool) {
	r := p.rune()
	if r == '\\' {
		switch r = p.rune(); r {
		case 'p':
			name, after, ok := strings.Cut(p.text[p.at:], "}")
			kinds := kindsOf[strings.TrimPrefix(name, "{")]
			if !ok || kinds == 0 {
				p.fail()
			}
			c.kinds |= kinds
			p.at = len(p.text) - len(after)
			return
		case 's':
			c.spaces = true
			return
		case 'S':
			c.spaces, c.invert = true, true // by itself alone
			return
		case 'r':
			r = '\r'
		case 'n':
			r = '\n'
		}
	}
	s := span{r, r}
	if p.take("-") {
		s.hi = p.rune()
	}
	c.spans = append(c.spans, s)
	if lower := r | 0x20; fold && lower >= 'a' && lower <= 'z' {
		c.spans = append(c.spans, span{lower, lower}, span{lower - 0x20, lower - 0x20})
		switch lower { // what folds to a letter of ASCII
		case 's':
			c.spans = append(c.spans, span{'ſ', 'ſ'})
		case 'k':
			c.spans = append(c.spans, span{'\u212a', '\u212a'})
		}
	}
}
