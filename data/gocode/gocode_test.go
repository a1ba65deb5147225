package gocode

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// files writes files below a folder.
func files(t *testing.T, texts map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range texts {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, []byte(text), 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const source = `package p

import (
	"fmt"
	"math/rand/v2"
	str "strings"
)

// T has a name.
type T[X any] struct{ name X }

// Name says it.
func (t *T[X]) Name() (string, error) { n := fmt.Sprint(t.name); return n, nil }

func draw(n int) (k int) {
	// A comment.
	if str.Contains("a", "}") {
		return rand.IntN(n)
	}

	return '}' - '}'
}

func empty() {}

func outside() int
`

func functions(t *testing.T) []Func {
	t.Helper()
	dir := files(t, map[string]string{"go.mod": "module m.org/x // here\n", "p/p.go": source, "p/p_test.go": "package p\n\nfunc test() {\n\tpanic(1)\n}\n", "p/p_plan9.go": "package p\n\nfunc other() {\n\tpanic(1)\n}\n"})
	list, err := Read([]string{filepath.Join(dir, "p", "*.go")})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestRead_GivesWhatStandsBeforeABodyAndTheBody(t *testing.T) {
	list := functions(t)
	if len(list) != 3 {
		t.Fatalf("%+v", list)
	}
	name, draw, other := list[0], list[1], list[2]
	if name.ID != "m.org/x/p.T.Name" || draw.ID != "m.org/x/p.draw" || name.Package != "m.org/x/p" || !name.Built || other.Built {
		t.Errorf("%q %q %q %v %v", name.ID, draw.ID, name.Package, name.Built, other.Built)
	}
	want := "package p\n\nimport \"fmt\"\nimport \"math/rand/v2\"\nimport str \"strings\"\n\ntype T[X any] struct{ name X }\n\n// Name says it.\nfunc (t *T[X]) Name() (string, error) {"
	if name.Text != want {
		t.Errorf("%s", name.Text)
	}
	if name.Body != "\n\tn := fmt.Sprint(t.name)\n\treturn n, nil\n}" || strings.Contains(draw.Body, "comment") || !strings.HasSuffix(draw.Text, "func draw(n int) (k int) {") {
		t.Errorf("%q %q %q", name.Body, draw.Body, draw.Text)
	}
	if name.Zero() != "\n\treturn *new(string), *new(error)\n}" || draw.Zero() != "\n\treturn\n}" {
		t.Errorf("%q %q", name.Zero(), draw.Zero())
	}
}

func TestWith_OnlyTheBodyAndTheNamesOfUnusedImportsChange(t *testing.T) {
	draw := functions(t)[1]
	if got := string(draw.With(draw.Body)); strings.Contains(got, "_ \"") || !strings.Contains(got, "func empty() {}\n\nfunc outside() int\n") || !strings.Contains(got, "return rand.IntN(n)") {
		t.Error(got)
	}
	got := string(draw.With("\n\treturn 4\n}"))
	if !strings.Contains(got, "\t\"fmt\"\n\t_ \"math/rand/v2\"\n\t_ \"strings\"\n") || !strings.Contains(got, "func draw(n int) (k int) {\n\treturn 4\n}\n") {
		t.Error(got)
	}
	if got := string(draw.With("\n\treturn (\n}")); !strings.Contains(got, "return (") {
		t.Error(got)
	}
}

func TestNormal_IsGofmtsFormOfOneBody(t *testing.T) {
	for body, want := range map[string]string{
		" return  1 }": "\n\treturn 1\n}", "\n\tx := 1; return x\n}\n\n": "\n\tx := 1\n\treturn x\n}",
		"": "-", "\n\treturn 1": "-", "\n}\n\nfunc init() {\n}": "-", "\n\treturn (\n}": "-", "}}": "-",
	} {
		got, ok := Normal(body)
		if !ok {
			got = "-"
		}
		if got != want {
			t.Errorf("%q becomes %q, want %q", body, got, want)
		}
	}
}

func TestClosed_EndsWithTheBraceOfTheFunction(t *testing.T) {
	for text, want := range map[string]string{"\n\tif x {\n\t\ty()\n\t}\n}\n\nfunc g() {}": "\n\tif x {\n\t\ty()\n\t}\n}", " return \"}\" + `}` // }\n}x": " return \"}\" + `}` // }\n}"} {
		if got, ok := Closed(text); got != want || !ok {
			t.Errorf("%q becomes %q", text, got)
		}
	}
	if _, ok := Closed("\n\tif x {\n\t\ty()\n\t}"); ok {
		t.Error("it does not close")
	}
}

func TestRead_RefusesWhatIsNoModule(t *testing.T) {
	dir := files(t, map[string]string{"a/a.go": "package a\n\nfunc f() {\n\tpanic(1)\n}\n", "b/go.mod": "module b\n", "b/b.go": "package b\n\nfunc {", "b/b.txt": "text"})
	for _, name := range []string{"a/a.go", "b/b.go", "b/b.txt"} {
		if list, err := Read([]string{filepath.Join(dir, name)}); !errors.Is(err, ErrSource) {
			t.Errorf("%s: %v %v", name, list, err)
		}
	}
}
