package read

import (
	"bytes"
	"errors"
	"io"
	"iter"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/net/html/charset"

	"slm/data/corpus/clean"
	"slm/data/corpus/doc"
)

// htmlPage is HTML: headings, paragraphs, preformatted text and tables. Tags, scripts, styles and comments are no text; navigation is left out.
// The charset is that of the byte order mark or of the page itself, else UTF-8.
var htmlPage = Format{Name: "HTML", Ends: []string{".html", ".htm", ".xhtml"}, Read: func(in *Input) iter.Seq2[doc.Document, error] {
	return func(yield func(doc.Document, error) bool) {
		var from io.Reader = in.in
		head, _ := in.in.Peek(1024) // what cannot be read is told when it is read
		if declared := pageCharset.FindSubmatch(head); declared != nil {
			if enc, name := charset.Lookup(string(declared[1])); enc != nil && name != "utf-8" && !strings.HasPrefix(name, "utf-16") { // read as text, it is none
				from = enc.NewDecoder().Reader(in.in)
			}
		}
		z := html.NewTokenizer(from)
		z.SetMaxBuf(in.most)
		p := &htmlReader{z: z, line: 1, doc: doc.Document{Title: in.title(), Source: in.label, Outlined: true}}
		for {
			kind := z.Next()
			raw := z.Raw()
			if kind == html.ErrorToken && z.Err() != io.EOF {
				yield(doc.Document{}, in.fail(p.line, z.Err()))
				return
			}
			if !utf8.Valid(raw) || bytes.IndexByte(raw, 0) >= 0 {
				yield(doc.Document{}, in.fail(p.line+bytes.Count(raw[:invalidAt(raw)], []byte("\n")), errCharset))
				return
			}
			lines := bytes.Count(raw, []byte("\n"))
			if kind == html.ErrorToken || in.enough() {
				break
			}
			p.token(kind)
			p.line += lines
			if p.size > in.most && p.skip == 0 && p.open == 0 {
				if !p.give(yield) {
					return
				}
			}
		}
		p.flush()
		p.give(yield)
	}
}}

// pageCharset is the charset that a page names, of itself or as XML.
var pageCharset = regexp.MustCompile(`(?i)(?:<meta[^>]{1,200}charset\s*=\s*["']?\s*|<\?xml[^>]{1,100}encoding\s*=\s*["'])([a-z0-9_:.-]+)`)

var errCharset = errors.New("not UTF-8 text, and the page names no other charset; convert the file first")

// invalidAt is where a text stops to be UTF-8 without zero bytes.
func invalidAt(raw []byte) int {
	for i := 0; i < len(raw); {
		r, size := utf8.DecodeRune(raw[i:])
		if r == utf8.RuneError && size <= 1 || r == 0 {
			return i
		}
		i += size
	}
	return len(raw)
}

// htmlReader makes blocks of tokens. Elements need not be closed, or closed in order: pages are not.
type htmlReader struct {
	z    *html.Tokenizer
	doc  doc.Document
	line int // of the token
	size int // bytes of text in blocks

	text   strings.Builder // of the block that is open
	begun  int             // line of its first text
	open   atom.Atom       // what the block is of: a heading, Pre, Table, Nav, Title, or 0 for prose
	row    []string        // cells of a table's row
	rows   strings.Builder
	titled bool      // the page has named itself
	skip   int       // depth of elements that hold no text
	inner  int       // depth of tables, or of navigation
	tag    atom.Atom // of skip
}

func (p *htmlReader) token(kind html.TokenType) {
	switch kind {
	case html.TextToken:
		p.add(string(p.z.Text()))
	case html.StartTagToken, html.SelfClosingTagToken:
		name, _ := p.z.TagName()
		if kind == html.SelfClosingTagToken {
			p.z.NextIsNotRawText()
		}
		p.start(atom.Lookup(name), kind == html.SelfClosingTagToken)
	case html.EndTagToken:
		name, _ := p.z.TagName()
		p.end(atom.Lookup(name))
	}
}

func (p *htmlReader) add(text string) {
	if p.skip > 0 {
		return
	}
	if p.begun == 0 && strings.TrimSpace(text) != "" {
		p.begun = p.line + strings.Count(text[:len(text)-len(strings.TrimLeft(text, " \t\r\n"))], "\n")
	}
	p.text.WriteString(text)
}

func (p *htmlReader) start(tag atom.Atom, closed bool) {
	switch {
	case p.skip > 0:
		if tag == p.tag && !closed {
			p.skip++
		}
	case (tag == atom.Script || tag == atom.Style || tag == atom.Template) && !closed:
		p.skip, p.tag = 1, tag
	case tag == atom.Br:
		p.text.WriteByte('\n')
	case p.open == atom.Nav && !content[tag]:
		p.inNav(tag)
	case tag == atom.Title && p.open == 0:
		p.begin(tag)
	case heading(tag) > 0:
		p.begin(tag)
	case tag == atom.Pre && p.open != atom.Table:
		p.begin(tag)
	case tag == atom.Table && p.open == atom.Table:
		p.inner++
	case tag == atom.Nav || tag == atom.Table:
		p.begin(tag)
	case p.open == atom.Table && tag == atom.Tr && p.inner == 0:
		p.endRow()
	case p.open == atom.Table && (tag == atom.Td || tag == atom.Th) && p.inner == 0:
		p.endCell()
	case content[tag] && p.open == atom.Nav:
		p.begin(0)
	case breaks[tag]:
		p.paragraph()
	}
}

// content are the elements that end navigation which nobody has closed.
var content = map[atom.Atom]bool{atom.H1: true, atom.Main: true, atom.Article: true, atom.Footer: true}

// inNav takes an element of navigation, in which all is one text.
func (p *htmlReader) inNav(tag atom.Atom) {
	if tag == atom.Nav {
		p.inner++
	} else if breaks[tag] || heading(tag) > 0 {
		p.text.WriteString("\n\n")
	}
}

// paragraph ends one.
func (p *htmlReader) paragraph() {
	switch p.open {
	case 0:
		p.flush()
	case atom.Pre:
	default:
		p.text.WriteString("\n\n")
	}
}

func (p *htmlReader) end(tag atom.Atom) {
	switch {
	case p.skip > 0:
		if tag == p.tag {
			p.skip--
		}
	case p.inner > 0 && tag == p.open:
		p.inner--
	case tag == p.open && tag != 0, heading(tag) > 0 && heading(p.open) > 0:
		p.flush()
	case p.open == atom.Table && (tag == atom.Td || tag == atom.Th) && p.inner == 0:
		p.endCell()
	case p.open == atom.Table && tag == atom.Tr && p.inner == 0:
		p.endRow()
	case breaks[tag]:
		p.paragraph()
	}
}

func heading(tag atom.Atom) int {
	switch tag {
	case atom.H1:
		return 1
	case atom.H2:
		return 2
	case atom.H3:
		return 3
	case atom.H4:
		return 4
	case atom.H5:
		return 5
	case atom.H6:
		return 6
	}
	return 0
}

// breaks are the elements that begin a paragraph, and end one.
var breaks = map[atom.Atom]bool{
	atom.P: true, atom.Div: true, atom.Section: true, atom.Article: true, atom.Li: true, atom.Ul: true, atom.Ol: true, atom.Dl: true, atom.Dt: true, atom.Dd: true,
	atom.Blockquote: true, atom.Hr: true, atom.Form: true, atom.Header: true, atom.Footer: true, atom.Main: true, atom.Aside: true, atom.Figure: true,
	atom.Figcaption: true, atom.Address: true, atom.Details: true, atom.Summary: true, atom.Fieldset: true, atom.Body: true, atom.Caption: true, atom.Option: true,
	atom.Td: true, atom.Th: true, atom.Tr: true,
}

func (p *htmlReader) begin(tag atom.Atom) {
	p.flush()
	p.open = tag
}

func (p *htmlReader) endCell() {
	if cell := clean.Fold(p.text.String()); cell != "" {
		p.row = append(p.row, cell)
	}
	p.text.Reset()
}

func (p *htmlReader) endRow() {
	p.endCell()
	if len(p.row) > 0 {
		p.rows.WriteString(strings.Join(p.row, " | ") + "\n")
	}
	p.row = nil
}

// flush ends the block that is open.
func (p *htmlReader) flush() {
	if p.open == atom.Table {
		p.endRow()
		p.text.WriteString(p.rows.String())
		p.rows.Reset()
	}
	text, open, line := decoded(p.text.String()), p.open, p.begun
	p.text.Reset()
	p.open, p.begun, p.inner = 0, 0, 0
	if strings.TrimSpace(text) == "" {
		return
	}
	b := doc.Block{Text: strings.TrimSpace(text) + "\n\n", Decoded: true, Line: line}
	switch {
	case open == atom.Title:
		if p.titled {
			b.Kind, b.Why = doc.Aside, "title of a picture"
			break
		}
		if title := headingTitle(clean.Fold(clean.Decoded(text))); title != "" {
			p.doc.Title, p.titled = title, true
		}
		return // it stands in no part of the page
	case heading(open) > 0:
		b.Kind, b.Level, b.Title = doc.Head, heading(open), headingTitle(strings.TrimRight(clean.Fold(clean.Decoded(text)), " ¶"))
		if b.Title == "" {
			b.Kind, b.Why = doc.Aside, "a heading without text"
		}
	case open == atom.Pre:
		b.Kind, b.Text = doc.Code, strings.TrimPrefix(text, "\n")+"\n"
	case open == atom.Table:
		b.Kind = doc.Table
	case open == atom.Nav:
		b.Kind, b.Why = doc.Aside, "navigation"
	}
	p.size += len(b.Text)
	p.doc.Chars += doc.Chars(b.Text)
	p.doc.Blocks = append(p.doc.Blocks, b)
}

// give yields what has been read of the page.
func (p *htmlReader) give(yield func(doc.Document, error) bool) bool {
	if len(p.doc.Blocks) == 0 {
		return true
	}
	more := yield(p.doc, nil)
	p.doc.Blocks, p.doc.Chars, p.size = nil, 0, 0
	return more
}
