package cut

import (
	"fmt"
	"strings"
	"testing"

	"slm/data/corpus/doc"
)

func TestLabelled_RecitalsAndArticlesOfOneActAreToldApart(t *testing.T) {
	var text strings.Builder
	for i := 1; i < 8; i++ {
		fmt.Fprintf(&text, "Recital (%d) Whereas the law is long.\n\n", i)
	}
	for i := 1; i < 8; i++ {
		fmt.Fprintf(&text, "GDPR Article %d Material scope 1. This law applies. 2. It applies to all.\n\n", i)
	}
	d := doc.Plain("gdpr", "gdpr.txt", text.String(), 1)
	r := Document(d, Options{})
	if r.Kind != "labelled" || len(r.Pieces) != 14 || sum(r) != d.Chars {
		t.Fatalf("%s, %d pieces, %d characters of %d", r.Kind, len(r.Pieces), sum(r), d.Chars)
	}
	if p := r.Pieces[2]; p.Number != "Recital 3" || p.Heading != "" || p.Text != "Whereas the law is long." || p.Line != 5 {
		t.Errorf("%+v", p)
	}
	if p := r.Pieces[8]; p.Number != "GDPR Article 2" || p.Heading != "Material scope" || !strings.HasPrefix(p.Text, "Material scope 1. This") || p.Line != 17 {
		t.Errorf("%+v", p)
	}
}

func TestLabelled_LabelsThatDoNotCountAreNoNumbers(t *testing.T) {
	para := func(format string, numbers ...int) string {
		var b strings.Builder
		for _, n := range numbers {
			fmt.Fprintf(&b, format+" of the tale begins.\n\n", n)
		}
		return b.String()
	}
	for name, text := range map[string]string{
		"years that fall":      para("May %d", 1914, 1918, 1912, 1920, 1921),
		"the same twice":       para("The Figure %d", 1, 2, 2, 3, 4),
		"among other text":     para("The Figure %d", 1, 2, 3, 4, 5) + strings.Repeat("Other words.\n\n", 3),
		"other text in front":  "Other words.\n\n" + para("The Figure %d", seq(60)...),
		"a label a paragraph":  para("A %d", 1) + para("B %d", 1) + para("C %d", 1) + para("D %d", 1) + para("E %d", 1) + para("F %d", 1) + para("G %d", 1),
		"steps":                para("Step %d", 1, 2, 3, 4, 5),
		"fewer than a handful": para("The Figure %d", 1, 2, 3),
	} {
		d := doc.Plain("t", "f", text, 1)
		if r := Document(d, Options{}); r.Kind == "labelled" || sum(r) != d.Chars {
			t.Errorf("%s: %s, %d characters of %d", name, r.Kind, sum(r), d.Chars)
		}
	}
}

// seq counts from 1.
func seq(n int) (out []int) {
	for i := range n {
		out = append(out, i+1)
	}
	return out
}
