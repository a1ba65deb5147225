package tokenizer

import "testing"

func TestMatch_TriesAlternativesAndRepetitionsInOrder(t *testing.T) {
	for _, c := range []struct {
		expression, text string
		want             int
	}{
		{`a+b|a`, "aaac", 1},
		{`a*a`, "aaab", 3},
		{`\s+(?!\S)|\s+`, "   x", 2},
		{`\s+(?!\S)|\s+`, " x", 1},
		{`\s+(?!\S)|\s+`, "   ", 3},
		{`a(?i:'S|'lL)?`, "a'lLx", 4},
		{`a(?i:'s)?`, "a'ſ", 4},
		{`(?:ab|a)b`, "abc", 2},
		{`a{1,3}`, "aaaa", 3},
		{`a{2}`, "a", -1},
		{`\s+$`, "  \nx", 2}, // in front of a line break
		{`\s+$`, " \t", 2},
		{`b$`, "b\nx", 1},
		{`[^a-c\r]`, "b", -1},
		{`[^a-c\r]`, "é", 2},
		{`\p{Lu}`, "Ǆ", 2},
		{`\p{Lu}`, "ǅ", -1},
		{`\p{M}`, "\u0301", 2},
		{`\p{Lo}`, "\U0001E100", 4},
		{`\p{S}`, "+", 1},
		{`\p{P}`, "+", -1},
	} {
		if got := compile(c.expression).match(c.text, 0); got != c.want {
			t.Errorf("%s in %q ends at %d, want %d", c.expression, c.text, got, c.want)
		}
	}
}

func TestCompile_WhatItDoesNotKnowIsAMistakeOfTheProgram(t *testing.T) {
	for _, text := range []string{"a)", "(?:a", "a.", "a**", `\p{Han}`, "(?=a)", "a{x}", "a{1,x}", "[a"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%q is taken", text)
				}
			}()
			compile(text)
		}()
	}
}
