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

// ban is a name of another package that part of the repository may not use.
type ban struct {
	pkg, name string // import path; names, with spaces between; "" = every name
	except    []string
	why       string
}

var bans = []ban{
	{"os", "Exit", []string{"cmd/", "scripts/"}, "only main ends the program"},
	{"log", "", []string{"scripts/"}, "messages go through the events and log/slog"},
	{"math/rand", "", []string{"scripts/"}, "random numbers come from package rng"},
	{"math/rand/v2", "", []string{"scripts/"}, "random numbers come from package rng"},
	{"time", "Now", []string{"cmd/", "pipeline/", "llm/", "scripts/"}, "a result may not depend on the time; a clock is passed"},
	{"math", "Exp Exp2 Expm1 Log Log2 Log10 Log1p Pow Pow10 Sin Cos Sincos Tan Asin Acos Atan Atan2 Sinh Cosh Tanh Asinh Acosh Atanh Cbrt Hypot Erf Erfc Erfinv Erfcinv Gamma Lgamma",
		[]string{"internal/elementary/", "report/", "scripts/"}, "package elementary has it with the same bits on every processor"},
	{"gonum.org/v1/gonum/mat", "", []string{"scripts/"}, "its sums have another order on other processors"},
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
		if sel, ok := n.(*ast.SelectorExpr); ok && slices.Contains(strings.Fields(b.name), sel.Sel.Name) {
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == local {
				found = append(found, fmt.Sprintf("%s: %s.%s: %s", set.Position(sel.Pos()), b.pkg, sel.Sel.Name, b.why))
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
		"optim/exp.go":        file("import \"math\"\nvar E, R = math.Exp(1), math.Sqrt(2)"),
		"stages/dp/r.go":      file("import \"math/rand/v2\"\nvar N = rand.IntN(3)"),
		"stages/dp/r_test.go": file("import \"math/rand/v2\"\nvar N = rand.IntN(3)"),
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"data/a/exit.go:3:12: os.Exit", "optim/clock.go:3:11: time.Now", "optim/exp.go:3:12: math.Exp", "stages/dp/r.go:2:8: imports math/rand/v2"}
	if len(found) != len(want) {
		t.Fatalf("found %q", found)
	}
	for i, w := range want {
		if !strings.HasPrefix(found[i], w) {
			t.Errorf("found %q, want %q", found[i], w)
		}
	}
}
