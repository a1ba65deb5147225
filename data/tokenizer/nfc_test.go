package tokenizer

import (
	"testing"

	"golang.org/x/text/unicode/norm"
)

// What is wanted is what NFC of tokenizers 0.23.3 says of the same texts.
func TestComposed_MarksThatCameAfterUnicode9AreTakenForLetters(t *testing.T) {
	for text, want := range map[string]string{
		"e\u0301":                       "\u00e9",
		"a\u0301\u0316":                 "\u00e1\u0316",
		"a\u07fd\u0301":                 "a\u07fd\u0301", // of Unicode 11: the accent cannot reach its letter
		"a\u0301\u1abf\u0316":           "\u00e1\u1abf\u0316",
		"e\u0301\u0898\u0899e\u0301":    "\u00e9\u0898\u0899\u00e9",
		"\U00011935\U00011930":          "\U00011935\U00011930", // of Unicode 13: composed today
		"e\u0301\U00011938":             "\u00e9\U00011938",
		"\u0898e\u0301\u0898":           "\u0898\u00e9\u0898",
		"plain, \u00e9 as it is \u4e2d": "plain, \u00e9 as it is \u4e2d",
	} {
		if got := composed(text); got != want {
			t.Errorf("%+q: %+q, want %+q", text, got, want)
		}
	}
}

func TestComposed_LaterMarksAreAllThatItsTableHas(t *testing.T) {
	for r := rune(0); r <= 0x10ffff; r++ {
		p := norm.NFC.PropertiesString(string(r))
		if isLaterMark(r) && p.CCC() == 0 && r != 0x11930 {
			t.Errorf("%U is no mark", r)
		}
	}
}
