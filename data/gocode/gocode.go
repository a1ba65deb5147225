// Package gocode has the functions of Go packages: what stands before a body, and the body. It reads source and writes source with other bodies; it
// compiles and runs nothing.
package gocode

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/build"
	"go/format"
	"go/parser"
	"go/printer"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"

	"slm/data/corpus"
	"slm/data/corpus/read"
)

// ErrSource says that files are no Go packages of a module.
var ErrSource = errors.New("no Go package")

// Func is a function with a body.
type Func struct {
	ID      string // PACKAGE.Name or PACKAGE.Type.Name
	Package string // its import path
	Root    string // the folder of the module
	File    string // full name
	Text    string // what stands before the body: package clause, imports, the receiver's type, comment and signature
	Body    string // in gofmt's form without comments, from behind the opening brace to the closing one
	Named   bool   // the results have names, or there are none
	Results []string
	Built   bool // the file is one of this platform

	src        []byte
	start, end int // of the body in src, braces included
}

// Read reads the functions of files that patterns match, tests and generated files left out, in the order of the files.
func Read(patterns []string) ([]Func, error) {
	list, err := corpus.List(patterns)
	if err != nil {
		return nil, fmt.Errorf("gocode: %w", err)
	}
	r := &reader{types: map[string]map[string]string{}, roots: map[string]root{}}
	for _, f := range list.Files {
		switch {
		case filepath.Ext(f.Name) != ".go":
			return nil, fmt.Errorf("gocode: %s: %w: a file .go is wanted", f.Name, ErrSource)
		case strings.HasSuffix(f.Name, "_test.go"):
			continue
		}
		if err := r.file(f.Name); err != nil {
			return nil, err
		}
	}
	var out []Func
	seen := map[string]int{}
	for _, p := range r.parsed {
		for _, fn := range r.functions(p) {
			if seen[fn.ID]++; seen[fn.ID] > 1 { // of another platform, or init
				fn.ID = fmt.Sprintf("%s#%d", fn.ID, seen[fn.ID])
			}
			out = append(out, fn)
		}
	}
	return out, nil
}

// root is a module.
type root struct{ dir, path string }

type parsed struct {
	name, pkg string
	root      root
	src       []byte
	set       *token.FileSet
	file      *ast.File
}

type reader struct {
	parsed []parsed
	types  map[string]map[string]string // by folder and name: declarations of types
	roots  map[string]root              // by folder
}

func (r *reader) file(name string) error {
	src, err := os.ReadFile(name)
	if err != nil {
		return fmt.Errorf("gocode: %w: %w", read.ErrUnreadable, err)
	}
	dir := filepath.Dir(name)
	m, err := r.module(dir)
	if err != nil {
		return err
	}
	rel, err := filepath.Rel(m.dir, dir)
	if err != nil {
		return fmt.Errorf("gocode: %w", err)
	}
	p := parsed{name: name, pkg: path.Join(m.path, filepath.ToSlash(rel)), root: m, src: src, set: token.NewFileSet()}
	if p.file, err = parser.ParseFile(p.set, filepath.Base(name), src, parser.ParseComments|parser.SkipObjectResolution); err != nil {
		return fmt.Errorf("gocode: %s: %w: %w", name, ErrSource, err)
	}
	if ast.IsGenerated(p.file) {
		return nil
	}
	if r.types[dir] == nil {
		r.types[dir] = map[string]string{}
	}
	for _, decl := range p.file.Decls {
		if g, ok := decl.(*ast.GenDecl); ok && g.Tok == token.TYPE {
			for _, s := range g.Specs {
				spec := s.(*ast.TypeSpec)
				r.types[dir][spec.Name.Name] = "type " + p.print(bare(spec))
			}
		}
	}
	r.parsed = append(r.parsed, p)
	return nil
}

// bare is a type without its comment.
func bare(s *ast.TypeSpec) *ast.TypeSpec {
	c := *s
	c.Doc, c.Comment = nil, nil
	return &c
}

// module finds the module of a folder by its go.mod. Packages of Go's own are those of module std, which is no part of their paths.
func (r *reader) module(dir string) (root, error) {
	if m, ok := r.roots[dir]; ok {
		return m, nil
	}
	text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	up := filepath.Dir(dir)
	switch {
	case err == nil:
		m := root{dir, modfile.ModulePath(text)}
		if m.path == "std" {
			m.path = ""
		}
		r.roots[dir] = m
		return m, nil
	case up == dir:
		return root{}, fmt.Errorf("gocode: %w: no go.mod above it", ErrSource)
	}
	m, err := r.module(up)
	if err == nil {
		r.roots[dir] = m
	}
	return m, err
}

// print is a node in gofmt's form.
func (p parsed) print(node any) string {
	var b bytes.Buffer
	cfg := printer.Config{Mode: printer.UseSpaces | printer.TabIndent, Tabwidth: 8}
	_ = cfg.Fprint(&b, p.set, node) // into memory
	return b.String()
}

func (r *reader) functions(p parsed) (out []Func) {
	var imports []string
	for _, s := range p.file.Imports {
		imports = append(imports, p.print(s))
	}
	built, _ := build.Default.MatchFile(filepath.Dir(p.name), filepath.Base(p.name))
	for _, decl := range p.file.Decls {
		d, ok := decl.(*ast.FuncDecl)
		if !ok || d.Body == nil || len(d.Body.List) == 0 {
			continue
		}
		fn := Func{ID: d.Name.Name, Package: p.pkg, Root: p.root.dir, File: p.name, Built: built, src: p.src}
		var text strings.Builder
		fmt.Fprintf(&text, "package %s\n\n", p.file.Name.Name)
		for _, s := range imports {
			fmt.Fprintf(&text, "import %s\n", s)
		}
		if d.Recv != nil && len(d.Recv.List) == 1 {
			base := read.Receiver(d.Recv.List[0].Type)
			fn.ID = base + "." + fn.ID
			if t := r.types[filepath.Dir(p.name)][base]; t != "" {
				fmt.Fprintf(&text, "\n%s\n", t)
			}
		}
		fn.ID = p.pkg + "." + fn.ID
		if d.Doc != nil {
			text.WriteString("\n")
			for _, c := range d.Doc.List {
				text.WriteString(c.Text + "\n")
			}
		} else {
			text.WriteString("\n")
		}
		signature := *d
		signature.Doc, signature.Body = nil, nil
		whole := *d
		whole.Doc = nil
		head := p.print(&signature) + " {"
		text.WriteString(head)
		body, ok := Normal(strings.TrimPrefix(p.print(&whole), head))
		if !ok {
			continue
		}
		tokens := p.set.File(p.file.Package)
		fn.Text, fn.Body, fn.start, fn.end = text.String(), body, tokens.Offset(d.Body.Lbrace), tokens.Offset(d.Body.Rbrace)+1
		fn.Results, fn.Named = p.results(d.Type)
		out = append(out, fn)
	}
	return out
}

// results are the types of a function's results; named = a return needs none of them.
func (p parsed) results(t *ast.FuncType) (types []string, named bool) {
	if t.Results == nil {
		return nil, true
	}
	for _, f := range t.Results.List {
		types = append(types, slices.Repeat([]string{p.print(f.Type)}, max(1, len(f.Names)))...)
		named = named || len(f.Names) > 0
	}
	return types, named
}

// Normal is a body in gofmt's form, its statements in lines of their own. It begins behind the opening brace and ends with the closing one; ok = it is one.
func Normal(body string) (string, bool) {
	inner, closed := strings.CutSuffix(strings.TrimSpace(body), "}")
	if !closed {
		return "", false
	}
	text, err := format.Source([]byte("package p\n\nfunc f() {\n" + strings.TrimSpace(inner) + "\n}\n"))
	if err != nil {
		return "", false
	}
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, "", text, parser.SkipObjectResolution)
	if err != nil || len(f.Decls) != 1 {
		return "", false // it has closed the function and gone on
	}
	d, ok := f.Decls[0].(*ast.FuncDecl)
	if !ok || d.Body == nil {
		return "", false
	}
	at := set.File(f.Package)
	return string(text[at.Offset(d.Body.Lbrace)+1 : at.Offset(d.Body.Rbrace)+1]), true
}
