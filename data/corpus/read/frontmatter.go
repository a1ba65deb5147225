package read

import (
	"fmt"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/goccy/go-yaml"

	"slm/data/corpus/clean"
	"slm/data/corpus/doc"
)

// parseMarkdown makes a document of a Markdown text. The title that its front matter gives is that of the whole; else it has the one given.
func parseMarkdown(b doc.Block, title, source string, mdx bool) doc.Document {
	d := doc.Document{Title: title, Source: source, Outlined: true, Chars: doc.Chars(b.Text)}
	body, line := b.Text, b.Line
	if n, own := frontMatter(b.Text); n > 0 && b.Line == 1 {
		d.Blocks = append(d.Blocks, doc.Block{Kind: doc.Aside, Why: "front matter", Text: b.Text[:n], Line: b.Line})
		body, line = b.Text[n:], b.Line+strings.Count(b.Text[:n], "\n")
		if own != "" {
			d.Title, d.Entitled = own, true
		}
	}
	d.Blocks = append(d.Blocks, outlineOf(body, line, mdx)...)
	if i, h := firstText(d.Blocks); d.Entitled && h.Kind == doc.Head && h.Title == d.Title {
		d.Blocks[i].Kind, d.Blocks[i].Why = doc.Aside, "the title again"
	}
	return d
}

// firstText is the first block that is not blank and no aside.
func firstText(blocks []doc.Block) (int, doc.Block) {
	for i, b := range blocks {
		if b.Kind != doc.Aside && strings.TrimSpace(b.Text) != "" {
			return i, b
		}
	}
	return -1, doc.Block{}
}

// frontMatter is how many bytes at the start of a text are metadata, in YAML between --- and --- or ..., or in TOML between +++ and +++, and
// the title that they give. What is no table of names and values is no metadata.
func frontMatter(text string) (n int, title string) {
	first, rest, _ := strings.Cut(text, "\n")
	mark := strings.TrimRight(first, " \t\r")
	if mark != "---" && mark != "+++" {
		return 0, ""
	}
	at := len(first) + 1
	for line := range strings.SplitAfterSeq(rest, "\n") {
		end := strings.TrimRight(line, " \t\r\n")
		if end == mark || mark == "---" && end == "..." {
			fields, ok := metadata(mark, text[len(first)+1:at])
			if !ok {
				return 0, ""
			}
			switch own := fields["title"].(type) {
			case string, int64, uint64, float64:
				title = clean.Fold(clean.Text(fmt.Sprint(own)))
			}
			return at + len(line), title
		}
		at += len(line)
	}
	return 0, ""
}

func metadata(mark, text string) (map[string]any, bool) {
	fields := map[string]any{}
	if strings.TrimSpace(text) == "" {
		return fields, true
	}
	if mark == "+++" {
		_, err := toml.Decode(text, &fields)
		return fields, err == nil
	}
	return fields, yaml.Unmarshal([]byte(text), &fields) == nil
}
