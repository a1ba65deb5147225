package read

import (
	"iter"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"slm/data/corpus/clean"
	"slm/data/corpus/doc"
)

// restructured is reStructuredText, of docutils and Sphinx: headings by their rulers, literal blocks, directives, tables; roles and links are their
// text. What Sphinx would make from a program's source (autoclass) is not there, and is told as left out.
var restructured = Format{Name: "reStructuredText", Ends: []string{".rst"}, Read: func(in *Input) iter.Seq2[doc.Document, error] {
	return func(yield func(doc.Document, error) bool) {
		r := &rstReader{}
		for b, err := range in.blocks() {
			if err != nil {
				yield(doc.Document{}, err)
				return
			}
			r.blocks = nil
			r.read(linesOf(lineEnds.Replace(b.Text), b.Line), 0)
			if !yield(doc.Document{Title: in.title(), Source: in.label, Outlined: true, Chars: doc.Chars(b.Text), Blocks: r.blocks}, nil) {
				return
			}
		}
	}
}}

// rstReader makes blocks of lines. White space is no text, so lines lose their indentation where it has no meaning.
type rstReader struct {
	styles []string // of the rulers of headings, by level
	blocks []doc.Block
}

// rstLine is a line without its end.
type rstLine struct {
	text string
	n    int // of the source, from 1
}

func linesOf(text string, first int) []rstLine {
	var out []rstLine
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		out = append(out, rstLine{strings.ReplaceAll(line, "\t", "        "), first + len(out)})
	}
	return out
}

func (l rstLine) blank() bool { return strings.TrimSpace(l.text) == "" }
func (l rstLine) indent() int { return len(l.text) - len(strings.TrimLeft(l.text, " ")) }

func (r *rstReader) add(b doc.Block, lines ...rstLine) {
	text := joinLines(lines)
	if strings.TrimSpace(text) == "" {
		return
	}
	b.Text, b.Line, b.Decoded = text, lines[0].n, true
	r.blocks = append(r.blocks, b)
}

func (r *rstReader) aside(why string, lines ...rstLine) {
	r.add(doc.Block{Kind: doc.Aside, Why: why, Break: true}, lines...)
}

func joinLines(lines []rstLine) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(l.text + "\n")
	}
	return b.String()
}

// deepest bounds directives within directives; what is deeper is prose.
const deepest = 20

// read goes through lines that stand at one indentation.
func (r *rstReader) read(lines []rstLine, depth int) {
	for len(lines) > 0 {
		n := 0
		switch first := lines[0]; {
		case first.blank():
			n = 1
		case depth == 0 && r.heading(lines) > 0:
			n = r.headingAt(lines)
		case isRuler(first.text) && len(strings.TrimSpace(first.text)) >= 4 && !gridBorder.MatchString(first.text) && !simpleBorder.MatchString(first.text):
			n = 1
			r.aside("ruler", first)
		case explicit.MatchString(first.text) && depth < deepest:
			n = r.markup(lines, depth)
		case gridBorder.MatchString(first.text), simpleBorder.MatchString(first.text):
			n = r.table(lines)
		case strings.HasPrefix(strings.TrimSpace(first.text), ">>> "):
			n = paragraphEnd(lines)
			r.add(doc.Block{Kind: doc.Code}, lines[:n]...)
		default:
			n = r.paragraph(lines)
		}
		lines = lines[n:]
	}
}

// paragraphEnd is how many lines there are up to a blank one.
func paragraphEnd(lines []rstLine) int {
	n := slices.IndexFunc(lines, rstLine.blank)
	if n < 0 {
		return len(lines)
	}
	return n
}

// block is how many lines are blank or indented deeper, without the blank ones at the end.
func block(lines []rstLine, indent int) int {
	n := 0
	for i, l := range lines {
		if !l.blank() {
			if l.indent() <= indent {
				break
			}
			n = i + 1
		}
	}
	return n
}

// dedented is a block without the indentation that its lines share.
func dedented(lines []rstLine) []rstLine {
	least := -1
	for _, l := range lines {
		if !l.blank() && (least < 0 || l.indent() < least) {
			least = l.indent()
		}
	}
	out := slices.Clone(lines)
	for i, l := range out {
		out[i].text = l.text[min(max(0, least), len(l.text)):]
	}
	return out
}

// heading is how many lines a heading at the start has: two, or three with a ruler above; 0 when there is none.
func (r *rstReader) heading(lines []rstLine) int {
	ruled := func(title, under rstLine) bool {
		text := strings.TrimSpace(title.text)
		return text != "" && isRuler(under.text) && utf8.RuneCountInString(strings.TrimRight(under.text, " "))+2 >= utf8.RuneCountInString(strings.TrimRight(title.text, " "))
	}
	switch {
	case len(lines) >= 3 && isRuler(lines[0].text) && ruled(lines[1], lines[2]) && lines[2].text[0] == lines[0].text[0]:
		return 3
	case len(lines) >= 2 && lines[0].indent() == 0 && !isRuler(lines[0].text) && ruled(lines[0], lines[1]):
		return 2
	}
	return 0
}

func (r *rstReader) headingAt(lines []rstLine) int {
	n := r.heading(lines)
	title, style := lines[n-2].text, lines[n-1].text[:1]
	if n == 3 {
		style += style
	}
	level := slices.Index(r.styles, style) + 1
	if level == 0 {
		r.styles = append(r.styles, style)
		level = len(r.styles)
	}
	shown, _ := rstInline(title)
	if shown = headingTitle(clean.Fold(clean.Decoded(strings.NewReplacer("``", "", "`", "", "**", "").Replace(shown)))); shown == "" {
		r.aside("a heading without text", lines[:n]...)
		return n
	}
	r.add(doc.Block{Kind: doc.Head, Level: level, Title: shown}, lines[:n]...)
	return n
}

// isRuler reports whether a line is one punctuation character, again and again.
func isRuler(line string) bool {
	line = strings.TrimRight(line, " ")
	return len(line) >= 2 && strings.IndexByte("=-`:'\"~^_*+#<>.!$%&(),/;?@[\\]{|}", line[0]) >= 0 && strings.Trim(line, line[:1]) == "" && line != ".." && line != "::" && line != "__"
}

var (
	explicit     = regexp.MustCompile(`^ *(?:\.\.(?: |$)|__ )`)
	gridBorder   = regexp.MustCompile(`^ *\+(?:[-=]{3,}\+)+ *$`)
	simpleBorder = regexp.MustCompile(`^ *={2,}(?: +={2,})+ *$`)
	rstField     = regexp.MustCompile(`^ *:[^:\s][^:]*:(?: |$)`)
	rstOption    = regexp.MustCompile(`^ *(?:--?|/)\w[\w-]*(?:[ =,]\S+)*(?: {2,}|$)`)
)

// table takes a grid or a simple table: its rows stay as they are.
func (r *rstReader) table(lines []rstLine) int {
	n := paragraphEnd(lines)
	if simpleBorder.MatchString(lines[0].text) { // blank lines may stand between its rows: it ends at its last border
		for i, borders := 0, 0; i < len(lines) && borders < 3; i++ {
			if simpleBorder.MatchString(lines[i].text) {
				if borders++; i+1 >= len(lines) || lines[i+1].blank() {
					if i > 0 {
						n = i + 1
						break
					}
				}
			}
		}
	}
	r.add(doc.Block{Kind: doc.Table}, lines[:n]...)
	return n
}

// paragraph takes prose up to a blank line, and the literal block that it announces.
func (r *rstReader) paragraph(lines []rstLine) int {
	n := 1
	for n < len(lines) && !lines[n].blank() && !explicit.MatchString(lines[n].text) {
		n++
	}
	text := strings.TrimRight(joinLines(lines[:n]), " \n")
	bare, literal := strings.CutSuffix(text, "::")
	if !literal {
		r.prose(text, lines[0].n)
		return n
	}
	switch {
	case strings.TrimSpace(bare) == "":
		r.aside("mark of code", lines[n-1])
	case strings.HasSuffix(bare, " "):
		r.prose(bare, lines[0].n)
		r.aside("mark of code", rstLine{"::", lines[n-1].n})
	default:
		r.prose(bare+":", lines[0].n)
		r.aside("mark of code", rstLine{":", lines[n-1].n})
	}
	if size := block(lines[n:], lines[0].indent()); size > 0 {
		start := slices.IndexFunc(lines[n:], func(l rstLine) bool { return !l.blank() })
		r.add(doc.Block{Kind: doc.Code}, dedented(lines[n+start:n+size])...)
		return n + size
	}
	return n
}

// prose adds a paragraph. Its roles and links are their text; fields and options of a list are paragraphs of their own.
func (r *rstReader) prose(text string, line int) {
	var b strings.Builder
	for l := range strings.SplitSeq(text, "\n") {
		if (rstField.MatchString(l) || rstOption.MatchString(l)) && b.Len() > 0 {
			b.WriteString("\n")
		}
		b.WriteString(l + "\n")
	}
	shown, left := rstInline(b.String())
	if strings.TrimSpace(shown) != "" {
		r.blocks = append(r.blocks, doc.Block{Text: strings.TrimRight(shown, "\n") + "\n\n", Line: line, Decoded: true})
	}
	if strings.TrimSpace(left) != "" {
		r.blocks = append(r.blocks, doc.Block{Kind: doc.Aside, Why: "markup", Break: true, Text: left, Line: line, Decoded: true})
	}
}

// rstSpans match what is written around a text within a line. The groups are what is shown.
var rstSpans = regexp.MustCompile("(?s)(``.+?``)" + // code stays as it is
	"|:[a-zA-Z][\\w:+.-]*:`[~!]?([^`<]*?)(?:\\s*<[^`>]*>)?`" + // a role
	"|`([^`<]+?)\\s*<[^`>]*>`__?" + // a link
	"|`([^`]+)`__?\\b" + "|`([^`]+)`__?" + // a reference
	"|\\|([\\w.-][^|\\n]*)\\|_{0,2}" + // a substitution
	"|\\b(\\w+)_(?:$|[\\s.,;:)])" + "|\\\\([ *`|_])")

// rstInline is what is shown of a text, and what is not.
func rstInline(text string) (shown, left string) {
	var out, rest strings.Builder
	at := 0
	for _, m := range rstSpans.FindAllStringSubmatchIndex(text, -1) {
		out.WriteString(text[at:m[0]])
		at = m[1]
		from, to := m[0], m[0]
		for g := 2; g < len(m); g += 2 {
			if m[g] >= 0 {
				from, to = m[g], m[g+1]
			}
		}
		if from == m[14] && m[14] >= 0 { // of word_ the character behind it is not its own
			at = to + 1
		}
		out.WriteString(text[from:to])
		rest.WriteString(text[m[0]:from] + text[to:at])
	}
	out.WriteString(text[at:])
	return out.String(), rest.String()
}
