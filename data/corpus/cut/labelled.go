package cut

import (
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"slm/data/corpus/clean"
	"slm/data/corpus/doc"
)

// labelShare is how many of the paragraphs must begin with a label.
const labelShare = .95

// mostLabels is how many different labels a text may have: "Recital" and "GDPR Article" are two.
const mostLabels = 6

// label matches the words and the number with which a paragraph begins: Recital (12), GDPR Article 5. Group 1: the words, group 2: the number.
var label = regexp.MustCompile(`\A[ \t]*(\p{Lu}[\pL-]*(?:[ \t]\p{Lu}[\pL-]*){0,2})[ \t]\(?(\d{1,4})\)?[.:]?[ \t]`)

// listed matches the number of a first paragraph, in front of which a heading stands: Material scope 1. This Regulation …
var listed = regexp.MustCompile(`[ \t](?:1\.|\(1\)|\(a\))[ \t]`)

// labelled is a text whose paragraphs each begin with words and a number: articles and recitals of one act, one behind the other. The label is the
// section's number.
var labelled = kind{"labelled", func(p *page, d doc.Document, opt Options) ([]Piece, bool) {
	if d.Outlined || opt.Numbered {
		return nil, false
	}
	blocks := paragraphs(p.text)
	marks := labels(p.text, blocks)
	if marks == nil {
		return nil, false
	}
	var out []Piece
	for i, m := range marks {
		end := len(p.text)
		if i+1 < len(marks) {
			end = marks[i+1].start
		}
		body := p.fold(m.body, end)
		if body == "" {
			p.drop("a number without text", m.start, end)
			continue
		}
		out = append(out, Piece{Number: m.number, Heading: leadHeading(body), Text: body, Line: p.line(m.start), Named: p.chars(m.start, m.body)})
	}
	return out, true
}}

// labels are the marks of a labelled text; nil when it is none: too few paragraphs have a label, there are too many kinds of them, the numbers of
// a kind do not rise, or the only label is a single word, as in an enumeration of steps.
func labels(text string, blocks [][2]int) []mark {
	var marks []mark
	last := map[string]int{}
	for _, at := range blocks {
		m := label.FindStringSubmatchIndex(text[at[0]:at[1]])
		if m == nil {
			continue
		}
		words := clean.Fold(text[at[0]+m[2] : at[0]+m[3]])
		n, _ := strconv.Atoi(text[at[0]+m[4] : at[0]+m[5]]) // digits
		if before, seen := last[words]; seen && n <= before {
			return nil
		}
		last[words] = n
		start := at[0]
		if len(marks) == 0 {
			start = 0
		}
		marks = append(marks, mark{start: start, body: at[0] + m[1], number: words + " " + strconv.Itoa(n)})
	}
	word := len(last) == 1 && !strings.Contains(marks[0].number[:strings.LastIndexByte(marks[0].number, ' ')], " ")
	if len(marks) < MinNumbered || word || float64(len(marks)) < labelShare*float64(len(blocks)) || len(last) > mostLabels {
		return nil
	}
	// What stands in front of the first label is no section's: then the text is none of this kind.
	if strings.TrimSpace(text[:blocks[0][0]]) != "" || label.FindStringIndex(text[blocks[0][0]:]) == nil {
		return nil
	}
	return marks
}

// leadMost is the longest heading within running text, characters.
const leadMost = 120

// leadHeading is the heading with which a section begins in its running text, if the number of a first paragraph shows where it ends.
func leadHeading(body string) string {
	at := listed.FindStringIndex(body)
	if at == nil {
		return ""
	}
	h := strings.TrimSpace(body[:at[0]])
	if utf8.RuneCountInString(h) > leadMost || strings.ContainsAny(h, ".;:") {
		return ""
	}
	return h
}
