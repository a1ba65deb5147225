package cut

import (
	"regexp"
	"strconv"
	"strings"

	"slm/data/corpus/clean"
	"slm/data/corpus/doc"
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
			out = append(out, heading{len(h[1]), clean.Fold(h[2]), at, at + len(line)})
		}
		at += len(line)
	}
	return out
}

// headed is Markdown with headings: a section of each heading that has a text of its own. A heading that stands twice in a document is
// told apart by the one above it. Text before the first heading is a section without heading.
var headed = kind{"headings", func(d doc.Document, text string, _ Options) ([]Piece, bool) {
	if !d.Markdown {
		return nil, false
	}
	all := headings(text)
	if len(all) == 0 {
		return nil, false
	}
	count := map[string]int{}
	for _, h := range all {
		count[h.text]++
	}
	var out []Piece
	lines := doc.NewLines(text, d.Line)
	add := func(title, raw string, at int) {
		body := clean.Fold(htmlComment.ReplaceAllString(raw, ""))
		if body != "" {
			out = append(out, Piece{strconv.Itoa(len(out) + 1), title, body, lines.Of(at)})
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
	return out, len(out) > 0
}}
