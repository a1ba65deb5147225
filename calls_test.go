package slm_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"strings"
	"testing"
	"testing/fstest"
)

// ban is a name of another package that part of the repository may not use.
type ban struct {
	pkg, name string // import path; "" = every name
	except    []string
	why       string
}

var bans = []ban{
	{"os", "Exit", []string{"cmd/", "scripts/"}, "only main ends the program"},
	{"log", "", []string{"scripts/"}, "messages go through the events and log/slog"},
	{"math/rand", "", []string{"scripts/"}, "random numbers come from package rng"},
	{"math/rand/v2", "", []string{"scripts/"}, "random numbers come from package rng"},
	{"time", "Now", []string{"cmd/", "pipeline/", "llm/", "scripts/"}, "a result may not depend on the time; a clock is passed"},
	{"time", "Since", []string{"cmd/", "pipeline/", "llm/", "scripts/"}, "a result may not depend on the time; a clock is passed"},
}

// banned returns the uses of banned names outside tests.
func banned(root fs.FS) ([]string, error) {
	var found []string
	err := walk(root, func(name string) error {
		if path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
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
		for _, spec := range f.Imports {
			for _, b := range bans {
				if spec.Path.Value == `"`+b.pkg+`"` && !b.allows(name) {
					found = append(found, b.uses(set, f, spec)...)
				}
			}
		}
		return nil
	})
	return found, err
}

func (b ban) allows(name string) bool {
	for _, folder := range b.except {
		if strings.HasPrefix(name, folder) {
			return true
		}
	}
	return false
}

// uses returns the positions in a file that imports b.pkg where a banned name stands.
func (b ban) uses(set *token.FileSet, f *ast.File, spec *ast.ImportSpec) (found []string) {
	if b.name == "" {
		return []string{fmt.Sprintf("%s: imports %s: %s", set.Position(spec.Pos()), b.pkg, b.why)}
	}
	local := path.Base(b.pkg)
	if spec.Name != nil {
		local = spec.Name.Name
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok && sel.Sel.Name == b.name {
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == local {
				found = append(found, fmt.Sprintf("%s: %s.%s: %s", set.Position(sel.Pos()), b.pkg, b.name, b.why))
			}
		}
		return true
	})
	return found
}

func TestCalls_TimeChanceAndExitStayWhereTheyBelong(t *testing.T) {
	found, err := banned(repository())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		t.Error(f)
	}
}

func TestCalls_BannedNamesAreFound(t *testing.T) {
	file := func(body string) *fstest.MapFile { return &fstest.MapFile{Data: []byte("package p\n" + body)} }
	found, err := banned(fstest.MapFS{
		"cmd/slm/main.go":     file("import \"os\"\nfunc main() { os.Exit(1) }"),
		"data/a/exit.go":      file("import \"os\"\nfunc f() { os.Exit(1) }"),
		"llm/clock.go":        file("import \"time\"\nvar now = time.Now"),
		"optim/clock.go":      file("import clock \"time\"\nvar now = clock.Now"),
		"optim/day.go":        file("import \"time\"\nvar Day = 24 * time.Hour"),
		"stages/dp/r.go":      file("import \"math/rand/v2\"\nvar N = rand.IntN(3)"),
		"stages/dp/r_test.go": file("import \"math/rand/v2\"\nvar N = rand.IntN(3)"),
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"data/a/exit.go:3:12: os.Exit", "optim/clock.go:3:11: time.Now", "stages/dp/r.go:2:8: imports math/rand/v2"}
	if len(found) != len(want) {
		t.Fatalf("found %q", found)
	}
	for i, w := range want {
		if !strings.HasPrefix(found[i], w) {
			t.Errorf("found %q, want %q", found[i], w)
		}
	}
}
