package form

import (
	"strings"
	"testing"

	"slm/data/corpus"
)

var marked = []Set{
	{Place: "{title}\nSection {number}:", Document: []string{"{title}\nSection {number}:", "[{title} | {number}]", "Section {number} of {title} reads:"}},
	{Place: "{title}{number}：", Document: []string{"{title}{number}："}},
}

func TestPart_NamesThePartBeforeTheMarkAndIsTakenApart(t *testing.T) {
	sec := corpus.Section{Title: "GPL-3.0", Number: "4"}
	for _, c := range []struct {
		set      int
		form     int
		part, of int
		want     string
	}{
		{0, 0, 2, 3, "GPL-3.0\nSection 4 (part 2 of 3):"},
		{0, 0, 1, 3, "GPL-3.0\nSection 4:"},
		{0, 1, 2, 3, "[GPL-3.0 | 4] (part 2 of 3)"},
		{0, 2, 12, 12, "Section 4 of GPL-3.0 reads (part 12 of 12):"},
		{1, 0, 2, 3, "GPL-3.04（2/3）："},
	} {
		set := marked[c.set]
		got := set.Part(set.DocumentOf(sec, c.form), c.part, c.of)
		if got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
		whole, part, of, ok := set.ParsePart(got)
		if named := c.form == 0 && c.part > 1; named && (!ok || whole != set.PlaceOf(sec) || part != c.part || of != c.of) || c.part == 1 && ok {
			t.Errorf("%q is taken for part %d of %d of %q: %v", got, part, of, whole, ok)
		}
		if place, ok := set.ParsePlace(got + " and the text: of it"); c.form == 0 && (!ok || place != got) {
			t.Errorf("%q is generated as the place %q", got, place)
		}
	}
	for _, no := range []string{"", ":", "GPL-3.0\nSection 4:", "A (part 3 of 2):", "A (part 1 of 2):", "A (part 02 of 3):", "A (part 2 of 3)", "A （2/3）:", "A (part 2 of 999999):"} {
		if whole, _, _, ok := marked[0].ParsePart(no); ok {
			t.Errorf("%q is a part of %q", no, whole)
		}
	}
}

func FuzzParsePart_IsWhatPartMakes(f *testing.F) {
	for _, s := range []string{"A (part 2 of 3):", "民法第一条（2/3）：", "（2/3）：", " (part 2 of 3):", "A (part 2 of 3) (part 4 of 5):"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, place string) {
		for _, set := range marked {
			if whole, part, of, ok := set.ParsePart(place); ok && (set.Part(whole, part, of) != place || part < 2 || part > of || !strings.HasSuffix(place, set.mark())) {
				t.Errorf("%q is part %d of %d of %q", place, part, of, whole)
			}
		}
	})
}
