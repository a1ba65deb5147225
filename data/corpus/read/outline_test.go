package read

import (
	"strings"
	"testing"

	"slm/data/corpus/doc"
)

// What would take the parser the square of its length is prose, and what stands around it keeps its structure. The test ends soon or never.
func TestOutlineOf_EndlessNestingIsProse(t *testing.T) {
	for _, mark := range []string{">", "> ", "- ", "1. ", "[a](", "![", "[", "* [", "[a]: b\n"} {
		source := "# A\n\n" + strings.Repeat(mark, 1<<20/len(mark)) + "\n\n## B\n\ntext\n"
		var heads []string
		chars := 0
		for _, b := range outlineOf(source, 1, false) {
			if chars += doc.Chars(b.Text); b.Kind == doc.Head {
				heads = append(heads, b.Title)
			}
		}
		if strings.Join(heads, " ") != "A B" || chars != doc.Chars(source) {
			t.Errorf("%q: headings %q, %d characters of %d", mark, heads, chars, doc.Chars(source))
		}
	}
}
