package read

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"slm/data/corpus/doc"
)

func TestRst_IsReadAsItsPageIsShown(t *testing.T) {
	var got strings.Builder
	left := map[string]bool{}
	chars := 0
	for d, err := range From(bytes.NewReader(samples(t, ".rst")["rst-en-sphinx.rst"]), "a.rst", "a.rst", Options{}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range d.Blocks {
			chars += doc.Chars(b.Text)
			switch b.Kind {
			case doc.Aside:
				left[b.Why] = true
			case doc.Head:
				fmt.Fprintf(&got, "%d %s\n", b.Level, b.Title)
			default:
				fmt.Fprintf(&got, "%d: %q\n", b.Kind, strings.TrimRight(b.Text, "\n"))
			}
		}
		if chars != d.Chars {
			t.Errorf("%d characters of %d", chars, d.Chars)
		}
	}
	want := `1 Guide
0: "Intro to Session and a.b.get, see the site or pooling."
2 Options
0: "Run it:"
1: "s = get()\n\n    indented"
0: "Mind this. It takes ` + "``code``" + `:"
1: "inner()"
1: "x = 1"
0: "--all, -a"
0: "Everything."
0: "-v  says more\n\n--quiet  says less"
2: "=====  =====\nKey    Value\n=====  =====\na      1\n=====  ====="
2 Options
0: "- one\n- two"
`
	if got.String() != want {
		t.Errorf("got:\n%s", got.String())
	}
	for _, why := range []string{"target of links", "generated reference", "directive toctree", "comment", "markup", "mark of code", "directive code-block"} {
		if !left[why] {
			t.Errorf("no %s is left out of %v", why, left)
		}
	}
}

func TestOutlineOf_RestructuredTextInMarkdownIsRead(t *testing.T) {
	got, left := shown(t, "# A\n\n```{eval-rst}\n.. click:example::\n\n    @click.command()\n\nSee :func:`echo`.\n```\n\nAfter.\n", false)
	if want := "# A @click.command() See echo. After."; got != want {
		t.Errorf("%q, want %q\nleft out: %s", got, want, left)
	}
}

func TestFrom_BrokenReStructuredTextIsRead(t *testing.T) {
	for _, s := range []string{"..", "=\n=\n=", "a\n==\n\n.. x::\n .. y::\n  .. z::\n", "::\n\n a", "`a <b>`_ |c| d_", "====  ====\n\na", "+--+\n\n:a: b", ".. [1] x\n   y", "==\n\n==\n", ".. code::\n"} {
		sound(t, "a.rst", []byte(s))
	}
}
