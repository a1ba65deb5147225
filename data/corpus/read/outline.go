package read

import (
	"bytes"
	"regexp"
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	tables "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"slm/data/corpus/clean"
	"slm/data/corpus/doc"
)

// markdownParser knows CommonMark, the tables and strikethrough of GitHub, and attributes of headings ({#id}).
var markdownParser = parser.NewParser(
	parser.WithBlockParsers(parser.DefaultBlockParsers()...),
	parser.WithInlineParsers(append(parser.DefaultInlineParsers(), util.Prioritized(extension.NewStrikethroughParser(), 500))...),
	parser.WithParagraphTransformers(append(parser.DefaultParagraphTransformers(), util.Prioritized(extension.NewTableParagraphTransformer(), 200))...),
	parser.WithAttribute(),
)

// lineEnds makes one kind of them, as CommonMark wants it.
var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// outline finds the headings, code, tables and comments of a Markdown text; what is between them is prose. The blocks are verbatim.
type outline struct {
	source []byte
	marks  []mark // what is no text, in order
	line   int
	at     int // bytes that are in blocks
	blocks []doc.Block
}

// outlineOf cuts a Markdown text into blocks. Headings are those of the document itself, not of a quotation or of a list's item.
func outlineOf(source string, line int, mdx bool) []doc.Block {
	o := &outline{source: []byte(lineEnds.Replace(source)), line: line}
	o.marks = apart(append(noteFences(o.source), marksOf(o.source, mdx)...))
	root := markdownParser.Parse(text.NewReader(blanked(tamed(o.source), o.marks)))
	_ = ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // the visitor never fails
		if !entering {
			return ast.WalkContinue, nil
		}
		return o.visit(n), nil
	})
	o.prose(len(o.source))
	return o.blocks
}

func (o *outline) visit(n ast.Node) ast.WalkStatus {
	switch n := n.(type) {
	case *ast.Heading:
		if n.Parent().Kind() == ast.KindDocument {
			o.heading(n)
			return ast.WalkSkipChildren
		}
	case *ast.FencedCodeBlock:
		if n.Pos() < 0 || n.Pos() >= len(o.source) {
			return ast.WalkSkipChildren
		}
		o.fenced(n)
		return ast.WalkSkipChildren
	case *ast.CodeBlock:
		if last := n.Lines().Len() - 1; last >= 0 {
			o.add(doc.Block{Kind: doc.Code}, o.lineStart(n.Lines().At(0).Start), o.lineEnd(n.Lines().At(last).Stop-1))
		}
		return ast.WalkSkipChildren
	case *ast.HTMLBlock:
		o.html(n)
		return ast.WalkSkipChildren
	case *ast.RawHTML:
		if last := n.Segments.Len() - 1; last >= 0 {
			start, end := n.Segments.At(0).Start, n.Segments.At(last).Stop
			o.comments(start, end)
			o.tagMarks(start, end)
		}
	case *tables.Table:
		o.table(n)
		return ast.WalkSkipChildren
	}
	return ast.WalkContinue
}

// add makes a block of source[start:end], and prose of what stands before it.
func (o *outline) add(b doc.Block, start, end int) {
	if start < o.at || end <= start { // in a block already: a comment in a table
		return
	}
	o.prose(start)
	o.take(b, end)
}

func (o *outline) prose(end int) {
	if end > o.at {
		o.take(doc.Block{}, end)
	}
}

func (o *outline) take(b doc.Block, end int) {
	cut := o.pieces
	if b.Kind == doc.Head || b.Kind == doc.Aside {
		cut = func(_, end int, give func(int, *mark)) { give(end, nil) }
	}
	cut(o.at, end, func(end int, m *mark) {
		b := b
		if m != nil {
			b = doc.Block{Kind: doc.Aside, Why: m.why, Break: m.breaks}
		}
		piece := o.source[o.at:end]
		b.Text, b.Line = string(piece), o.line
		o.line += bytes.Count(piece, []byte{'\n'})
		o.at, o.blocks = end, append(o.blocks, b)
	})
}

func (o *outline) lineStart(at int) int { return bytes.LastIndexByte(o.source[:at], '\n') + 1 }

// lineEnd is behind the line end that follows a byte.
func (o *outline) lineEnd(at int) int {
	at = max(0, min(at, len(o.source)))
	if end := bytes.IndexByte(o.source[at:], '\n'); end >= 0 {
		return at + end + 1
	}
	return len(o.source)
}

var atxHeading = regexp.MustCompile(`^ {0,3}#{1,6}(?:[ \t]|\r?\n|$)`)

func (o *outline) heading(n *ast.Heading) {
	at := n.Pos()
	if n.Lines().Len() > 0 {
		at = n.Lines().At(0).Start
	}
	start := o.lineStart(at)
	end := o.lineEnd(at)
	if !atxHeading.Match(o.source[start:end]) && n.Lines().Len() > 0 { // underlined
		end = o.lineEnd(o.lineEnd(n.Lines().At(n.Lines().Len()-1).Stop - 1))
	}
	b := doc.Block{Kind: doc.Head, Level: n.Level, Title: o.titleOf(n)}
	if b.Title == "" {
		b = doc.Block{Kind: doc.Aside, Why: "a heading without text"}
	}
	o.add(b, start, end)
}

// fenced takes code between fences. What a directive of MyST makes (a table of contents, an index) is none, and neither is what it only includes.
func (o *outline) fenced(n *ast.FencedCodeBlock) {
	start, end := o.lineStart(n.Pos()), o.fenceEnd(n)
	b := doc.Block{Kind: doc.Code}
	if info := n.Info; info != nil {
		m := directive.FindSubmatch(info.Segment.Value(o.source))
		if m != nil && string(m[1]) == "eval-rst" {
			o.restructured(n, start, end)
			return
		}
		if m != nil && !slices.Contains(codeDirectives, string(m[1])) {
			b = doc.Block{Kind: doc.Aside, Why: "directive " + string(m[1]), Break: true}
		}
	}
	if n.Lines().Len() > 0 && b.Kind == doc.Code {
		if o.isMarks(n.Lines().At(0).Start, n.Lines().At(n.Lines().Len()-1).Stop) {
			b = doc.Block{Kind: doc.Aside, Why: "included file", Break: true}
		}
	}
	o.add(b, start, end)
}

// restructured takes the reStructuredText between the fences of MyST.
func (o *outline) restructured(n *ast.FencedCodeBlock, start, end int) {
	fence := doc.Block{Kind: doc.Aside, Why: "directive eval-rst", Break: true}
	if n.Lines().Len() == 0 || start < o.at {
		o.add(fence, start, end)
		return
	}
	first, last := n.Lines().At(0).Start, n.Lines().At(n.Lines().Len()-1).Stop
	o.add(fence, start, first)
	r := rstReader{}
	r.read(dedented(linesOf(string(o.source[first:last]), o.line)), 1)
	o.blocks = append(o.blocks, r.blocks...)
	o.line += bytes.Count(o.source[first:last], []byte{'\n'})
	o.at = last
	o.add(fence, last, end)
}

var directive = regexp.MustCompile(`^\{([\w:-]+)\}`)

// codeDirectives are the directives of MyST whose content is code.
var codeDirectives = []string{"code", "code-block", "code-cell", "sourcecode", "parsed-literal", "literalinclude", "doctest", "testcode", "prompt"}

// fenceEnd is behind the closing fence, or behind the code when there is none.
func (o *outline) fenceEnd(n *ast.FencedCodeBlock) int {
	start := o.lineStart(n.Pos())
	end := o.lineEnd(n.Pos())
	if last := n.Lines().Len() - 1; last >= 0 {
		end = max(end, o.lineEnd(n.Lines().At(last).Stop-1))
	}
	fence := o.source[n.Pos()]
	closing := bytes.TrimLeft(o.source[end:o.lineEnd(end)], " \t>")
	if run := len(closing) - len(bytes.TrimLeft(closing, string(fence))); run >= 3 && len(bytes.TrimSpace(closing[run:])) == 0 && end > start {
		return o.lineEnd(end)
	}
	return end
}

// html keeps the lines of preformatted text, and takes comments out of any other HTML.
func (o *outline) html(n *ast.HTMLBlock) {
	if n.Lines().Len() == 0 {
		return
	}
	start, end := o.lineStart(n.Lines().At(0).Start), o.lineEnd(n.Lines().At(n.Lines().Len()-1).Stop-1)
	if n.HasClosure() {
		end = max(end, o.lineEnd(n.ClosureLine.Stop-1))
	}
	switch {
	case n.HTMLBlockType != ast.HTMLBlockType1:
		o.comments(start, end)
		o.tagMarks(start, end)
	case programs.Match(o.source[start:end]):
		o.add(doc.Block{Kind: doc.Aside, Why: "script or style", Break: true}, start, end)
	default:
		o.tagMarks(start, end)
		o.add(doc.Block{Kind: doc.Code, Entities: true}, start, end)
	}
}

// programs matches the beginning of what a browser runs or draws by.
var programs = regexp.MustCompile(`(?i)^\s*<(?:script|style)\b`)

var comment = regexp.MustCompile(`(?s)<!--.*?-->`)

func (o *outline) comments(start, end int) {
	for _, at := range comment.FindAllIndex(o.source[start:end], -1) {
		o.add(doc.Block{Kind: doc.Aside, Why: "comment"}, start+at[0], start+at[1])
	}
}

// table reaches from the line of its first cell to that of its last row.
func (o *outline) table(n *tables.Table) {
	header := n.FirstChild()
	if header == nil || header.FirstChild() == nil || header.FirstChild().Pos() < 0 { // of an empty cell the parser may not know where it is
		return
	}
	start := o.lineStart(header.FirstChild().Pos())
	end := o.lineEnd(o.lineEnd(start)) // the header and the line below it
	if last := n.LastChild(); last != header {
		end = max(end, o.lineEnd(last.Pos()))
	}
	o.add(doc.Block{Kind: doc.Table}, start, end)
}

// titleOf is a heading's text without its markup: of links what is shown, no images, no HTML, no emoji. A heading that is nothing else
// keeps what it has.
func (o *outline) titleOf(n *ast.Heading) string {
	var shown, all strings.Builder
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // the visitor never fails
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Text:
			value := n.Segment.Value(o.source)
			if n.Parent().Kind() != ast.KindCodeSpan {
				value = util.UnescapePunctuations(value)
			}
			all.Write(value)
			if !inImage(n) {
				shown.Write(value)
			}
			if n.SoftLineBreak() || n.HardLineBreak() {
				all.WriteByte(' ')
				shown.WriteByte(' ')
			}
		case *ast.String:
			all.Write(n.Value)
			shown.Write(n.Value)
		case *ast.AutoLink:
			all.Write(n.Label(o.source))
			shown.Write(n.Label(o.source))
		}
		return ast.WalkContinue, nil
	})
	if title := headingTitle(clean.Fold(clean.Text(shown.String()))); title != "" {
		return title
	}
	return headingTitle(clean.Fold(clean.Text(all.String())))
}

func inImage(n ast.Node) bool {
	for ; n != nil; n = n.Parent() {
		if n.Kind() == ast.KindImage {
			return true
		}
	}
	return false
}

// shortcode is an emoji's name as GitHub writes it.
var shortcode = regexp.MustCompile(`(^|\s):[a-z0-9_+-]+:(\s|$)`)

// headingTitle takes pictures out of a heading: they are no part of a name that is typed in a question. A heading of nothing else stays.
func headingTitle(text string) string {
	if title := clean.Fold(withoutEmoji(text)); title != "" {
		return title
	}
	return text
}

func withoutEmoji(text string) string {
	for shortcode.MatchString(text) {
		text = shortcode.ReplaceAllString(text, "$1 $2")
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 0x1f000 && r <= 0x1faff, r >= 0x2600 && r <= 0x27bf, r >= 0xe0020 && r <= 0xe007f,
			r == 0x200d, r == 0x20e3, r >= 0xfe00 && r <= 0xfe0f, r == 0x2b50, r == 0x2b55, r == 0x2b06, r == 0x2b07, r == 0x231a, r == 0x231b:
			return -1
		}
		return r
	}, text)
}
