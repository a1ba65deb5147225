package cut

import (
	"iter"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"slm/data/corpus/clean"
)

// mark is the place of a section number in a text, bytes.
type mark struct {
	start, body, indent int
	number              string // as people write it: 12a, 2 bis, 第十条之一, 제3조의2
	heading             string // of a line above the number
	key                 key
	value               int  // key[0]
	to                  int  // the value of the last section of those that went together (§§ 4 to 6), else value
	front               bool // it does not stand within a sentence
	apart               bool // a blank line stands above it
	ordered             bool // parts rise: 1.1, 1.2. Inserted letters need not: 5, 5ZA, 5A
	sub                 bool // an inserted section (第十条之一, 12a) or a part of one (1.1), which shares the value before it
	article             bool // of a statute of East Asia; number is the whole of it
	part                bool // no section, but the heading of those behind it
}

// style is one way to number sections.
type style struct {
	pattern *regexp.Regexp // from the start of a line; group 1: the number
	first   string         // the bytes that a line may begin with behind its indentation, so that most lines cost no match
	skips   bool           // a word stands before the number, which is plain enough to allow a missing one (a repealed article)
	title   bool           // what follows must begin like a title: upper case, a quote, a bracket
	article bool           // 第一条, 제1조: group 2 is the number of an inserted article
	stop    bool           // a full stop or a bracket stands behind the bare number
	nested  bool           // 1.1, 1.1.1: a number without parts counts in front of its own alone
}

// find returns every place that looks like a section number, in order.
func (s style) find(text string) []mark {
	var marks []mark
	for at := range s.matches(text) {
		m := mark{start: at[0], body: at[1], number: text[at[2]:at[3]], article: s.article}
		m.indent = len(text[at[0]:at[2]]) - len(strings.TrimLeft(text[at[0]:at[2]], " \t"))
		ok := false
		if s.article {
			ok = m.statute(text, at)
		} else if m.key, ok = keyOf(m.number); ok {
			ok = !s.title || s.opens(text, m)
			m.spans(text)
		}
		if !ok {
			continue
		}
		m.value, m.sub = m.key[0], len(m.key) > 1
		m.to = max(m.value, m.to)
		above := lineBefore(text, m.start)
		m.front, m.apart = inFront(above), strings.TrimSpace(above) == ""
		m.ordered = !s.article && strings.ContainsAny(m.number, ".-–‑")
		m.number = clean.Fold(m.number)
		marks = append(marks, m)
	}
	if s.nested {
		marks = nest(text, marks)
	}
	return marks
}

// wide matches a number that may stand for several; group 1 the first, group 2 the last.
var wide = regexp.MustCompile(`\A(\d{1,5})[a-z]?[ \t]*(?:\pL+|[-–—])[ \t]*(\d{1,5})[a-z]?\z`)

// plural matches what stands before several numbers.
var plural = regexp.MustCompile(`(?i)\A[ \t]*(?:§§|sections|secs|articles|arts|artt|artículos|articulos|articoli|artigos|статьи)`)

// spans makes one mark of sections that went together, and of which nothing is left but that: §§ 4 to 6 (repealed).
func (m *mark) spans(text string) {
	at := wide.FindStringSubmatch(m.number)
	if at == nil || !plural.MatchString(text[m.start:]) && !strings.ContainsAny(m.number, " \t") || !repealed.MatchString(text[m.body:]) {
		return
	}
	first, _ := strconv.Atoi(at[1]) // digits
	if last, _ := strconv.Atoi(at[2]); last > first {
		m.key, m.to = key{first}, last
	}
}

// nest takes out the numbers without parts in front of which no part of theirs stands: in 2.4, 3, 3.1 the 3 heads what is behind it, in 2.4, 3, 2.5
// it is of a list. One that heads without a text of its own is no section.
func nest(text string, marks []mark) []mark {
	var out []mark
	for i, m := range marks {
		if !m.sub {
			if i+1 == len(marks) || !marks[i+1].sub || marks[i+1].value != m.value {
				continue
			}
			m.part = isHeading(strings.TrimSpace(text[m.body:marks[i+1].start])) // one line, as a title has it
		}
		out = append(out, m)
	}
	return out
}

// repealed matches what stands in the place of a section that is no more: (weggefallen), [Reserved].
var repealed = regexp.MustCompile(`(?i)\A[(\[{—–-]*[ \t]*(?:repealed|reserved|omitted|revoked|deleted|expired|spent|vacant|weggefallen|aufgehoben|gestrichen|gegenstandslos|abrogée?s?|supprimée?s?|abrogat[oaie]|soppresso|derogado|derogada|suprimido|sin contenido|revogado|revogada|утратил)`)

// quoted matches what stands behind a number that is spoken of, in a language that begins nouns with capitals: § 5 Abs. 2, § 823 BGB gilt.
var quoted = regexp.MustCompile(`\A(?:Abs\.|Absatz|Absätze|Satz|Sätze|Nr\.|Nummer|Ziff\.|Ziffer|Buchst\.|Buchstabe|[A-ZÄÖÜ]\pL*[A-ZÄÖÜ]+[ \t]+(?:gilt|gelten|ist|sind|bleibt|bleiben|findet|finden)\b)`)

// firstParagraph matches the number of a first paragraph: § 3 (1) Wer …
var firstParagraph = regexp.MustCompile(`\A[(\[]?(?:\d{1,2}|[a-z])[)\].º°]?[.)]?[ \t]*`)

// firstLetter matches the letter of a first item: 10. (a) Whoever …
var firstLetter = regexp.MustCompile(`\A\(?[aA][.)][ \t]+`)

// opens reports whether what follows a mark begins as a section does. That may also be a first item; behind a word
// and a number the number of a paragraph, a bracket, what is said of a section that was repealed, and, below a line of its own, anything.
func (s style) opens(text string, m mark) bool {
	rest := text[m.body:]
	switch {
	case s.skips && quoted.MatchString(rest):
		return false
	case titleLike(rest):
		return true
	}
	if !s.skips {
		at := firstLetter.FindString(rest)
		return at != "" && titleLike(rest[len(at):])
	}
	line, _, _ := strings.Cut(rest, "\n")
	switch line = strings.TrimSpace(line); {
	case repealed.MatchString(strings.TrimLeft(rest, " \t\n")):
		return true
	case line == "":
		return strings.TrimSpace(lineBefore(text, m.start)) == "" && strings.TrimSpace(rest) != ""
	case strings.ContainsRune("([", rune(line[0])) && titleLike(line[1:]):
		return true
	}
	at := firstParagraph.FindString(line)
	return at != "" && strings.ContainsAny(at, ").") && titleLike(line[len(at):])
}

// lineBefore is the line above the one that begins at a byte; empty for the first.
func lineBefore(text string, start int) string {
	above := strings.TrimSuffix(text[:start], "\n")
	return above[strings.LastIndexByte(above, '\n')+1:]
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
