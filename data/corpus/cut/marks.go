package cut

import (
	"iter"
	"regexp"
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

// titleLike reports whether the text after a number begins as a section does, not as the middle of a sentence ("4 of this licence").
func titleLike(rest string) bool {
	rest = strings.TrimLeft(rest, " \t\n")
	r, _ := utf8.DecodeRuneInString(rest)
	return unicode.IsUpper(r) || strings.ContainsRune(`"“'‘«`, r) || unicode.IsLetter(r) && !unicode.IsLower(r)
}
