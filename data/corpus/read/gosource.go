package read

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"iter"
	"path/filepath"
	"strings"

	"slm/data/corpus/doc"
)

// goSource is a file of Go: a section of each declaration, with its comment, as it stands there. Tests, generated files and tables of data are no text
// to learn from. It is read where a pattern names it: below a folder of documents nobody asks for sources.
var goSource = Format{Name: "Go", Ends: []string{".go"}, Named: true, Read: func(in *Input) iter.Seq2[doc.Document, error] {
	return func(yield func(doc.Document, error) bool) {
		d, err := in.goFile()
		if err != nil || len(d.Blocks) > 0 {
			yield(d, err)
		}
	}
}}

// tableMost is the longest declaration of variables that is kept, bytes: a longer one is a table.
const tableMost = 4096

func (in *Input) goFile() (doc.Document, error) {
	var src []byte
	for {
		line, err := in.next()
		if err == io.EOF {
			break
		}
		if err == nil && len(src)+len(line) > in.most {
			err = in.refuse(in.line, "a file of Go with more than %d bytes", in.most)
		}
		if err != nil {
			return doc.Document{}, err
		}
		src = append(src, line...)
	}
	d := doc.Document{Title: in.title(), Source: in.label, Outlined: true, Entitled: true, Chars: doc.Chars(string(src))}
	if len(bytes.TrimSpace(src)) == 0 {
		return d, nil
	}
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, filepath.Base(in.name), src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil && !in.enough() {
		return d, in.refuse(1, "no Go: %w", err)
	}
	whole := doc.Block{Kind: doc.Aside, Text: string(src), Line: 1}
	switch {
	case err != nil:
		whole.Why = "the rest is not looked at"
	case strings.HasSuffix(in.name, "_test.go"):
		whole.Why = "a test"
	case ast.IsGenerated(f):
		whole.Why = "generated"
	}
	if whole.Why != "" {
		d.Blocks = []doc.Block{whole}
		return d, nil
	}
	d.Title = f.Name.Name + "/" + d.Title
	c := &goCutter{src: string(src), file: set.File(f.Package)}
	c.comment(begin(f.Doc, f.Package))
	clause := f.Name.End()
	for _, decl := range f.Decls {
		if g, ok := decl.(*ast.GenDecl); ok && g.Tok == token.IMPORT {
			clause = g.End()
		}
	}
	c.block(clause, doc.Block{Kind: doc.Code})
	for _, decl := range f.Decls {
		c.declaration(decl)
	}
	c.comment(c.file.Pos(len(src)))
	d.Blocks = c.out
	return d, nil
}

// begin is where a declaration begins: with its comment, if it has one.
func begin(about *ast.CommentGroup, at token.Pos) token.Pos {
	if about != nil {
		return about.Pos()
	}
	return at
}

// goCutter makes blocks of a file.
type goCutter struct {
	src  string
	file *token.File
	at   int // bytes that blocks hold
	out  []doc.Block
}

// block adds the text up to a place.
func (c *goCutter) block(to token.Pos, b doc.Block) {
	if end := c.file.Offset(to); end > c.at {
		b.Text, b.Line = c.src[c.at:end], 1+strings.Count(c.src[:c.at], "\n")
		c.out, c.at = append(c.out, b), end
	}
}

// comment leaves out what stands between two declarations, if it is more than empty lines.
func (c *goCutter) comment(to token.Pos) {
	if end := c.file.Offset(to); end > c.at && strings.TrimSpace(c.src[c.at:end]) != "" {
		c.block(to, doc.Block{Kind: doc.Aside, Why: "comment", Break: true})
	}
}

func (c *goCutter) declaration(decl ast.Decl) {
	switch decl := decl.(type) {
	case *ast.FuncDecl:
		name := decl.Name.Name
		if decl.Recv != nil && len(decl.Recv.List) == 1 {
			name = Receiver(decl.Recv.List[0].Type) + "." + name
		}
		c.named("func "+name, begin(decl.Doc, decl.Pos()), decl.End(), false)
	case *ast.GenDecl:
		if decl.Tok != token.IMPORT && len(decl.Specs) > 0 {
			size := c.file.Offset(decl.End()) - c.file.Offset(decl.Pos())
			c.named(decl.Tok.String()+" "+specName(decl.Specs[0]), begin(decl.Doc, decl.Pos()), decl.End(), decl.Tok == token.VAR && size > tableMost)
		}
	}
}

// named adds a declaration as a section, or leaves out a table.
func (c *goCutter) named(name string, from, to token.Pos, table bool) {
	c.comment(from)
	if table {
		c.block(to, doc.Block{Kind: doc.Aside, Why: "a table", Break: true})
		return
	}
	c.out = append(c.out, doc.Block{Kind: doc.Head, Level: 2, Title: name, Line: 1 + strings.Count(c.src[:c.at], "\n")})
	c.block(to, doc.Block{Kind: doc.Code})
}

// Receiver is the name of a receiver's type; "?" where it is none.
func Receiver(t ast.Expr) string {
	switch t := t.(type) {
	case *ast.StarExpr:
		return Receiver(t.X)
	case *ast.IndexExpr:
		return Receiver(t.X)
	case *ast.IndexListExpr:
		return Receiver(t.X)
	case *ast.Ident:
		return t.Name
	}
	return "?"
}

func specName(s ast.Spec) string {
	switch s := s.(type) {
	case *ast.TypeSpec:
		return s.Name.Name
	case *ast.ValueSpec:
		return s.Names[0].Name
	}
	return "?"
}
