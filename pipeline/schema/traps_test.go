package schema

import (
	"fmt"
	"strings"
	"testing"
	"unicode"
)

func TestDecode_NumbersMeanWhatTheyLookLike(t *testing.T) {
	for text, want := range map[string]float64{
		"1e-4": 1e-4, "1E-4": 1e-4, "1.5e3": 1500, "1_000": 1000, "1_000.5": 1000.5, "32k": 32000, "20M": 2e7, "10%": 0.1, "+3": 3, ".5": 0.5, "-0": 0,
	} {
		v, _, problems := read(t, "prices: {x: "+text+"}\n")
		if problems != nil || v.Prices["x"] != want {
			t.Errorf("%s is read as %v: %v", text, v.Prices["x"], problems)
		}
	}
	for _, text := range []string{"1,000", "1__0", "_1", "1_", "0x1f", "0o17", "017", "1:30", "1e", "e3", "1k2", "1 k", ".", "-", "NaN", ".inf", "1e99999", "½", "１"} {
		if v, _, problems := read(t, "prices: {x: "+text+"}\n"); problems == nil {
			t.Errorf("%s is read as %v", text, v.Prices["x"])
		}
	}
}

func TestDecode_OnlyTrueAndFalseAreFlagsAndTextStaysText(t *testing.T) {
	for _, word := range []string{"no", "off", "yes", "on", "n", "y", "No", "OFF", "~x", "1", "0"} {
		if _, _, problems := read(t, "stages: {dp: {deep: "+word+"}}\n"); problems == nil || !strings.Contains(problems.Error(), "true or false is wanted") {
			t.Errorf("deep: %s: %v", word, problems)
		}
		if word == "1" || word == "0" {
			continue
		}
		if v, _, problems := read(t, "name: "+word+"\n"); problems != nil || v.Name != word {
			t.Errorf("name: %s is read as %q: %v", word, v.Name, problems)
		}
	}
	for text, want := range map[string]string{"true": "not true or false", "1.0": "not a number", "null": "no value", "~": "no value", "": "no value", "2024": `write "2024" in quotes`} {
		if _, _, problems := read(t, "name: "+text+"\n"); problems == nil || !strings.Contains(problems.Error(), want) {
			t.Errorf("name: %s: %v", text, problems)
		}
	}
}

func TestDecode_AnchorsAreRefusedAndABombOfThemCostsNothing(t *testing.T) {
	bomb := "paths: *a30\na0: &a0 [x, x]\n"
	for i := range 30 {
		bomb += fmt.Sprintf("a%d: &a%d [*a%d, *a%d, *a%d, *a%d]\n", i+1, i+1, i, i, i, i)
	}
	_, _, problems := read(t, bomb)
	if got := problems.Error(); !strings.Contains(got, "r.yaml:1:8: anchors and aliases are not part of a recipe") {
		t.Error(got)
	}
	for _, text := range []string{"name: &x a\n", "name: *x\n", "stages: &s {dp: {}}\n", "paths: [&x a]\n", "paths: &p\n  - a\n", "stages: {dp: &d {batch: 1}}\n"} {
		if _, _, problems := read(t, text); problems == nil || !strings.Contains(problems.Error(), "anchors") {
			t.Errorf("%q: %v", text, problems)
		}
	}
}

func TestDecode_MarksAndLineEndsMoveNoPosition(t *testing.T) {
	const lines = "name: a\n# remark\nstages:\n  dp:\n    btch: 1\n"
	want := "r.yaml:5:5: unknown field \"btch\"\n    5 |     btch: 1\n      |     ^^^^ did you mean \"batch\"?"
	for what, text := range map[string]string{
		"as it is": lines, "BOM": "\ufeff" + lines, "CRLF": strings.ReplaceAll(lines, "\n", "\r\n"), "CR": strings.ReplaceAll(lines, "\n", "\r"),
		"BOM and CRLF": "\ufeff" + strings.ReplaceAll(lines, "\n", "\r\n"), "no end of line": strings.TrimSuffix(lines, "\n"),
	} {
		if _, _, problems := read(t, text); problems == nil || !strings.HasPrefix(problems.Error(), want) {
			t.Errorf("%s:\n%v", what, problems)
		}
	}
	wide := "name: ä\npaths: [世界, 5]\n" // columns are characters
	if _, _, problems := read(t, wide); problems == nil || !strings.HasPrefix(problems.Error(), "r.yaml:2:13: paths[1] is text") {
		t.Errorf("%v", problems)
	}
}

func TestDecode_SlipInOneSectionHidesNothingInTheOthers(t *testing.T) {
	_, _, problems := read(t, `name: [a
sed: 7
paths: [b, c]
stages:
  dp:
	batch: 3
prices: {in: cheap}
opt: {lr: 1: 2}
seed: many
`, "stages.dp.tokens=0")
	got := problems.Error()
	for _, want := range []string{"r.yaml:1:7: ", `r.yaml:2:1: unknown field "sed"`, "r.yaml:6:1: ", "indent with spaces, not with tabs", "r.yaml:7:14: prices.in: a number", "r.yaml:8:", "r.yaml:9:7: seed: a whole number", "-s:1:18: stages.dp.tokens: must be ≥ 1"} {
		if !strings.Contains(got, want) {
			t.Errorf("missing %q in\n%s", want, got)
		}
	}
}

func TestDecode_HugeAndDeepTextsAreRefusedInWords(t *testing.T) {
	deep := ""
	for i := range 600 {
		deep += strings.Repeat(" ", i) + "a:\n"
	}
	many := strings.Repeat("key: 1\n", 5000)
	for what, c := range map[string]struct{ text, want string }{
		"brackets":          {"paths: " + strings.Repeat("[", 100000), "nested"},
		"behind a quoted #": {"stages: {\"a #\": " + strings.Repeat("[", 100) + "\n", "nested"},
		"braces":            {"stages: " + strings.Repeat("{a: ", 100) + strings.Repeat("}", 100), "nested"},
		"dashes":            {strings.Repeat("- ", 100000), "nested"},
		"indentation":       {deep, `unknown field "a"`},
		"a long line":       {"name: " + strings.Repeat("x", MaxSize), "too long for a recipe"},
		"a long word":       {"stages: {" + strings.Repeat("x", 200000) + ": 1}\n", "unknown field"},
		"many of one key":   {many, "and 4950 more"},
		"many lines":        {strings.Repeat("# remark\n", 12000), "at most 10000 lines"},
		"a list of one":     {"paths: [" + strings.Repeat("5,", 20000) + "]\n", "and 19950 more"},
		"a file of zeroes":  {strings.Repeat("\x00", 1000), "control character"},
		"another encoding":  {"\xff\xfen\x00a\x00m\x00e\x00", "save the file as UTF-8"},
	} {
		_, _, problems := read(t, c.text)
		got := problems.Error()
		if !strings.Contains(got, c.want) {
			t.Errorf("%s: %.300s", what, got)
		}
		for line := range strings.Lines(got) {
			if n := len([]rune(line)); n > 1000 {
				t.Errorf("%s: a line of %d characters is shown", what, n)
			}
		}
	}
}

func TestProblems_NothingThatMovesACursorIsPrinted(t *testing.T) {
	escapes := "\x1b[2J\x1b]0;title\x07\u202e\u009b31m"
	quoted := `"\e[2J\x07\u202E\u009b"` // what YAML makes of it is the same
	var all Problems
	for _, text := range []string{"name: a" + escapes, quoted + ": 1\n", "name: {" + quoted + ": 1}\n", "paths: [" + quoted + ", 5]\n", "stages: {dp: {words: [" + quoted + "]}}\n", "seed: " + quoted + "\n"} {
		_, _, problems := read(t, text, escapes+"="+escapes, "stages."+escapes+"=1", "seed="+escapes, "stages.dp.words="+escapes)
		if len(problems) < 5 {
			t.Errorf("%q: %v", text, problems)
		}
		all = append(all, problems...)
	}
	v := defaults()
	all = append(all, Missing(&v, escapes)...)
	for _, r := range all.Error() {
		if unicode.IsControl(r) && r != '\n' || r == '\u202e' {
			t.Fatalf("%q stands in %q", r, all.Error())
		}
	}
}
