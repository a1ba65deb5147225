package gocode

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Closed is what is written of a body up to the brace that closes the function; ok = it closes.
func Closed(text string) (string, bool) {
	set := token.NewFileSet()
	src := []byte(text)
	file := set.AddFile("", -1, len(src))
	var s scanner.Scanner
	s.Init(file, src, nil, 0)
	for depth := 0; ; {
		pos, tok, _ := s.Scan()
		switch tok {
		case token.EOF:
			return text, false
		case token.LBRACE:
			depth++
		case token.RBRACE:
			if depth--; depth < 0 {
				return text[:file.Offset(pos)+1], true
			}
		}
	}
}

// Tokens are the words of Go in a body, comments left out.
func Tokens(text string) (out []string) {
	set := token.NewFileSet()
	src := []byte(text)
	var s scanner.Scanner
	s.Init(set.AddFile("", -1, len(src)), src, nil, 0)
	for {
		_, tok, lit := s.Scan()
		switch {
		case tok == token.EOF:
			return out
		case tok == token.SEMICOLON && lit != ";": // the end of a line
		case lit != "":
			out = append(out, lit)
		default:
			out = append(out, tok.String())
		}
	}
}

// Panics is a body that does nothing but panic: tests that pass with it do not cover the function.
func (f Func) Panics() string { return "\n\tpanic(\"not written\")\n}" }

// Zero is a body that returns zero values, which compiles and does nothing.
func (f Func) Zero() string {
	if f.Named {
		return "\n\treturn\n}"
	}
	var values []string
	for _, t := range f.Results {
		values = append(values, "*new("+t+")")
	}
	return "\n\treturn " + strings.Join(values, ", ") + "\n}"
}

// With is the function's file with another body. Imports that nothing uses then stay, without a name: a body is judged, and they are not of it.
func (f Func) With(body string) []byte {
	return unnamed(slices.Concat(f.src[:f.start], []byte("{"+body), f.src[f.end:]))
}

// unnamed leaves the names of imports out that nothing uses. What cannot be parsed stays as it is.
func unnamed(src []byte) []byte {
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, "", src, parser.SkipObjectResolution)
	if err != nil {
		return src
	}
	used := map[string]bool{}
	ast.Inspect(f, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok {
				used[x.Name] = true
			}
		}
		return true
	})
	file := set.File(f.Package)
	var out bytes.Buffer
	at := 0
	for _, s := range f.Imports {
		name := nameOf(s)
		if used[name] || name == "_" || name == "." {
			continue
		}
		out.Write(src[at:file.Offset(s.Pos())])
		out.WriteString("_ ")
		at = file.Offset(s.Path.Pos())
	}
	out.Write(src[at:])
	return out.Bytes()
}

var major = regexp.MustCompile(`^v\d+$`)

// nameOf is by what a file calls an import.
func nameOf(s *ast.ImportSpec) string {
	if s.Name != nil {
		return s.Name.Name
	}
	full, err := strconv.Unquote(s.Path.Value)
	if err != nil {
		return "_"
	}
	if last := path.Base(full); !major.MatchString(last) {
		return last
	}
	return path.Base(path.Dir(full))
}
