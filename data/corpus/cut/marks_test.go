package cut

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"slm/data/corpus/clean"
	"slm/data/corpus/read"
	"slm/rng"
)

// The patterns are tried at the starts of lines only, and only where the first byte allows it: that finds what a search of the whole text finds.
func TestMarks_AreFoundLineByLineAsByASearchOfTheText(t *testing.T) {
	texts := []string{"", "1.", "\n1.\n  2. A\n 3. B", "1.\n\n   2. X\n3. Y", "ſection 1 X\n\ufeff1. A", "\t§§ 3 – X\n§4.", "　第一条　甲\n笫二条 乙\n 第三条之一\n", "1)2) A\n(3) B\n  4.0 C\n5  D"}
	licenses, err := read.Licenses(nil)
	if err != nil {
		t.Fatal(err)
	}
	for d, err := range licenses {
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, clean.Text(d.Blocks[0].Text))
	}
	pieces := []string{"1", "2", "10", ".", ")", "(", "0", " ", "\t", "\n", "\n\n", "A", "of", "Article", "ART.", "Section", "sec", "ſec", "§", "第", "一", "条", "之", "　", "–", "IV", "é"}
	draw := rng.New(1, "corpus-test")
	for range 3000 {
		var b strings.Builder
		for range draw.IntN(40) {
			b.WriteString(pieces[draw.IntN(len(pieces))])
		}
		texts = append(texts, b.String())
	}
	found := 0
	for _, s := range append(slices.Clone(words), plain...) {
		whole := regexp.MustCompile("(?m)" + strings.Replace(s.pattern.String(), `\A`, "^", 1))
		for _, text := range texts {
			want := whole.FindAllStringSubmatchIndex(text, -1)
			if got := slices.Collect(s.matches(text)); !reflect.DeepEqual(got, want) {
				t.Fatalf("%s in %q: %v, not %v", s.pattern, text, got, want)
			}
			found += len(want)
		}
	}
	if found < 1000 {
		t.Errorf("%d places are too few to compare", found)
	}
}
