package retrieve

import (
	"math"
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
