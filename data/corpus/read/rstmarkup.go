package read

import (
	"regexp"
	"slices"
	"strings"

	"slm/data/corpus/doc"
)

// rstDirective matches a directive: ".. name:: arguments".
var rstDirective = regexp.MustCompile(`^( *\.\. +)((?:\|[^|]+\| +)?[a-zA-Z][\w:+.-]*)( ?::)(?:( .*)|)$`)

// What becomes of a directive, by its name without the domain (py:function).
var (
	rstCode    = []string{"code-block", "code", "sourcecode", "parsed-literal", "doctest", "testcode", "testoutput", "prompt", "ipython", "example", "run", "csv-table", "productionlist", "math"}
	rstNothing = []string{"toctree", "contents", "image", "include", "literalinclude", "index", "module", "currentmodule", "highlight", "raw", "meta", "sectnum", "default-role", "role",
		"tabularcolumns", "codeauthor", "sectionauthor", "program", "plot", "graphviz", "mermaid", "ifconfig", "replace", "unicode", "date", "class_", "title", "header", "footer", "testsetup"}
)

// markup takes what begins with two dots: a directive, a target, a comment, with what is indented below it.
func (r *rstReader) markup(lines []rstLine, depth int) int {
	first := lines[0]
	n := 1 + block(lines[1:], first.indent())
	m := rstDirective.FindStringSubmatch(first.text)
	if m == nil {
		why := "comment"
		if t := strings.TrimSpace(first.text); strings.HasPrefix(t, ".. _") || strings.HasPrefix(t, "__ ") {
			why = "target of links"
		} else if strings.HasPrefix(t, ".. [") { // a footnote is text
			r.aside("mark of a note", rstLine{"..", first.n})
			text := slices.Clone(lines[:n])
			text[0].text = strings.TrimPrefix(t, "..")
			r.read(dedented(text), depth+1)
			return n
		}
		r.aside(why, lines[:n]...)
		return n
	}
	full := m[2]
	name := full[strings.LastIndexByte(full, ':')+1:]
	switch {
	case strings.HasPrefix(name, "auto"):
		r.aside("generated reference", lines[:n]...)
		return n
	case slices.Contains(rstNothing, name) || strings.HasPrefix(full, "|"):
		r.aside("directive "+name, lines[:n]...)
		return n
	}
	r.aside("directive "+name, rstLine{m[1] + full + m[3], first.n})
	body := lines[1:n]
	if slices.Contains(rstCode, name) {
		if arg := strings.TrimSpace(m[4]); arg != "" {
			r.aside("directive "+name, rstLine{arg, first.n})
		}
		body = r.options(name, body)
		r.add(doc.Block{Kind: doc.Code}, dedented(body)...)
		return n
	}
	// The arguments are text; they go on to the first blank line or option.
	arg := strings.TrimSpace(m[4])
	for arg != "" && len(body) > 0 && !body[0].blank() && !rstField.MatchString(body[0].text) {
		arg += "\n" + strings.TrimSpace(body[0].text)
		body = body[1:]
	}
	if arg != "" {
		r.prose(arg, first.n)
	}
	r.read(dedented(r.options(name, body)), depth+1)
	return n
}

// options leaves out the fields with which the content of a directive begins.
func (r *rstReader) options(name string, body []rstLine) []rstLine {
	for len(body) > 0 && rstField.MatchString(body[0].text) {
		r.aside("directive "+name, body[0])
		body = body[1:]
	}
	for len(body) > 0 && body[0].blank() {
		body = body[1:]
	}
	return body
}
