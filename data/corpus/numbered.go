package corpus

import (
	"iter"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// mark is the place of a section number in a text, bytes.
type mark struct {
	start, body, indent int
	number              string
	value               int
	sub                 bool // an inserted article ("第十条之一") that shares the value before it
	article             bool // of a statute in Chinese; number is the whole of it, 第十条之一
}

// style is one way to number sections.
type style struct {
	pattern *regexp.Regexp // from the start of a line; group 1: the number
	first   string         // the bytes that a line may begin with behind its indentation, so that most lines cost no match
	skips   bool           // the mark is plain enough to allow a missing number (a repealed article)
	title   bool           // what follows must begin like a title: upper case, a quote, a bracket
	article bool           // 第一条
}

const arabic = "0123456789"

// words are numbering styles with a word before the number, the highest division first: it wins over those inside it.
var words = []style{
	articleStyle,
	{pattern: regexp.MustCompile(`(?mi)\A[ \t]*(?:article|art)\.?[ \t]+(\d{1,4}|[IVXLC]{1,7})(?:[.:)]|[ \t]*[-–—]+|[ \t]*$|[ \t])[ \t]*`), first: "aA", skips: true, title: true},
	{pattern: regexp.MustCompile(`(?mi)\A[ \t]*(?:section|sec)\.?[ \t]+(\d{1,4}|[IVXLC]{1,7})(?:[.:)]|[ \t]*[-–—]+|[ \t]*$|[ \t])[ \t]*`), first: "sS\xc5", skips: true, title: true}, // ſ
	{pattern: regexp.MustCompile(`(?m)\A[ \t]*§+[ \t]*(\d{1,4})(?:[.:)]|[ \t]*[-–—]+|[ \t]*$|[ \t])[ \t]*`), first: "\xc2", skips: true, title: true},
}

// plain are styles of bare numbers. Ties go to the one named first.
var plain = []style{
	{pattern: regexp.MustCompile(`(?m)\A[ \t]*(?:Section[ \t]+)?(\d{1,3})\.[ \t]*(?:\n\s*)?`), first: "S" + arabic, title: true},
	{pattern: regexp.MustCompile(`(?m)\A[ \t]*\(?(\d{1,3})\)[ \t]*(?:\n\s*)?`), first: "(" + arabic, title: true},
	{pattern: regexp.MustCompile(`(?m)\A[ \t]*(\d{1,3})\.0[ \t]+`), first: arabic, title: true},
	{pattern: regexp.MustCompile(`(?m)\A[ \t]*(\d{1,3})[ \t]{1,4}`), first: arabic, title: true},
}

// numberedMarks finds the sections of a text that are numbered in sequence from 0 or 1, or none if there are fewer than MinNumbered.
// Numbers without a word in front count only if bare says so.
func numberedMarks(text string, bare bool) []mark {
	for _, s := range words {
		if chain := s.longest(text); len(chain) >= MinNumbered {
			return chain
		}
	}
	if !bare {
		return nil
	}
	var best []mark
	for _, s := range plain {
		if chain := s.longest(text); len(chain) > len(best) {
			best = chain
		}
	}
	if len(best) < MinNumbered {
		return nil
	}
	return best
}

// starts bounds how many places are tried as the first section of a run, and margins at how many indentations.
const (
	starts  = 16
	margins = 8
)

// longest returns the longest run of numbers in sequence. Lists inside a section restart at 1 and are mostly indented otherwise: so
// runs at one indentation are tried before mixed ones, and of runs of the same length the one that leaves the smallest largest piece
// is taken, the lead-in counted (a summary numbered 1 to 7 in front of sections 1 to 15 loses so).
func (s style) longest(text string) []mark {
	all := s.find(text)
	indents := map[int]bool{}
	var best []mark
	widest := 0
	try := func(accept func(mark) bool) {
		tried := 0
		for i := 0; i < len(all) && tried < starts; i++ {
			if all[i].value > 1 || !accept(all[i]) {
				continue
			}
			tried++
			chain := s.chain(all[i:], accept)
			if w := widestPiece(chain, len(text)); len(chain) > len(best) || len(chain) == len(best) && w < widest {
				best, widest = chain, w
			}
		}
	}
	for _, m := range all {
		if m.value <= 1 && !indents[m.indent] && len(indents) < margins {
			indents[m.indent] = true
			try(func(x mark) bool { return x.indent == m.indent })
		}
	}
	widest = 0 // a mixed run must be longer
	try(func(mark) bool { return true })
	return best
}

// widestPiece is the length of the longest piece that a run of marks cuts, bytes.
func widestPiece(chain []mark, end int) int {
	widest, last := 0, 0
	for _, m := range chain {
		widest, last = max(widest, m.start-last), m.start
	}
	return max(widest, end-last)
}

// find returns every place that looks like a section number, in order.
func (s style) find(text string) []mark {
	var marks []mark
	for at := range s.matches(text) {
		m := mark{start: at[0], body: at[1], number: text[at[2]:at[3]]}
		m.indent = len(text[at[0]:at[2]]) - len(strings.TrimLeft(text[at[0]:at[2]], " \t"))
		var ok bool
		if m.value, ok = value(m.number); !ok {
			continue
		}
		if s.article {
			if whole := text[m.start:m.body]; strings.TrimRight(whole, " \t\u3000") == whole && refers.MatchString(text[m.body:]) {
				continue
			}
			m.article, m.number = true, "第"+m.number+"条"
			if at[4] >= 0 {
				m.sub, m.number = true, m.number+"之"+text[at[4]:at[5]]
			}
		}
		if s.title && !titleLike(text[m.body:]) {
			continue
		}
		marks = append(marks, m)
	}
	return marks
}

// matches yields the places of the pattern in a text, as FindAllStringSubmatchIndex does of a pattern that begins with (?m)^.
func (s style) matches(text string) iter.Seq[[]int] {
	return func(yield func([]int) bool) {
		done := 0 // what a match has taken begins no other
		for start := 0; start < len(text); start++ {
			behind := start
			for behind < len(text) && (text[behind] == ' ' || text[behind] == '\t') {
				behind++
			}
			if start >= done && behind < len(text) && strings.IndexByte(s.first, text[behind]) >= 0 {
				if at := s.pattern.FindStringSubmatchIndex(text[start:]); at != nil {
					for i := range at {
						if at[i] >= 0 {
							at[i] += start
						}
					}
					if done = at[1]; !yield(at) {
						return
					}
				}
			}
			end := strings.IndexByte(text[behind:], '\n')
			if end < 0 {
				return
			}
			start = behind + end
		}
	}
}

// chain takes the numbers that follow each other, starting at the first 0 or 1.
func (s style) chain(all []mark, accept func(mark) bool) []mark {
	var out []mark
	next := -1
	for _, m := range all {
		if !accept(m) {
			continue
		}
		switch {
		case next < 0 && m.value <= 1,
			next >= 0 && m.value == next,
			next >= 0 && s.skips && m.value > next && m.value <= next+2,
			next >= 0 && m.sub && m.value == next-1:
			out, next = append(out, m), m.value+1
		}
	}
	return out
}

// titleLike reports whether the text after a number begins as a section does, not as the middle of a sentence ("4 of this licence").
func titleLike(rest string) bool {
	rest = strings.TrimLeft(rest, " \t\n")
	r, _ := utf8.DecodeRuneInString(rest)
	return unicode.IsUpper(r) || strings.ContainsRune(`"“'‘«`, r) || unicode.IsLetter(r) && !unicode.IsLower(r)
}

// value reads arabic, roman and Chinese numbers.
func value(s string) (int, bool) {
	if n, err := strconv.Atoi(s); err == nil {
		return n, true
	}
	if n, ok := roman(s); ok {
		return n, true
	}
	return chinese(s)
}

func roman(s string) (int, bool) {
	digit := map[rune]int{'I': 1, 'V': 5, 'X': 10, 'L': 50, 'C': 100}
	total, last := 0, 0
	for _, r := range strings.ToUpper(s) {
		d := digit[r]
		if d == 0 {
			return 0, false
		}
		total += d
		if last < d {
			total -= 2 * last
		}
		last = d
	}
	return total, total > 0
}

func chinese(s string) (int, bool) {
	const digits = "零一二三四五六七八九"
	units := map[rune]int{'十': 10, '百': 100, '千': 1000}
	if !strings.ContainsAny(s, "十百千") {
		return places(s, digits)
	}
	total, digit := 0, 0
	for _, r := range s {
		if u := units[r]; u > 0 {
			total += max(digit, 1) * u
			digit = 0
			continue
		}
		if r == '○' || r == '〇' {
			r = '零'
		}
		at := strings.IndexRune(digits, r)
		if at < 0 {
			return 0, false
		}
		digit = utf8.RuneCountInString(digits[:at])
	}
	return total + digit, true
}

// places reads a Chinese number written digit by digit, as years are: 一九八四.
func places(s, digits string) (int, bool) {
	total, n := 0, 0
	for _, r := range s {
		if r == '○' || r == '〇' {
			r = '零'
		}
		at := strings.IndexRune(digits, r)
		if n++; at < 0 || n > 6 {
			return 0, false
		}
		total = 10*total + utf8.RuneCountInString(digits[:at])
	}
	return total, n > 0
}
