package retrieve

import (
	"math"
	"slices"
	"testing"

	"slm/data/corpus"
)

func TestRarity_RareTermsCountMoreAndForeignOnesMost(t *testing.T) {
	var sections corpus.Slice
	for _, text := range []string{"the patent is granted", "the warranty is void", "the fee is paid"} {
		sections = append(sections, corpus.Section{Title: "Act", Number: "x", Text: text})
	}
	r := NewRarity(sections)
	rare, common, foreign := math.Log(1+2.5/1.5), math.Log(1+.5/3.5), math.Log(1+3.5/.5)
	for _, c := range []struct {
		question, text string
		want           float64
	}{
		{"the patent", "the patent is granted", 1},
		{"the patent patent", "the warranty is void", common / (common + rare)},
		{"is bread patented", "the patent is granted", (common + rare) / (common + rare + foreign)},
		{"bread", "the patent is granted", 0},
		{"?", "the patent is granted", 0},
	} {
		if got := r.Covered(c.question, c.text); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%q in %q: %v, want %v", c.question, c.text, got, c.want)
		}
	}
}

func TestSubject_CommonWordsDoNotCount(t *testing.T) {
	r := NewRarity(corpus.Slice{{Title: "Act", Number: "1", Text: "how the patent is granted"}, {Title: "Act", Number: "2", Text: "the fee is paid"}})
	common := CommonTerms([]string{"the", "is"}, []string{"How is bread baked?", "How high is Everest?", "Who was Brahms?"})
	if !slices.Contains(common, "how") || slices.Contains(common, "bread") || !slices.IsSorted(common) {
		t.Fatalf("common terms: %q", common)
	}
	for _, c := range []struct {
		question    string
		known, best float64
	}{
		{"How is the patent granted?", 1, 1},
		{"How is the patent paid?", 1, 0.5},
		{"How is bread baked?", 0, 0},
		{"How is the?", 0, 0},
	} {
		known, best := r.Subject(c.question, common, []string{"how the patent is granted", "the fee is paid"})
		if math.Abs(known-c.known) > 1e-12 || math.Abs(best-c.best) > 1e-12 {
			t.Errorf("%q: %v of it is known, %v stands in one text; want %v and %v", c.question, known, best, c.known, c.best)
		}
	}
}
