package corpus

import (
	"regexp"
	"strconv"
	"strings"
)

var (
	atx         = regexp.MustCompile(`^ {0,3}(#{1,6})[ \t]+(.+?)[ \t]*#*[ \t]*$`)
	fence       = regexp.MustCompile("^ {0,3}(```+|~~~+)")
	htmlComment = regexp.MustCompile(`(?s)<!--.*?-->`)
)

// heading is a Markdown heading: where its line begins and where its body does, bytes.
type heading struct {
	level       int
	text        string
	start, body int
}

// headings finds the ATX headings ("## Text") outside fenced code.
func headings(text string) []heading {
	var out []heading
	open := ""
	at := 0
	for line := range strings.SplitAfterSeq(text, "\n") {
		bare := strings.TrimRight(line, "\n")
		if begin := strings.TrimLeft(bare, " "); begin == "" || strings.IndexByte("#`~", begin[0]) < 0 {
			at += len(line) // most lines: neither pattern begins otherwise
			continue
		}
		if f := fence.FindStringSubmatch(bare); f != nil {
			switch {
			case open == "":
				open = f[1]
			case strings.HasPrefix(f[1], open):
				open = ""
			}
		} else if h := atx.FindStringSubmatch(bare); h != nil && open == "" {
			out = append(out, heading{len(h[1]), Fold(h[2]), at, at + len(line)})
		}
		at += len(line)
	}
	return out
}

// cutHeadings makes a section of each heading that has a text of its own. A heading that stands twice in a document is told apart by
// the one above it. Text before the first heading is a section without heading.
func cutHeadings(doc document, text string) []Section {
	all := headings(text)
	if len(all) == 0 {
		return nil
	}
	count := map[string]int{}
	for _, h := range all {
		count[h.text]++
	}
	var out []Section
	lines := lines{text: text, line: doc.line}
	add := func(title, raw string, at int) {
		body := Fold(htmlComment.ReplaceAllString(raw, ""))
		if body != "" {
			out = append(out, section(doc, strconv.Itoa(len(out)+1), title, body, lines.of(at)))
		}
	}
	add("", text[:all[0].start], 0)
	var above [7]string
	for i, h := range all {
		end := len(text)
		if i+1 < len(all) {
			end = all[i+1].start
		}
		above[h.level] = h.text
		title := h.text
		for level := h.level - 1; count[h.text] > 1 && level > 0; level-- {
			if above[level] != "" {
				title = above[level] + " – " + title
				break
			}
		}
		clear(above[h.level+1:])
		add(title, text[h.body:end], h.start)
	}
	return out
}

// documents cuts a Markdown file at its first-level headings: each is the title of a document. What stands before the first goes
// to a document with the file's own name.
func documents(doc document) []document {
	c := newCutter(doc)
	title, start := doc.title, 0
	for _, h := range headings(doc.text) {
		if h.level == 1 {
			c.add(title, start, h.start)
			title, start = Fold(Clean(h.text)), h.body
			c.doc.headed = true
		}
	}
	c.add(title, start, len(doc.text))
	return c.parts
}

// cutter cuts a document into documents that follow each other in it.
type cutter struct {
	doc   document // what the next part is like, but for title, text and line
	count lines
	parts []document
}

func newCutter(doc document) *cutter {
	return &cutter{doc: doc, count: lines{text: doc.text, line: doc.line}}
}

// add makes a part of doc.text[start:end], unless it is blank.
func (c *cutter) add(title string, start, end int) {
	if text := c.doc.text[start:end]; strings.TrimSpace(text) != "" {
		part := c.doc
		part.title, part.text, part.line = title, strings.TrimLeft(text, " \t\n"), c.count.of(start)
		c.parts = append(c.parts, part)
	}
}
