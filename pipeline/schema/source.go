package schema

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// maxSize bounds a text of settings: what is longer was not written by hand, and the parser recurses.
const maxSize = 256 << 10 // bytes

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
	if len(data) > maxSize {
		return nil, Problems{{Place: Place{File: name}, What: fmt.Sprintf("%d kB is too long for a recipe", len(data)>>10), Note: "at most 256 kB are read"}}
	}
	if !utf8.Valid(data) {
		return nil, Problems{{Place: Place{File: name}, What: "not valid UTF-8", Note: "save the file as UTF-8"}}
	}
	text := strings.TrimPrefix(string(data), "\ufeff")
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	l.lines = strings.Split(text, "\n")
	if i := strings.IndexFunc(text, forbidden); i >= 0 {
		line := strings.Count(text[:i], "\n")
		col := utf8.RuneCountInString(text[strings.LastIndexByte(text[:i], '\n')+1:i]) + 1
		return nil, Problems{{Place: Place{File: name, Line: line + 1, Col: col, Len: 1, Text: l.lines[line]}, What: "control character in the text"}}
	}
	return l, l.parse(text)
}

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

// parse reads text into l.root. A panic of the parser on hostile input becomes a problem.
func (l *Layer) parse(text string) (problems Problems) {
	defer func() {
		if r := recover(); r != nil {
			problems = Problems{{Place: Place{File: l.file}, What: "cannot be read as YAML"}}
		}
	}()
	if deep := depth(text); deep > 64 {
		return Problems{{Place: Place{File: l.file}, What: fmt.Sprintf("brackets are nested %d deep", deep), Note: "at most 64 are read"}}
	}
	file, err := parser.ParseBytes([]byte(text), 0, parser.AllowDuplicateMapKey())
	if err != nil {
		var syntax *yaml.SyntaxError
		if errors.As(err, &syntax) && syntax.GetToken() != nil {
			return Problems{{Place: l.place(syntax.GetToken()), What: syntax.GetMessage(), Note: syntaxHint(syntax.GetMessage())}}
		}
		return Problems{{Place: Place{File: l.file}, What: err.Error()}}
	}
	for _, doc := range file.Docs {
		body := doc.Body
		if body == nil {
			continue
		}
		if _, ok := body.(*ast.DirectiveNode); ok {
			continue
		}
		if l.root != nil {
			return Problems{{Place: l.place(body.GetToken()), What: "a second document", Note: "a recipe is one document; remove the --- above"}}
		}
		l.root = body
	}
	return nil
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
// brackets, counted without regard to quotes, and runs of "- - -" in one line.
func depth(text string) int {
	brackets, most := 0, 0
	for line := range strings.Lines(text) {
		run := 0
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
	p.Len = max(1, min(width, utf8.RuneCountInString(p.Text)-p.Col+1))
	return p
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
	if l.root == nil {
		return "", Place{}, false
	}
	m, ok := l.root.(*ast.MappingNode)
	if !ok {
		return "", Place{}, false
	}
	for _, mv := range m.Values {
		if s, ok := mv.Value.(*ast.StringNode); ok && mv.Key.GetToken().Value == key {
			return s.Value, l.place(s.Token), true
		}
	}
	return "", Place{}, false
}
