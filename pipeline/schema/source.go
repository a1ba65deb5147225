package schema

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// MaxSize bounds a text of settings, in bytes: what is longer was not written by hand, and the parser recurses.
const MaxSize = 256 << 10

// maxLines bounds its lines: the parser takes time with the square of the fields of a mapping.
const maxLines = 10_000

// Layer is one source of settings.
type Layer struct {
	kind  string // "recipe", "extends", "environment", "-s"
	file  string
	lines []string
	first int      // number of lines[0]
	shift int      // columns of line 1 that stand before the parsed text
	path  []string // where the root goes: nil for a file, the key for a single setting
	raw   string   // the value of a single setting as it was written
	root  ast.Node
	parts []*Layer // of a text that is no YAML: the fields of its outermost mapping that can be read, each with its lines

	measured, characters int // a line and how many it has
}

// Setting is one KEY=VALUE from outside a file.
type Setting struct {
	Place string // "-s", "environment"
	Text  string // the whole text, for the excerpt
	Key   string // dotted
	Value string
	At    int // characters of Text before Value
	Index int // 1-based, shown as the line
}

// File parses a YAML text into a layer.
func File(kind, name string, data []byte) (*Layer, Problems) {
	l := &Layer{kind: kind, file: name, first: 1}
	if len(data) > MaxSize {
		return nil, Problems{{Place: Place{File: name}, What: "too long for a recipe", Note: fmt.Sprintf("at most %d kB are read", MaxSize>>10)}}
	}
	if !utf8.Valid(data) {
		return nil, Problems{{Place: Place{File: name}, What: "not valid UTF-8", Note: "save the file as UTF-8"}}
	}
	text := strings.TrimPrefix(string(data), "\ufeff")
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	l.lines = strings.Split(text, "\n")
	if len(l.lines) > maxLines {
		return nil, Problems{{Place: Place{File: name}, What: "too long for a recipe", Note: fmt.Sprintf("at most %d lines are read", maxLines)}}
	}
	if i := strings.IndexFunc(text, forbidden); i >= 0 {
		line := strings.Count(text[:i], "\n")
		col := utf8.RuneCountInString(text[strings.LastIndexByte(text[:i], '\n')+1:i]) + 1
		return nil, Problems{{Place: Place{File: name, Line: line + 1, Col: col, Len: 1, Text: l.lines[line]}, What: hidden}}
	}
	return l, l.parse(text)
}

// hidden is said of a character that no editor shows.
const hidden = "control character in the text"

// Settings turns single settings into layers, one each, so that every check and every message is the one that files get.
func Settings(kind string, settings []Setting) []*Layer {
	layers := make([]*Layer, 0, len(settings))
	for _, s := range settings {
		l := &Layer{kind: kind, file: s.Place, lines: []string{s.Text}, first: s.Index, shift: s.At, path: strings.Split(s.Key, "."), raw: s.Value}
		layers = append(layers, l)
	}
	return layers
}

// forbidden reports whether a character may not stand in a text of settings (YAML 1.2 §5.1, and NEL, which some tools break lines at).
func forbidden(r rune) bool {
	return r < 0x20 && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0
}

// parse reads text into l.root, or what can be read of it into l.parts.
func (l *Layer) parse(text string) Problems {
	root, problems := l.tree(text)
	if problems != nil {
		return l.lenient(problems)
	}
	l.root = root
	return nil
}

// tree reads one document; nil when there is none. A panic of the parser on hostile input becomes a problem.
func (l *Layer) tree(text string) (root ast.Node, problems Problems) {
	defer func() {
		if r := recover(); r != nil {
			root, problems = nil, Problems{{Place: Place{File: l.file}, What: "cannot be read as YAML"}}
		}
	}()
	if deep := depth(text); deep > 64 {
		return nil, Problems{{Place: Place{File: l.file}, What: fmt.Sprintf("brackets are nested %d deep", deep), Note: "at most 64 are read"}}
	}
	file, err := parser.ParseBytes([]byte(text), 0, parser.AllowDuplicateMapKey())
	if err != nil {
		var syntax *yaml.SyntaxError
		if errors.As(err, &syntax) && syntax.GetToken() != nil {
			return nil, Problems{{Place: l.place(syntax.GetToken()), What: syntax.GetMessage(), Note: syntaxHint(syntax.GetMessage())}}
		}
		return nil, Problems{{Place: Place{File: l.file}, What: err.Error()}}
	}
	for _, doc := range file.Docs {
		body := doc.Body
		if body == nil {
			continue
		}
		if _, ok := body.(*ast.DirectiveNode); ok {
			continue
		}
		if root != nil {
			return nil, Problems{{Place: l.place(body.GetToken()), What: "a second document", Note: "a recipe is one document; remove the --- above"}}
		}
		root = body
	}
	return root, nil
}

// syntaxHint says what to do about the commonest syntax errors.
func syntaxHint(message string) string {
	switch {
	case strings.Contains(message, "'\t'"), strings.Contains(message, "tab"):
		return "indent with spaces, not with tabs"
	case strings.Contains(message, "mapping value is not allowed"):
		return "put text that holds \": \" in quotes"
	case strings.Contains(message, "reserved character"), strings.Contains(message, "cannot start any token"):
		return "put the text in quotes"
	}
	return ""
}

// depth is an upper bound of how deep collections nest without indentation, which alone bounds itself by the size of the text: flow
// brackets, counted without regard to quotes, and runs of "- - -" in one line. What follows a # is left out when no quote follows: it is a
// comment, or stands in quotes to the end of the line.
func depth(text string) int {
	brackets, most := 0, 0
	for line := range strings.Lines(text) {
		line, run := beforeRemark(line), 0
		for i := 0; i < len(line); i++ {
			switch line[i] {
			case '[', '{':
				brackets++
			case ']', '}':
				brackets = max(brackets-1, 0)
			case '-', '?':
				if i+1 < len(line) && line[i+1] == ' ' {
					run++
				}
				continue
			case ' ':
				continue
			}
			most = max(most, brackets, run)
			run = 0
		}
		most = max(most, brackets, run)
	}
	return most
}

// beforeRemark cuts a line at the first # behind a space that has no quote behind it.
func beforeRemark(line string) string {
	from := strings.LastIndexAny(line, `"'`) + 1
	for i := from; i < len(line); i++ {
		if line[i] == '#' && (i == 0 || line[i-1] == ' ' || line[i-1] == '\t') {
			return line[:i]
		}
	}
	return line
}

// place turns a token into a place. Tokens of several lines are underlined to the end of the first.
func (l *Layer) place(t *token.Token) Place {
	p := Place{File: l.file, Line: l.first}
	if t == nil || t.Position == nil {
		return p
	}
	line := t.Position.Line
	p.Line, p.Col = l.first+line-1, t.Position.Column
	if line == 1 {
		p.Col += l.shift
	}
	if line >= 1 && line <= len(l.lines) {
		p.Text = l.lines[line-1]
	}
	width := utf8.RuneCountInString(strings.Trim(t.Origin, " \n"))
	if i := strings.IndexByte(t.Value, '\n'); i >= 0 || width == 0 {
		width = 1
	}
	p.Len = max(1, min(width, l.width(line)-p.Col+1))
	return p
}

// width is how many characters a line has. The last one asked for is remembered, since a long line is asked for by each of its values.
func (l *Layer) width(line int) int {
	if line < 1 || line > len(l.lines) {
		return 0
	}
	if l.measured != line {
		l.measured, l.characters = line, utf8.RuneCountInString(l.lines[line-1])
	}
	return l.characters
}

// keyPlace is the place of the i-th part of a single setting's key.
func (l *Layer) keyPlace(i int) Place {
	before := 0
	text := l.lines[0]
	keyStart := 0
	if l.kind == "environment" {
		keyStart = len("SLM_")
	}
	for _, part := range l.path[:i] {
		before += len(part) + 1
		if l.kind == "environment" { // parts are joined by two underscores there
			before++
		}
	}
	return Place{File: l.file, Line: l.first, Col: keyStart + before + 1, Len: max(1, len(l.path[i])), Text: text}
}

// Text returns a top-level field that holds text, and its place, before anything is decoded.
func (l *Layer) Text(key string) (string, Place, bool) {
	for _, part := range l.pieces() {
		for _, mv := range fieldsIn(part.root) {
			if s, ok := mv.Value.(*ast.StringNode); ok && mv.Key.GetToken().Value == key {
				return s.Value, part.place(s.Token), true
			}
		}
	}
	return "", Place{}, false
}

// fieldsIn lists the fields of a mapping; nil for anything else.
func fieldsIn(n ast.Node) []*ast.MappingValueNode {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}
	}
	return nil
}

// Before reports whether one value was set by an earlier layer than another.
func Before(layers []*Layer, a, b Origin) bool {
	at := func(o Origin) int {
		return slices.IndexFunc(layers, func(l *Layer) bool {
			return l.kind == o.Layer && l.file == o.File && (l.path == nil || l.first == o.Line)
		})
	}
	return at(a) < at(b)
}
