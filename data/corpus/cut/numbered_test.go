package cut

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"slm/data/corpus/doc"
)

var update = flag.Bool("update", false, "write the golden files anew")

// statuteFiles are small statutes and rules in eleven languages, each with something in its numbers that a reader of the text would not stumble over.
func statuteFiles(t *testing.T) map[string]string {
	t.Helper()
	names, err := filepath.Glob("testdata/numbered/*.txt")
	if err != nil || len(names) < 40 {
		t.Fatalf("%d files, %v", len(names), err)
	}
	texts := map[string]string{}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		texts[name] = string(text)
	}
	return texts
}

// told writes down what became of a text: a line a section, and a line for what is left out.
func told(r Result) string {
	var b strings.Builder
	for _, p := range r.Pieces {
		fmt.Fprintf(&b, "%d %s | %s | %s\n", p.Line, p.Number, p.Heading, p.Text)
	}
	for _, d := range r.Drops {
		fmt.Fprintf(&b, "%d - %s, %d: %s\n", d.Line, d.Why, d.Chars, d.Begins)
	}
	return b.String()
}

// sum adds up the characters of a result.
func sum(r Result) int {
	n := 0
	for _, p := range r.Pieces {
		n += doc.Chars(p.Text) + p.Named
	}
	for _, d := range r.Drops {
		n += d.Chars
	}
	return n
}

func TestNumbered_StatutesAreCutAsTheirReadersWould(t *testing.T) {
	for name, text := range statuteFiles(t) {
		got := told(Document(doc.Plain("t", "f", text, 1), Options{Numbered: true}))
		golden := strings.TrimSuffix(name, ".txt") + ".golden"
		if *update {
			if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if want, err := os.ReadFile(golden); err != nil || got != string(want) {
			t.Errorf("%s: %v\n%s\nwant\n%s", name, err, got, want)
		}
	}
}

// The same sections come when all is wanted, and no text is lost or glued, wherever it ends.
func TestNumbered_EveryCharacterOfAStatuteIsInASectionOrLeftOutByName(t *testing.T) {
	for name, text := range statuteFiles(t) {
		only, all := Document(doc.Plain("t", "f", text, 1), Options{Numbered: true}), Document(doc.Plain("t", "f", text, 1), Options{})
		for _, p := range only.Pieces {
			if !slices.Contains(all.Pieces, p) {
				t.Errorf("%s: %+v is no section when all is wanted", name, p)
			}
		}
		for end := range text {
			if end%7 != 0 && end < len(text)-9 {
				continue
			}
			for _, opt := range []Options{{Numbered: true}, {}} {
				d := doc.Plain("t", "f", text[:end], 1)
				if n := sum(Document(d, opt)); n != d.Chars {
					t.Errorf("%s, cut at %d: %d characters of %d", name, end, n, d.Chars)
				}
			}
		}
	}
}

func TestNumbered_LongSectionBehindAGapIsNoAppendix(t *testing.T) {
	text := "1. One\n\n2. Two\n\n3. Three\n\n4. Four\n\n21. Meetings\n" + strings.Repeat("The members meet on Monday.\n\n", 100) + "22. End\nIt ends.\n"
	r := Document(doc.Plain("t", "f", text, 1), Options{Numbered: true})
	if len(r.Pieces) != 6 || r.Pieces[4].Number != "21" || len(r.Pieces[4].Text) < 2500 || len(r.Drops) != 0 {
		t.Errorf("%d sections, %+v", len(r.Pieces), r.Drops)
	}
}

func TestKeyOf_ReadsNumbersAsPeopleWriteThem(t *testing.T) {
	for text, want := range map[string]key{
		"12": {12}, "12a": {12, 1}, "5A": {5, 1}, "5ZA": {5, 26, 1}, "2 bis": {2, 2}, "2bis": {2, 2}, "1-bis": {1, 2}, "2 ter": {2, 3}, "10-A": {10, 1},
		"1er": {1}, "1.º": {1}, "2º": {2}, "1st": {1}, "premier": {1}, "único": {1}, "segundo": {2}, "IV": {4}, "XIX": {19},
		"1.1": {1, 1}, "1.1.3": {1, 1, 3}, "12-101": {12, 101}, "L. 121-1": {121, 1}, "R*. 12-3": {12, 3}, "11 a": {11, 1}, "": nil,
	} {
		if got, ok := keyOf(text); ok != (want != nil) || ok && !slices.Equal(got, want) {
			t.Errorf("%s: %v", text, got)
		}
	}
	for text, want := range map[string]int{"第": -1, "１２": 12, "百二十": 120, "一千零一": 1001} {
		if got, ok := value(text); ok != (want >= 0) || ok && got != want {
			t.Errorf("%s: %d", text, got)
		}
	}
}
