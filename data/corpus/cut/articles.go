package cut

import (
	"regexp"
	"slices"
	"strings"

	"slm/data/corpus/clean"
	"slm/data/corpus/doc"
)

// Statutes of China, Japan and Korea: articles are numbered 第一条, 第120条, 제1조, and what is inserted later 第二条之一, 第三条の二, 제3조의2.
// One file may hold several laws.

// numerals are the characters of a Chinese number. Zero has three forms, of which ○ is a sign and no digit to Unicode.
const numerals = `零〇○一二三四五六七八九十百千\d０-９`

var (
	// article matches the number with which an article begins. Group 1: the number, group 2: those of an inserted article. 笫 is 第
	// misread; it stands so in public texts of statutes.
	article = regexp.MustCompile(`\A[ \t\x{3000}]*(?:#{1,6}[ \t]+)?[第笫][ \t]*([` + numerals + `]+(?:[-－][\d０-９]+)?)[ \t]*[条條]((?:[ \t]*[之のノ][ \t]*[` + numerals + `]+)*)[ \t\x{3000}]*`)
	// korean is article for 제3조의2.
	korean = regexp.MustCompile(`\A[ \t\x{3000}]*(?:#{1,6}[ \t]+)?제[ \t]*(\d{1,4})[ \t]*조((?:의[ \t]*\d{1,3})*)[ \t\x{3000}]*`)
	// refers matches what follows a number, without a space, in the middle of a sentence that a line may begin with: 第三条第一款, 第三条、第四条.
	refers = regexp.MustCompile(`^(?:[第、，,和与與及至到的或にをの]|规定|規定|から|まで|又は|若しくは|並びに|ただし|제|에|의|를|을|와|과|부터|까지|ㆍ|·)`)
	// refersOn is refers behind a space, which Korean has between words.
	refersOn = regexp.MustCompile(`^(?:제|및|또는|내지|중[ \t]|에[ \t서])`)
	// division matches the line that heads the next part of a law: ## 第一章 总则, 제2장 총칙, and 附則 behind the last.
	division = regexp.MustCompile(`(?m)^[ \t\x{3000}]*(?:#.*|第[` + numerals + `]+(?:分编|分編|[编編章节節款目])(?:の[` + numerals + `]+)?(?:[ \t\x{3000}].{0,60})?|제[ \t]*\d+[ \t]*(?:편|장|절|관)(?:의[ \t]*\d+)?(?:[ \t].{0,60})?|附[ \t\x{3000}]*[则則](?:[ \t\x{3000}（(].{0,40})?|부[ \t]*칙(?:[ \t<(\[].{0,40})?)$`)
	// caption matches the name that some laws give an article: 【分裂国家罪】, (목적), （目的）. A number in brackets is that of a paragraph.
	caption = regexp.MustCompile(`^(?:【([^】]{1,40})】|[（(]([^（()）一二三四五六七八九十\d][^（()）]{0,39})[)）][ \t\n\x{3000}]*[^ \t\n\x{3000}])`)
	// above matches a caption on the line above the number, as Japan's statutes have it.
	above = regexp.MustCompile(`^[ \t\x{3000}]*[（(]([^（()）]{1,60})[)）][ \t\x{3000}]*$`)
	// edition matches the year of a version behind a law's name.
	edition = regexp.MustCompile(`[ \t]*[（(][^（()）]*[）)]$`)
)

// articleStyle numbers sections as statutes do. Repealed articles leave gaps. A line begins with 第, 笫 or U+3000.
var articleStyle = style{pattern: article, first: "\xe3\xe7#", skips: true, article: true}

// koreanStyle is articleStyle for Korea. A line begins with 제 or U+3000.
var koreanStyle = style{pattern: korean, first: "\xe3\xec#", skips: true, article: true}

// statute reads the mark of an article that a pattern has found, and the caption above it; false when the number is spoken of.
func (m *mark) statute(text string, at []int) bool {
	rest := text[m.body:]
	if whole := text[m.start:m.body]; strings.TrimRight(whole, " \t\u3000") == whole {
		if refers.MatchString(rest) {
			return false
		}
	} else if refersOn.MatchString(rest) {
		return false
	}
	number, inserted := text[at[2]:at[3]], text[at[4]:at[5]]
	first, second, cut := strings.Cut(strings.ReplaceAll(number, "－", "-"), "-")
	n, ok := value(first)
	if m.key = (key{n}); !ok {
		return false
	}
	if cut {
		inserted = "之" + second + inserted
	}
	for _, part := range strings.FieldsFunc(inserted, func(r rune) bool { return strings.ContainsRune("之のノ의 \t", r) }) {
		n, ok := value(part)
		if !ok {
			return false
		}
		m.key = append(m.key, n)
	}
	m.number = strings.Join(strings.Fields(strings.ReplaceAll(bareNumber.FindString(text[at[0]:at[1]]), "笫", "第")), "")
	line := lineBefore(text, m.start)
	if c := above.FindStringSubmatch(line); c != nil {
		m.heading, m.start = clean.Fold(c[1]), m.start-len(line)-1
	}
	return true
}

// bareNumber matches a number within what stands before an article: no indentation, no sign of a heading.
var bareNumber = regexp.MustCompile(`[第笫제].*[^ \t\x{3000}]`)

const country = "中华人民共和国"

// lawName is what a law is called when it is cited: without the country in front, without the edition behind, and 民法典 by the
// name of its subject, 民法.
func lawName(head string) string {
	name := edition.ReplaceAllString(clean.Fold(clean.Text(head)), "")
	if short, ok := strings.CutSuffix(name, "法典"); ok {
		name = short + "法"
	}
	if short := strings.TrimPrefix(name, country); short != "" {
		name = short
	}
	return name
}

// isBook reports whether a document holds statutes in Chinese under first-level headings. One without headings or without articles is none.
func isBook(d doc.Document) bool {
	b := newBook(d)
	return len(b.heads) > 0 && len(b.marks) >= MinNumbered
}

// book is a document as one text, with the places of its first-level headings ("# 中华人民共和国刑法") and of its articles.
type book struct {
	text  string
	heads []chapterHead
	marks []mark
}

// chapterHead is a heading: its text, where its line begins and where the next does, bytes.
type chapterHead struct {
	text        string
	start, body int
}

var chapterLine = regexp.MustCompile(`(?m)^#[ \t]+(.+?)[ \t]*#*[ \t]*(?:\n|\z)`)

func newBook(d doc.Document) (b book) {
	if !slices.ContainsFunc(d.Blocks, func(b doc.Block) bool { return strings.Contains(b.Text, "条") }) {
		return book{}
	}
	var text strings.Builder
	for _, block := range d.Blocks {
		start := text.Len()
		text.WriteString(block.Text)
		if block.Kind == doc.Head && block.Level == 1 {
			b.heads = append(b.heads, chapterHead{block.Title, start, text.Len()})
		}
	}
	b.text = text.String()
	if !d.Outlined {
		for _, at := range chapterLine.FindAllStringSubmatchIndex(b.text, -1) {
			b.heads = append(b.heads, chapterHead{clean.Fold(b.text[at[2]:at[3]]), at[0], at[1]})
		}
	}
	b.marks = articleStyle.find(b.text)
	return b
}

// laws cuts a book of statutes at the headings where the numbers begin anew. A law may be headed again at each of its books; then the numbers
// go on, and so does the law. Of headings that follow each other, the first is the law's name. Comments are left out.
func laws(d doc.Document) []doc.Document {
	b := newBook(d)
	// groups are headings with nothing between them: the index of each one's first.
	group := make([]int, len(b.heads))
	for i := 1; i < len(b.heads); i++ {
		if group[i] = i; strings.TrimSpace(b.text[b.heads[i-1].body:b.heads[i].start]) == "" {
			group[i] = group[i-1]
		}
	}
	var starts []int // heads that begin a law
	next := 0        // the first head behind the last article
	for _, m := range b.marks {
		first := next
		for next < len(b.heads) && b.heads[next].start < m.start {
			next++
		}
		for i := first; i < next && m.value == 1 && !m.sub; i++ {
			if group[i] == i {
				starts = append(starts, i)
			}
		}
	}
	var out []doc.Document
	law, start := d, 0
	add := func(end int) {
		if law.Blocks = part(d.Blocks, start, end); strings.TrimSpace(b.text[start:end]) != "" {
			out = append(out, law)
		}
	}
	for _, i := range starts {
		h := b.heads[i]
		add(h.start)
		law, start = d, h.body
		law.Title, law.Entitled, law.Named = lawName(h.text), true, doc.Chars(b.text[h.start:h.body])
	}
	add(len(b.text))
	return out
}

var htmlComment = regexp.MustCompile(`(?s)<!--.*?-->`)

// part is the bytes from start to end of a text in blocks, with its comments as asides.
func part(blocks []doc.Block, start, end int) []doc.Block {
	var out []doc.Block
	at := 0
	for _, b := range blocks {
		from, to := max(start-at, 0), min(end-at, len(b.Text))
		at += len(b.Text)
		if from >= to {
			continue
		}
		count := doc.NewLines(b.Text, b.Line)
		add := func(kind doc.Kind, why string, from, to int) {
			if from < to {
				piece := b
				piece.Kind, piece.Why, piece.Text, piece.Line = kind, why, b.Text[from:to], count.At(from)
				out = append(out, piece)
			}
		}
		if b.Kind != doc.Prose {
			add(b.Kind, b.Why, from, to)
			continue
		}
		base := from
		for _, c := range htmlComment.FindAllStringIndex(b.Text[from:to], -1) {
			add(doc.Prose, "", from, base+c[0])
			add(doc.Aside, "comment", base+c[0], base+c[1])
			from = base + c[1]
		}
		add(doc.Prose, "", from, to)
	}
	return out
}

// articleBody is how many bytes of a text are an article's own, which ends where the next part of the law is headed, and its caption.
func articleBody(text string) (own int, heading string) {
	if at := division.FindStringIndex(text); at != nil {
		text = text[:at[0]]
	}
	if m := caption.FindStringSubmatch(strings.TrimSpace(text)); m != nil {
		heading = clean.Fold(m[1] + m[2])
	}
	return len(text), heading
}
