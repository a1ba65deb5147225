package cut

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"

	"slm/data/corpus/doc"
)

// MinNumbered is how many numbered sections make a document a numbered one. Shorter lists are enumerations inside a text.
const MinNumbered = 4

// lastMost is the length of a last numbered section whose end nothing marks, characters.
const lastMost = 1500

// numbered is a text whose sections are numbered in sequence.
var numbered = kind{"numbered", func(p *page, d doc.Document, opt Options) ([]Piece, bool) {
	// Bare numbers in a page with headings are a list among its text, unless numbered sections are all that is wanted.
	text := p.masked()
	marks := numberedMarks(text, opt.Numbered || !p.outlined(d))
	if len(marks) < MinNumbered {
		return nil, opt.Numbered
	}
	return cutNumbered(p, text, marks, opt.Numbered), true
}}

// cutNumbered cuts at the marks. What stands before the first and after the end of the last becomes a section of its own, unless
// only the numbered ones are wanted.
func cutNumbered(p *page, text string, marks []mark, only bool) []Piece {
	var out []Piece
	around := func(number, heading, why string, start, end int) {
		if body := p.fold(start, end); only {
			p.drop(why, start, end)
		} else if body != "" {
			out = append(out, Piece{Number: number, Heading: heading, Text: body, Line: p.line(start)})
		}
	}
	around("preamble", "Preamble", "before the first numbered section", 0, marks[0].start)
	seen := map[string]int{}
	marks = divisions(text, marks)
	for i, m := range marks {
		if m.part {
			p.drop("heading between two sections", m.start, marks[i+1].start)
			continue
		}
		number := m.number
		if seen[number]++; seen[number] > 1 {
			number = fmt.Sprintf("%s-%d", number, seen[number])
		}
		end := 0
		if i+1 < len(marks) {
			end = marks[i+1].start
		} else {
			end = m.body + lastEnd(text[m.body:], number)
		}
		own, heading, why := bodyOf(m, text[m.body:end])
		bodyEnd := m.body + own
		if body := p.fold(m.body, bodyEnd); body != "" {
			out = append(out, Piece{Number: number, Heading: heading, Text: body, Line: p.line(m.start), Named: p.chars(m.start, m.body)})
		} else {
			p.drop("a number without text", m.start, bodyEnd)
		}
		p.drop(why, bodyEnd, end)
		if i+1 == len(marks) {
			around("appendix", "Appendix", "behind the last numbered section", end, len(text))
		}
	}
	return out
}

// bodyOf is how many bytes of what stands behind a mark are the section's own text, with its heading and what the rest is.
func bodyOf(m mark, text string) (own int, heading, rest string) {
	if m.article {
		own, heading = articleBody(text)
		return own, cmp.Or(m.heading, heading), "heading of a part of the law"
	}
	body := withoutTail(text)
	return len(body), headingOf(body), "heading between two sections"
}

// appendix matches the lines with which the part after the last numbered section begins.
var appendix = regexp.MustCompile(`(?mi)^[ \t]*(?:end of (?:the )?(?:terms|licen[sc]e)|(?:appendix|exhibit|schedule|attachment|annex)\b|how to (?:apply|use)|statement of purpose|` +
	`(?:=+[ \t]*)?creative commons (?:is not a party|notice|may be contacted)|contributor terms|additional terms\b|附[ \t]*(?:件|录|錄|表|：)|別表|별표|별지|` +
	`(?:anlage|anhang|annexe|anexo|allegato|bijlage|приложение)(?:[ \t]+(?:\d+|[A-Z]|[IVX]+))?[ \t]*(?:[.:–—-].*)?$|copyright(?:ed)? (?:\(c\)|©|\d{4}))`)

// lastEnd returns where the last numbered section ends, bytes: at the line that opens an appendix, else at the first paragraph
// beyond lastMost characters that is no item of a list of the section's own.
func lastEnd(text, number string) int {
	if at := division.FindStringIndex(text); at != nil && strings.ContainsAny(number, "第제") {
		text = text[:at[0]]
	}
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
