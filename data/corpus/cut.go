package corpus

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

const (
	groupLeast = 600  // characters after which a group of paragraphs is a section
	groupMost  = 1600 // a longer paragraph is cut at a sentence
	lastMost   = 1500 // characters of a last numbered section whose end nothing marks
	headMost   = 80   // characters of a heading
	headWords  = 10
)

// cut turns a document into sections and says how: by its numbers, its headings or its paragraphs.
func cut(doc document, onlyNumbered bool) ([]Section, string) {
	text := Clean(doc.text)
	// Bare numbers in a page with headings are a list among its text, unless numbered sections are all that is wanted.
	list := doc.markdown && !onlyNumbered && (doc.headed || len(headings(text)) > 0)
	marks := numberedMarks(text, !list)
	switch {
	case doc.ready:
		if body := Fold(text); body != "" {
			return []Section{section(doc, doc.number, Fold(Clean(doc.heading)), body, doc.line)}, "records"
		}
		return nil, ""
	case len(marks) >= MinNumbered:
		return cutNumbered(doc, text, marks, onlyNumbered), "numbered"
	case onlyNumbered:
		return nil, ""
	case doc.markdown:
		if sections := cutHeadings(doc, text); len(sections) > 0 {
			return sections, "headings"
		}
	}
	return cutParagraphs(doc, text), "paragraphs"
}

func section(doc document, number, heading, text string, line int) Section {
	return Section{ID: doc.title + "#" + number, Title: doc.title, Number: number, Heading: heading, Text: text, Source: doc.source + ":" + strconv.Itoa(line)}
}

// lines counts the lines of a text as it is gone through, so that many places cost one pass.
type lines struct {
	text string
	at   int // bytes counted
	line int // of text[at]
}

// of returns the line on which the first character at or after text[at] stands. Places are asked for in rising order.
func (l *lines) of(at int) int {
	for at < len(l.text) && strings.IndexByte(" \t\n", l.text[at]) >= 0 {
		at++
	}
	if at > l.at {
		l.line += strings.Count(l.text[l.at:at], "\n")
		l.at = at
	}
	return l.line
}

// cutNumbered cuts at the marks. What stands before the first and after the end of the last becomes a section of its own, unless
// only the numbered ones are wanted.
func cutNumbered(doc document, text string, marks []mark, only bool) []Section {
	var out []Section
	count := lines{text: text, line: doc.line}
	add := func(number, heading, raw string, at int) {
		if body := Fold(raw); body != "" {
			out = append(out, section(doc, number, heading, body, count.of(at)))
		}
	}
	if !only {
		add("preamble", "Preamble", text[:marks[0].start], 0)
	}
	seen := map[string]int{}
	for i, m := range marks {
		number := m.number
		if seen[number]++; seen[number] > 1 {
			number = fmt.Sprintf("%s-%d", number, seen[number])
		}
		var end int
		if i+1 < len(marks) {
			end = marks[i+1].start
		} else {
			end = m.body + lastEnd(text[m.body:], number)
		}
		body, heading := text[m.body:end], ""
		if m.article {
			body, heading = articleBody(body)
		} else {
			body = withoutTail(body)
			heading = headingOf(body)
		}
		add(number, heading, body, m.start)
		if i+1 == len(marks) && !only {
			add("appendix", "Appendix", text[end:], end)
		}
	}
	return out
}

// appendix matches the lines with which the part after the last numbered section begins.
var appendix = regexp.MustCompile(`(?mi)^[ \t]*(?:end of (?:the )?(?:terms|licen[sc]e)|(?:appendix|exhibit|schedule|attachment|annex)\b|how to (?:apply|use)|statement of purpose|` +
	`(?:=+[ \t]*)?creative commons (?:is not a party|notice|may be contacted)|contributor terms|additional terms\b|附[ \t]*(?:件|录|表|：)|copyright(?:ed)? (?:\(c\)|©|\d{4}))`)

// lastEnd returns where the last numbered section ends, bytes: at the line that opens an appendix, else at the first paragraph
// beyond lastMost characters that is no item of a list of the section's own.
func lastEnd(text, number string) int {
	if at := appendix.FindStringIndex(text); at != nil && strings.TrimSpace(text[:at[0]]) != "" {
		text = text[:at[0]]
	}
	end := 0
	for _, p := range paragraphs(text) {
		if end > 0 && p[1] > lastMost && !listItem.MatchString(text[p[0]:p[1]]) && !strings.HasPrefix(text[p[0]:], number+".") {
			break
		}
		end = p[1]
	}
	return end
}

var listItem = regexp.MustCompile(`^[ \t]*\(?(?:[a-z]|[ivx]{1,4}|\d{1,2})[.)]`)

// withoutTail cuts off what stands at the end of a section but belongs to the next: an unnumbered heading between the two.
func withoutTail(text string) string {
	all := paragraphs(text)
	for len(all) > 1 {
		last := text[all[len(all)-1][0]:all[len(all)-1][1]]
		if h := Fold(last); !shortEnough(h) || !titleCase(h) || strings.ContainsRune(".;:,!?)\"”", lastRune(h)) || listItem.MatchString(last) {
			break
		}
		all = all[:len(all)-1]
		text = text[:all[len(all)-1][1]]
	}
	return text
}

// headingOf returns the heading with which a section's text begins, or an empty string: a short first paragraph, a short first
// line in title case, or a short first sentence in title case or capitals.
func headingOf(text string) string {
	text = strings.TrimSpace(text)
	line := Fold(text)
	first, _, _ := strings.Cut(text, "\n")
	next := strings.TrimLeft(text[len(first):], " \t\n")
	if h := Fold(first); shortEnough(h) && (titleLike(next) || itemLike(next)) && !strings.Contains(h, ". ") {
		alone := strings.HasPrefix(strings.TrimLeft(text[len(first):], " \t"), "\n\n")
		if alone && strings.Count(h, ",") < 2 || titleCase(h) && !strings.ContainsRune(".,;:", lastRune(h)) {
			return trimHeading(h)
		}
	}
	for i, r := range line {
		if !strings.ContainsRune(".:;–—", r) && (r != '-' || i == 0 || line[i-1] != ' ') {
			continue
		}
		rest := line[i+len(string(r)):]
		if rest != "" && rest[0] != ' ' {
			continue // 3.1, e.g.
		}
		if r == '.' && i > 1 && unicode.IsUpper(rune(line[i-1])) && !unicode.IsLetter(rune(line[i-2])) {
			continue // U.S.
		}
		if h := line[:i]; shortEnough(h) && titleCase(h) && (titleLike(rest) || itemLike(strings.TrimSpace(rest))) {
			return trimHeading(h)
		}
		return ""
	}
	return ""
}

// itemLike reports whether text begins with the number or letter of a list item.
func itemLike(text string) bool {
	return listItem.MatchString(text) || text != "" && text[0] >= '0' && text[0] <= '9'
}

func shortEnough(h string) bool {
	return h != "" && len(h) <= headMost && len(strings.Fields(h)) <= headWords
}

// firstItem matches the number of a first sub-section that stands on the heading's line ("Definitions 1.1", "Termination a").
var firstItem = regexp.MustCompile(`\s+(?:\d+\.\d+|[a-z])$`)

func trimHeading(h string) string {
	return strings.Trim(firstItem.ReplaceAllString(strings.Trim(h, " .:;-–—"), ""), " .:;-–—")
}

// titleCase reports whether every word of four letters and more begins with a capital.
func titleCase(h string) bool {
	letters := false
	for _, w := range strings.Fields(h) {
		w = strings.TrimFunc(w, func(r rune) bool { return !unicode.IsLetter(r) })
		letters = letters || w != ""
		if len(w) >= 4 && unicode.IsLower(firstRune(w)) && !strings.Contains(" with from into upon under over this that your than when ", " "+w+" ") {
			return false
		}
	}
	return letters && !unicode.IsLower(firstRune(h))
}

// paragraphs returns start and end of the blocks between blank lines, bytes.
func paragraphs(text string) [][2]int {
	var out [][2]int
	start, at := -1, 0
	for line := range strings.SplitAfterSeq(text, "\n") {
		blank := strings.TrimSpace(line) == ""
		if blank && start >= 0 {
			out, start = append(out, [2]int{start, at}), -1
		}
		if !blank && start < 0 {
			start = at
		}
		at += len(line)
	}
	if start >= 0 {
		out = append(out, [2]int{start, len(text)})
	}
	return out
}

// cutParagraphs groups paragraphs into sections of at least groupLeast characters, numbered from 1, without headings.
func cutParagraphs(doc document, text string) []Section {
	var out []Section
	var group []string
	size, line := 0, 0
	flush := func() {
		if len(group) > 0 {
			out = append(out, section(doc, strconv.Itoa(len(out)+1), "", Fold(strings.Join(group, " ")), line))
			group, size = nil, 0
		}
	}
	count := lines{text: text, line: doc.line}
	for _, p := range paragraphs(text) {
		at := count.of(p[0])
		for _, piece := range sentences(Fold(text[p[0]:p[1]]), groupMost) {
			if size > 0 && size+len(piece) > groupMost {
				flush()
			}
			if len(group) == 0 {
				line = at
			}
			group, size = append(group, piece), size+len(piece)
			if size >= groupLeast {
				flush()
			}
		}
	}
	flush()
	return out
}

// sentences cuts a line into pieces of at most most bytes, at the end of a sentence, else at a space, else at a character.
func sentences(line string, most int) []string {
	var out []string
	for len(line) > most {
		at := strings.LastIndexAny(line[:most], ".!?。！？")
		if at > most/2 {
			at += len(string(firstRune(line[at:])))
		} else if at = strings.LastIndexByte(line[:most], ' '); at <= most/2 {
			for at = most; line[at]&0xc0 == 0x80; at-- {
			}
		}
		out = append(out, strings.TrimSpace(line[:at]))
		line = strings.TrimSpace(line[at:])
	}
	if line != "" {
		out = append(out, line)
	}
	return out
}
