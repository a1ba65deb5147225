package clean

import (
	"strings"
	"testing"
)

func TestText_HasOneCanonicalForm(t *testing.T) {
	for in, want := range map[string]string{
		"it&apos;s &quot;A&amp;B&quot;":      `it's "A&B"`,
		"cafe\u0301\r\nau\u00a0lait\r":       "café au lait",
		"\ufeffzero\u200bwidth soft\u00adly": "zerowidth softly",
		"Title\n=====\n\ntext\f\u2028more":   "Title text more",
		"民法\n典 of 中国\n\n第一":                  "民法典 of 中国第一",
		"  \n\t ":                            "",
	} {
		if got := Fold(Text(in)); got != want {
			t.Errorf("%q becomes %q, not %q", in, got, want)
		}
	}
	if got := Text("a\r\nb\rc\nd\f"); strings.Count(got, "\n") != 3 {
		t.Errorf("%q: lines were made or lost", got)
	}
	if got := Uncomment(" * one\n *  two\n *\n * three"); Fold(got) != "one two three" {
		t.Errorf("%q", got)
	}
	if text := "a * b\nc\n* d"; Uncomment(text) != text {
		t.Error("marks were taken off a text that is no comment")
	}
}
