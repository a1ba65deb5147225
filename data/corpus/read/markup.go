package read

import (
	"bytes"
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// Markdown files hold what is none: the tags of template engines and site generators, HTML, JSX. A reader of the page sees none of it. It is
// found here and left out as asides, and the parser sees blanks in its place.

// mark is a piece of a file that is no text.
type mark struct {
	start, end int
	why        string
	breaks     bool   // what stands before and behind it are two paragraphs
	shown      string // what the parser sees in its place, blanks behind it
	seen       bool   // the parser sees it as it is
}

// dialect is one kind of marks. Group 1 of a pattern, where it has one, is what is left out in place of the whole.
type dialect struct {
	why    string
	hint   string // stands in a file that has such marks: a search for it is quick
	in     *regexp.Regexp
	breaks bool
	inCode bool // in code, too
	asList bool // what follows is indented, and would be code
	seen   bool // the parser sees them
	mdx    bool // of MDX only
}

var dialects = []dialect{
	{why: "template tag", hint: "raw", in: regexp.MustCompile(`\{%-?\s*(?:end)?raw\s*-?%\}`), inCode: true},
	{why: "template tag", hint: "{%", in: regexp.MustCompile(`(?s)\{%-?[\sa-z].*?%\}`), breaks: true},
	{why: "template tag", hint: "{{", in: regexp.MustCompile(`\{\{[<%].*?[%>]\}\}`), breaks: true, inCode: true},
	{why: "template tag", hint: "{{", in: regexp.MustCompile(`\{\{-?\s*[a-z_][\w.]*(?:\s*\|[^{}]*)?\s*-?\}\}`)},
	{why: "attributes", hint: "{:", in: regexp.MustCompile(`(?m)[ \t]*\{:[^{}\n]*\}[ \t]*$`)},
	{why: "included file", hint: "*}", in: regexp.MustCompile(`(?m)^[ \t]*\{\*.*\*\}[ \t]*$`), breaks: true, inCode: true},
	{why: "included file", hint: "!}", in: regexp.MustCompile(`(?m)^[ \t]*\{!.*!\}[ \t]*$`), breaks: true, inCode: true},
	{why: "generated reference", hint: "::: ", in: regexp.MustCompile(`(?m)^::: [\w.]+(?:[ \t]*\n(?:[ \t]+\S.*(?:\n|\z))+)?`), breaks: true},
	{why: "mark of a note", hint: ":::", in: regexp.MustCompile(`(?m)^[ \t]*:::+[ \t]*[a-z]*(?:\{[^{}\n]*\})?(?:[ \t]*$|\[)`), breaks: true},
	{why: "mark of a note", hint: "///", in: regexp.MustCompile(`(?m)^[ \t]*/{3,}(?:[ \t]+[\w-]+)?(?:[ \t]*\|)?(?:[ \t]*$|[ \t]*"?)`), breaks: true},
	{why: "mark of a note", hint: "!!! ", in: regexp.MustCompile(`(?m)^[ \t]*(!!! [\w-]+(?:[ \t]+"?|$))`), breaks: true, asList: true},
	{why: "mark of a note", hint: "???", in: regexp.MustCompile(`(?m)^[ \t]*(\?\?\?\+? [\w-]+(?:[ \t]+"?|$))`), breaks: true, asList: true},
	{why: "mark of a note", hint: `"`, in: regexp.MustCompile(`(?m)^[ \t]*(?:!!!|\?\?\?|/{3,})[^\n"]*"[^\n"]*(")[ \t]*$`), breaks: true},
	{why: "target of links", hint: "]: ", in: regexp.MustCompile(`(?m)^ {0,3}\[[^\]\n]+\]:[ \t]+\S.*$`), breaks: true, seen: true},
	{why: "mark of a note", hint: ":::", in: regexp.MustCompile(`(?m)^[ \t]*:::+[ \t]*[a-z]*\[.*(\])[ \t]*$`), breaks: true},
	{why: "target of links", hint: ")=", in: regexp.MustCompile(`(?m)^\([\w.:/-]+\)=[ \t]*$`), breaks: true},
	{why: "role", hint: "}`", in: regexp.MustCompile("(\\{[a-z][\\w:+-]*\\})`")},
	{why: "form", hint: `\htmlonly`, in: regexp.MustCompile(`(?ms)^\\htmlonly\b.*?^\\endhtmlonly\b`), breaks: true},
	{why: "import", hint: "port ", in: regexp.MustCompile(`(?m)^(?:import|export)\s(?:.+\n?)+`), breaks: true, mdx: true},
	{why: "comment", hint: "{/*", in: regexp.MustCompile(`(?s)\{/\*.*?\*/\}`), mdx: true},
	{why: "tag", hint: "<", in: regexp.MustCompile(`(?s)</?[A-Z][\w.]*(?:[^<>"'{}]|"[^"]*"|'[^']*'|` + braced(braced(braced("[^\\s\\S]"))) + `)*>`), breaks: true, mdx: true},
	{why: "expression", hint: "{", in: regexp.MustCompile(`(?m)^\{[^{}\n]*\}$|\{["'` + "`" + ` ]+\}`), mdx: true},
}

// braced matches an expression of JSX, in which there may be others.
func braced(inner string) string { return `\{(?:[^{}"']|"[^"]*"|'[^']*'|` + inner + `)*\}` }

// marksOf finds the marks of a text, in order and apart.
func marksOf(text []byte, mdx bool) []mark {
	var found []mark
	var isCode codeSpans
	for _, d := range dialects {
		if d.mdx && !mdx || !bytes.Contains(text, []byte(d.hint)) {
			continue
		}
		if isCode == nil {
			isCode = codeOf(text)
		}
		for _, at := range d.in.FindAllSubmatchIndex(text, -1) {
			start, end := at[0], at[1]
			if len(at) > 2 {
				start, end = at[2], at[3]
			}
			if end == start || !d.inCode && isCode.touches(start, end) {
				continue
			}
			m := mark{start: start, end: end, why: d.why, breaks: d.breaks, seen: d.seen}
			if d.asList {
				m.shown = "-"
			}
			found = append(found, m)
		}
	}
	return apart(found)
}

// apart sorts marks, and leaves out those that begin in another.
func apart(found []mark) []mark {
	slices.SortStableFunc(found, func(a, b mark) int { return cmp.Or(a.start-b.start, b.end-a.end) })
	end := 0
	return slices.DeleteFunc(found, func(m mark) bool {
		if m.start < end {
			return true
		}
		end = m.end
		return false
	})
}

// blanked is a text with blanks, byte for byte, in place of the marks.
func blanked(text []byte, marks []mark) []byte {
	if len(marks) == 0 {
		return text
	}
	out := bytes.Clone(text)
	for _, m := range marks {
		for i := m.start; i < m.end && !m.seen; i++ {
			if out[i] != '\n' {
				out[i] = ' '
			}
		}
		copy(out[m.start:m.end], m.shown)
	}
	return out
}

// codeSpans are the code of a Markdown text, as far as it is seen without a parser: fences, spans between backticks, and indented lines behind a
// blank one.
type codeSpans [][2]int

func (c codeSpans) touches(start, end int) bool {
	i, _ := slices.BinarySearchFunc(c, start, func(s [2]int, at int) int { return s[1] - at - 1 })
	return i < len(c) && c[i][0] < end
}

var fenceLine = regexp.MustCompile("^[ \t>]*(?:[-*+] +)?(`{3,}|~{3,})([^`\n]*)")

func codeOf(text []byte) codeSpans {
	var spans codeSpans
	at, open, fence, note := 0, -1, "", ""
	blank, indented, list := true, false, false
	prose := 0 // where the paragraph begins in which backticks pair
	inline := func(end int) {
		for _, s := range ticks(text[prose:end]) {
			spans = append(spans, [2]int{prose + s[0], prose + s[1]})
		}
		prose = end
	}
	for line := range bytes.Lines(text) {
		end := at + len(line)
		m := fenceLine.FindSubmatch(line)
		switch {
		case open >= 0:
			if m != nil && strings.HasPrefix(string(m[1]), fence) && len(bytes.TrimSpace(m[2])) == 0 {
				spans, open = append(spans, [2]int{open, end}), -1
			}
			prose = end
		case m != nil && note != "" && strings.HasPrefix(string(m[1]), note) && len(bytes.TrimSpace(m[2])) == 0:
			inline(at)
			note, prose = "", end
		case m != nil && isProseFence(m[2]):
			inline(at)
			note, prose = string(m[1]), end
		case m != nil:
			inline(at)
			open, fence, prose = at, string(m[1]), end
		case len(bytes.TrimSpace(line)) == 0:
			inline(at)
			blank, prose = true, end
			at = end
			continue
		case !list && (blank || indented) && (bytes.HasPrefix(line, []byte("    ")) || line[0] == '\t'):
			inline(at)
			spans, prose, indented, blank = append(spans, [2]int{at, end}), end, true, false
			at = end
			continue
		default:
			if line[0] != ' ' && line[0] != '\t' {
				list = listLine.Match(line)
			}
		}
		blank, indented = false, false
		at = end
	}
	if open >= 0 {
		spans = append(spans, [2]int{open, len(text)})
	} else {
		inline(len(text))
	}
	return spans
}

var listLine = regexp.MustCompile(`^(?:[-*+]|\d{1,9}[.)]|!!!|\?\?\?)[ \t]`)

// isProseFence reports whether what stands between the fences is text: a note of MyST.
func isProseFence(info []byte) bool {
	return proseFence.Match(info)
}

// ticks are the code spans of a paragraph: from a run of backticks to the next of the same length.
func ticks(text []byte) [][2]int {
	var runs, out [][2]int
	for i := 0; i < len(text); {
		if text[i] != '`' {
			i++
			continue
		}
		start := i
		for i < len(text) && text[i] == '`' {
			i++
		}
		runs = append(runs, [2]int{start, i})
	}
	for i := 0; i < len(runs); i++ {
		for j := i + 1; j < len(runs); j++ {
			if runs[j][1]-runs[j][0] == runs[i][1]-runs[i][0] {
				out, i = append(out, [2]int{runs[i][0], runs[j][1]}), j
				break
			}
		}
	}
	return out
}

// proseFence matches what stands behind the opening fence of a note or the like of MyST (Sphinx), whose content is Markdown.
var proseFence = regexp.MustCompile(`^[ \t]*\{(?:note|tip|hint|important|warning|caution|danger|attention|error|seealso|admonition|versionadded|versionchanged|deprecated|dropdown|tab|tab-item|card|sidebar|topic)\}`)

// noteFences are the fences of such notes: both lines, of the first what stands behind the name stays.
func noteFences(text []byte) []mark {
	var out []mark
	if !bytes.Contains(text, []byte("{")) {
		return nil
	}
	at, open := 0, ""
	for line := range bytes.Lines(text) {
		m := fenceLine.FindSubmatchIndex(line)
		switch {
		case m == nil:
		case open == "" && isProseFence(line[m[4]:m[5]]):
			open = string(line[m[2]:m[3]])
			name := proseFence.FindIndex(line[m[4]:m[5]])
			out = append(out, mark{start: at, end: at + m[4] + name[1], why: "mark of a note", breaks: true})
		case open != "" && strings.HasPrefix(string(line[m[2]:m[3]]), open) && len(bytes.TrimSpace(line[m[4]:m[5]])) == 0:
			out = append(out, mark{start: at, end: at + len(bytes.TrimRight(line, "\n")), why: "mark of a note", breaks: true})
			open = ""
		}
		at += len(line)
	}
	return out
}

// tag matches a tag of HTML. Group 1: its name.
var tag = regexp.MustCompile(`(?s)</?([a-zA-Z][a-zA-Z0-9-]*)(?:[^<>"']|"[^"]*"|'[^']*')*>`)

// flowing are the tags that stand within a line.
var flowing = []string{"a", "abbr", "b", "bdi", "bdo", "cite", "code", "data", "del", "dfn", "em", "font", "i", "ins", "kbd", "mark", "q", "s", "samp", "small", "span", "strong", "sub", "sup",
	"time", "tt", "u", "var", "wbr", "img", "field"}

// tagMarks are the tags between two bytes.
func (o *outline) tagMarks(start, end int) {
	for _, at := range tag.FindAllSubmatchIndex(o.source[start:end], -1) {
		name := strings.ToLower(string(o.source[start+at[2] : start+at[3]]))
		o.mark(mark{start: start + at[0], end: start + at[1], why: "tag", breaks: !slices.Contains(flowing, name)})
	}
}

// mark takes up a mark that the parser has found; one that touches another is part of that.
func (o *outline) mark(m mark) {
	i, _ := slices.BinarySearchFunc(o.marks, m.start, func(x mark, at int) int { return x.start - at })
	if i > 0 && o.marks[i-1].end > m.start || i < len(o.marks) && o.marks[i].start < m.end {
		return
	}
	o.marks = slices.Insert(o.marks, i, m)
}

// isMarks reports whether all text between two bytes is marks, and there is any.
func (o *outline) isMarks(start, end int) bool {
	i, _ := slices.BinarySearchFunc(o.marks, start, func(x mark, at int) int { return x.end - at - 1 })
	any := false
	for ; i < len(o.marks) && o.marks[i].start < end; i++ {
		if len(bytes.TrimSpace(o.source[start:max(start, o.marks[i].start)])) > 0 {
			return false
		}
		any, start = true, o.marks[i].end
	}
	return any && len(bytes.TrimSpace(o.source[min(start, end):end])) == 0
}

// pieces cuts source[start:end] at the marks in it, and gives each piece, with whether it is one.
func (o *outline) pieces(start, end int, give func(end int, m *mark)) {
	i, _ := slices.BinarySearchFunc(o.marks, start, func(x mark, at int) int { return x.end - at - 1 })
	for ; i < len(o.marks) && o.marks[i].start < end; i++ {
		m := &o.marks[i]
		if m.start > start {
			give(m.start, nil)
		}
		if start = min(m.end, end); start > o.at {
			give(start, m)
		}
	}
	if end > start {
		give(end, nil)
	}
}
