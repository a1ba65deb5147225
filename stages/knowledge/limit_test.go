package knowledge

import (
	"strings"
	"testing"

	"slm/data/corpus"
	"slm/pipeline/schema"
	"slm/stages/stagetest"
)

func TestLimit_IsTheLengthOfNearlyAllSectionsWhereItIsAuto(t *testing.T) {
	for _, c := range []struct{ words, least, most int }{{10, DefaultTextTokens, DefaultTextTokens}, {150, DefaultTextTokens + 1, mostAuto}, {2000, mostAuto, mostAuto}} {
		made := act(t, "{title} {number}:")
		var sections corpus.Slice
		for _, s := range made.Sections.All() {
			s.Text = strings.TrimSpace(strings.Repeat("alpha ", c.words))
			sections = append(sections, s)
		}
		made.Sections = sections
		dom := stagetest.Open(t, made)
		got, err := Limit(dom, schema.Auto)
		if err != nil || got < c.least || got > c.most {
			t.Errorf("sections of %d words: %d, %v; want %d to %d", c.words, got, err, c.least, c.most)
		}
		if got, err := Limit(dom, 7); got != 7 || err != nil {
			t.Errorf("a number of the recipe becomes %d, %v", got, err)
		}
	}
}
