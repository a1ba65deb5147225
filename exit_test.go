package slm_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// ends are the calls that end a process, by package: what is deferred is not done, and nobody maps the error to an exit code.
var ends = map[string][]string{"os": {"Exit"}, "syscall": {"Exit", "Kill"}, "log": {"Fatal", "Fatalf", "Fatalln"}, "runtime": {"Goexit"}}

// endings returns the positions outside func main of a command where the program is ended. scripts are no part of it.
func endings(root fs.FS) (found []string, err error) {
	err = walk(root, func(name string) error {
		if path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, "scripts/") {
			return nil
		}
		data, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, name, data, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && f.Name.Name == "main" && fn.Name.Name == "main" && fn.Recv == nil {
				continue
			}
			ast.Inspect(d, func(n ast.Node) bool {
				if s, ok := n.(*ast.SelectorExpr); ok {
					if x, ok := s.X.(*ast.Ident); ok && slices.Contains(ends[x.Name], s.Sel.Name) {
						found = append(found, fmt.Sprintf("%s: %s.%s", set.Position(s.Pos()), x.Name, s.Sel.Name))
					}
				}
				return true
			})
		}
		return nil
	})
	return found, err
}

func TestExit_OnlyMainEndsTheProgram(t *testing.T) {
	found, err := endings(repository())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		t.Errorf("%s: return an error instead", f)
	}
}

func TestExit_WhatEndsTheProgramElsewhereIsFound(t *testing.T) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	found, err := endings(fstest.MapFS{
		"cmd/slm/main.go":   file("package main\nimport \"os\"\nfunc main() { go func() { os.Exit(1) }() }"),
		"cmd/slm/other.go":  file("package main\nimport \"os\"\nfunc stop() { os.Exit(1) }"),
		"data/a/fatal.go":   file("package a\nimport \"log\"\nvar stop = log.Fatalf"),
		"data/a/a_test.go":  file("package a\nimport \"os\"\nfunc stop() { os.Exit(1) }"),
		"scripts/x/main.go": file("package main\nimport \"os\"\nfunc stop() { os.Exit(1) }"),
	})
	if want := []string{"cmd/slm/other.go:3:15: os.Exit", "data/a/fatal.go:3:12: log.Fatalf"}; err != nil || !slices.Equal(found, want) {
		t.Errorf("%q, %v", found, err)
	}
}
