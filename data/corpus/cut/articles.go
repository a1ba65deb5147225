package cut

import (
	"regexp"
	"strings"

	"slm/data/corpus/clean"
	"slm/data/corpus/doc"
)

// Statutes in Chinese: articles are numbered 第一条, 第二条, and what is inserted later 第二条之一. One file may hold several laws.

// numerals are the characters of a Chinese number. Zero has three forms, of which ○ is a sign and no digit to Unicode.
const numerals = `零〇○一二三四五六七八九十百千\d`

var (
	// article matches the number with which an article begins. Group 1: the number, group 2: that of an inserted article. 笫 is 第
	// misread; it stands so in public texts of statutes.
	article = regexp.MustCompile(`\A[ \t\x{3000}]*[第笫][ \t]*([` + numerals + `]+)[ \t]*条(?:之[ \t]*([` + numerals + `]+))?[ \t\x{3000}]*`)
	// refers matches what follows a number, without a space, in the middle of a sentence that a line may begin with: 第三条第一款, 第三条、第四条.
	refers = regexp.MustCompile(`^(?:[第、，,和与及至到的或]|规定)`)
	// division matches the line that heads the next part of a law: ## 第一章 总则.
	division = regexp.MustCompile(`(?m)^[ \t]*(?:#.*|第[` + numerals + `]+(?:分编|[编章节])(?:[ \t].{0,60})?)$`)
	// caption matches the name that some laws give an article: 【分裂国家罪】.
	caption = regexp.MustCompile(`^【([^】]{1,40})】`)
	// edition matches the year of a version behind a law's name.
	edition = regexp.MustCompile(`[ \t]*[（(][^（()）]*[）)]$`)
)

// articleStyle numbers sections as statutes do. Repealed articles leave gaps. A line begins with 第, 笫 or U+3000.
var articleStyle = style{pattern: article, first: "\xe3\xe7", skips: true, article: true}

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

// laws cuts a document that holds statutes at the first-level headings ("# 中华人民共和国刑法") where the numbers begin anew. A law may
// be headed again at each of its books; then the numbers go on, and so does the law. Of headings that follow each other, the first is
// the law's name. A document without headings or without articles is no book of laws and gives none.
func laws(d doc.Document) []doc.Document {
	marks := articles(d.Text)
	if len(marks) < MinNumbered {
		return nil
	}
	var heads []heading
	for _, h := range headings(d.Text) {
		if h.level == 1 {
			heads = append(heads, h)
		}
	}
	if len(heads) == 0 {
		return nil
	}
	// groups are headings with nothing between them: the index of each one's first.
	group := make([]int, len(heads))
	for i := 1; i < len(heads); i++ {
		if group[i] = i; strings.TrimSpace(d.Text[heads[i-1].body:heads[i].start]) == "" {
			group[i] = group[i-1]
		}
	}
	var starts []int // heads that begin a law
	next := 0        // the first head behind the last article
	for _, m := range marks {
		first := next
		for next < len(heads) && heads[next].start < m.start {
			next++
		}
		for i := first; i < next && m.value == 1 && !m.sub; i++ {
			if group[i] == i {
				starts = append(starts, i)
			}
		}
	}
	c := newSplitter(d)
	title, start := d.Title, 0
	for _, i := range starts {
		c.add(title, start, heads[i].start)
		title, start = lawName(heads[i].text), heads[i].body
	}
	c.add(title, start, len(d.Text))
	return c.parts
}

// articles finds the places of article numbers in a text that need not be clean.
func articles(text string) []mark {
	if !strings.Contains(text, "条") {
		return nil
	}
	return articleStyle.find(text)
}

// articleBody is an article's own text, which ends where the next part of the law is headed, and its caption.
func articleBody(text string) (body, heading string) {
	if at := division.FindStringIndex(text); at != nil {
		text = text[:at[0]]
	}
	body = strings.TrimSpace(htmlComment.ReplaceAllString(text, ""))
	if m := caption.FindStringSubmatch(body); m != nil {
		heading = clean.Fold(m[1])
	}
	return body, heading
}
