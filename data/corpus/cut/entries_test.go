package cut

import (
	"fmt"
	"strings"
	"testing"

	"slm/data/corpus/doc"
)

// entryText are entries of a reference work. The second has one paragraph, the last block no title.
func entryText(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "Disease %d\nIt is a disorder of the skin.\n\tMutations in one gene cause it (see there).\n\n", i)
	}
	return b.String()
}

func TestSplit_EntriesBecomeRecordsUnderTheirTitles(t *testing.T) {
	text := "\n\n" + entryText(30) + "A line without a title behind it.\n"
	d := doc.Plain("file", "file.txt", text, 1)
	got := Split(d)
	if len(got) != 61 {
		t.Fatalf("%d documents", len(got))
	}
	chars := 0
	for i, e := range got {
		r := Document(e, Options{})
		if r.Kind != "records" || len(r.Pieces) != 1 {
			t.Fatalf("%+v", r)
		}
		chars += e.Named + sum(r)
		want := [...]string{"It is a disorder of the skin.", "Mutations in one gene cause it (see there)."}[i%2]
		title, number, line := fmt.Sprintf("Disease %d", i/2), i%2+1, 4+i/2*4+i%2
		if i == 60 {
			title, want, number, line = "file", "A line without a title behind it.", 1, 123
		}
		if p := r.Pieces[0]; e.Title != title || p.Text != want || p.Number != fmt.Sprint(number) || p.Line != line {
			t.Errorf("%s %s, line %d: %q; want %s %d, line %d: %q", e.Title, p.Number, p.Line, p.Text, title, number, line, want)
		}
	}
	if chars != d.Chars {
		t.Errorf("%d characters of %d", chars, d.Chars)
	}
}

func TestSplit_OrdinaryTextIsNoListOfEntries(t *testing.T) {
	entry := "Title\nA sentence that ends.\n\n"
	for name, text := range map[string]string{
		"too few":                        strings.Repeat(entry, fewestEntries-1),
		"titles that are sentences":      strings.Repeat("A sentence.\nAnother sentence that ends.\n\n", 9),
		"lines broken at a margin":       strings.Repeat("Some words that go\non here and end\nin the third line.\n\n", 9),
		"verse, shorter than its titles": strings.Repeat("A title of some length, and more\nO my.\n\n", 9),
		"numbers for titles":             strings.Repeat("12\nA sentence that ends.\n\n", 9),
		"one in eight is none":           strings.Repeat(strings.Repeat(entry, 7)+"A paragraph.\n\n", 5),
		"paragraphs of a line":           strings.Repeat("A paragraph that stands alone.\n\n", 9),
	} {
		if got := Split(doc.Plain("t", "f", text, 1)); len(got) != 1 || got[0].Record {
			t.Errorf("%s: %d documents", name, len(got))
		}
	}
}
