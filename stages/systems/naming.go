package systems

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"slm/data/corpus"
)

// Naming says what a question names.
type Naming int

// What a question may name.
const (
	Nothing Naming = iota // no place that can be recognised
	This                  // the place in question, by all that the place shows of its section
	Other                 // another title of the corpus, or a number that is not the place's
)

// seen is what a question names as evidence for a place: that it names this one, and that it names no other.
func (n Naming) seen() []float64 {
	switch n {
	case This:
		return []float64{1, 1}
	case Other:
		return []float64{0, 0}
	}
	return []float64{0, 1}
}

// Names implements Corpus.
func (s *source) Names(question, place string) Naming {
	sec, _, ok := s.Domain.Section(place)
	if !ok {
		return Nothing
	}
	n := names(question, s.shown(sec), sec.Number)
	if title := s.titleIn(question); n != This && title != "" && title != even(sec.Title) {
		return Other
	}
	return n
}

// Named implements Corpus.
func (s *source) Named(question string) (section int, ok bool) {
	title := s.titleIn(question)
	if title == "" || !strings.Contains(s.Domain.Forms.Place, "{title}") {
		return -1, false
	}
	section = -1
	for _, i := range s.titled[title] {
		sec := s.Domain.Sections.At(i)
		if names(question, s.shown(sec), sec.Number) != This {
			continue
		}
		if section >= 0 {
			return -1, false
		}
		section = i
	}
	return section, section >= 0
}

// shown is what a place shows of a section. The number comes last, because it may stand in the title.
func (s *source) shown(sec corpus.Section) (values []string) {
	for _, f := range [][2]string{{"{title}", sec.Title}, {"{heading}", sec.Heading}, {"{number}", sec.Number}} {
		if strings.Contains(s.Domain.Forms.Place, f[0]) && f[1] != "" {
			values = append(values, f[1])
		}
	}
	return values
}

// titleIn is the longest title of the corpus that a question names; "" = it names none, or several of that length.
func (s *source) titleIn(question string) (title string) {
	if s.titled == nil {
		s.titled = map[string][]int{}
		for i, sec := range s.Domain.Sections.All() {
			t := even(sec.Title)
			if s.titled[t] == nil && t != "" {
				s.titles = append(s.titles, t)
			}
			s.titled[t] = append(s.titled[t], i)
		}
		slices.SortFunc(s.titles, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	}
	question = even(question)
	for _, t := range s.titles {
		switch {
		case len(t) < len(title):
			return title
		case word(question, t) < 0:
		case title != "":
			return ""
		default:
			title = t
		}
	}
	return title
}

// names compares a question with what a place shows of its section: its words, each on its own and none inside another (the 2 of MPL-2.0 is no
// section 2), and among them the section's number.
func names(question string, shown []string, number string) Naming {
	question = even(question)
	found := 0
	for _, v := range shown {
		if at := word(question, even(v)); at >= 0 {
			question = question[:at] + " " + question[at+len(even(v)):]
			found++
		}
	}
	switch {
	case found == len(shown) && found > 0:
		return This
	case slices.Contains(shown, number) && word(question, even(number)) < 0 && numbered(question):
		return Other
	}
	return Nothing
}

// even is a text in one line and lower case.
func even(text string) string { return strings.ToLower(strings.Join(strings.Fields(text), " ")) }

// aNumber is a number as sections have them: 12, 第十二条.
var aNumber = regexp.MustCompile(`\d+|第[零〇○一二三四五六七八九十百千]+`)

// numbered reports whether a text holds a number that is a word of its own.
func numbered(text string) bool {
	for _, n := range aNumber.FindAllString(text, -1) {
		if word(text, n) >= 0 {
			return true
		}
	}
	return false
}

// word is where a value stands in a text and is not part of a longer word or number; -1 = nowhere. Scripts without spaces have no such borders.
func word(text, value string) int {
	glued := func(a, b rune) bool {
		inner := func(r rune) bool { return (unicode.IsLetter(r) || unicode.IsDigit(r)) && !unicode.Is(unicode.Han, r) }
		return inner(a) && inner(b) || a == '.' && unicode.IsDigit(b) || unicode.IsDigit(a) && b == '.'
	}
	for from := 0; value != ""; {
		i := strings.Index(text[from:], value)
		if i < 0 {
			return -1
		}
		at := from + i
		end := at + len(value)
		before, _ := utf8.DecodeLastRuneInString(text[:at])
		after, size := utf8.DecodeRuneInString(text[end:])
		next, _ := utf8.DecodeRuneInString(text[end+size:])
		first, _ := utf8.DecodeRuneInString(value)
		last, _ := utf8.DecodeLastRuneInString(value)
		sentence := after == '.' && !unicode.IsDigit(next) // a full stop is not a decimal point
		begins := at == 0 || !glued(before, first)
		if begins && (end == len(text) || sentence || !glued(last, after)) {
			return at
		}
		from = at + utf8.RuneLen(first)
	}
	return -1
}
