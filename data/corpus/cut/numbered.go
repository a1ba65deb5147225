package cut

import (
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
	for i, m := range marks {
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
		return own, heading, "heading of a part of the law"
	}
	body := withoutTail(text)
	return len(body), headingOf(body), "heading between two sections"
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
