package sanitize

import (
	"strings"
	"testing"
	"unicode"
)

func TestText_NoneReachesTheTerminalAsACommand(t *testing.T) {
	for in, want := range map[string]string{
		"plain text":                     "plain text",
		"法律 ü 🙂":                         "法律 ü 🙂",
		"a\x1b[31mred\x1b[0m":            "a␛[31mred␛[0m",
		"\x1b]0;title\x07":               "␛]0;title␇",
		"back\rforth":                    "back␍forth",
		"\u009b31m":                      "\ufffd31m",
		"bad\xffbyte":                    "bad\ufffdbyte",
		"two\nlines\tand a tab\x7f":      "two\nlines\tand a tab␡",
		"turned \u202eround\u202c again": "turned  round  again",
	} {
		if got := Text(in); got != want {
			t.Errorf("Text(%q) = %q, want %q", in, got, want)
		}
	}
	if got := Line("two\nlines\tand"); got != "two lines and" {
		t.Errorf("Line keeps breaks: %q", got)
	}
}

func FuzzText_HoldsNoControlCharacter(f *testing.F) {
	f.Add("a\x1b[2J\u009d\xc2")
	f.Fuzz(func(t *testing.T, s string) {
		for _, r := range Text(s) {
			if unicode.IsControl(r) && r != '\n' && r != '\t' {
				t.Fatalf("%q still holds %U", s, r)
			}
		}
		if strings.ContainsAny(Line(s), "\n\t\r") {
			t.Fatalf("Line(%q) breaks", s)
		}
	})
}
