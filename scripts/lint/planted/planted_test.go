// Package planted tests that the linter finds what it is for.
package planted

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// mistakes has one of each kind, and what the linter says of it.
const mistakes = `package planted

import (
	"fmt"
	"os"
	"strings"
	"time"
)

func Unchecked() { os.Chdir("/") } // want: the error of os.Chdir is not checked

func Excused(f *os.File) { defer f.Close(); _ = os.Chdir("/") }

func unused() {} // want: func unused is unused

func used() {}

func Ineffectual() int {
	x := 1 // want: ineffectual assignment to x
	x = 2
	return x
}

func Never(s string) bool { return len(s) < 0 } // want: function len does not return negative

func Pure(s string) { strings.ToLower(s) } // want: ToLower doesn't have side effects

func Odd() *strings.Replacer { return strings.NewReplacer("a") } // want: expected to have even number of elements

func Title(s string) string { return strings.Title(s) } // want: strings.Title has been deprecated

func Simple(t time.Time) time.Duration { return time.Now().Sub(t) } // want: should use time.Since

func Style() error { return fmt.Errorf("It fails.") } // want: error strings should not

func Quick(a, b bool) bool { return !(a == b) } // want: could

func Vet() { fmt.Printf("%d\n", "x") } // want: wrong type string
`

const tests = `package planted

import "testing"

func TestUsed(*testing.T) { used() }

func helper() {} // want: func helper is unused
`

func TestLint_FindsAMistakeOfEachKindAndNothingElse(t *testing.T) {
	dir := t.TempDir()
	want := map[string]string{"unformatted.go": "gofmt -s -w formats it"}
	for name, text := range map[string]string{
		"go.mod": "module slm\n\ngo 1.26.0\n", "mistakes.go": mistakes, "mistakes_test.go": tests, "unformatted.go": "package planted\n\nfunc  Wide() {}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(text, "\n") {
			if _, message, ok := strings.Cut(line, "// want: "); ok {
				want[fmt.Sprintf("%s:%d:", name, i+1)] = message
			}
		}
	}
	lint := exec.Command("../run", "./...")
	lint.Env = append(os.Environ(), "IN="+dir)
	out, err := lint.CombinedOutput()
	if err == nil {
		t.Error("mistakes are found, and the exit code is 0")
	}
	for place, message := range want {
		found := false
		for line := range strings.Lines(string(out)) {
			found = found || strings.Contains(line, place) && strings.Contains(line, message)
		}
		if !found {
			t.Errorf("%s has no %q:\n%s", place, message, out)
		}
	}
	for line := range strings.Lines(string(out)) {
		known := strings.HasPrefix(line, "#")
		for place := range want {
			known = known || strings.Contains(line, place)
		}
		if !known {
			t.Errorf("who planted this? %s", line)
		}
	}
}
