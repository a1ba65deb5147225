package domain

import (
	"slices"
	"testing"

	"slm/data/corpus"
)

func TestMade_OfTheSameSeedIsTheSameAndTheCallersOwn(t *testing.T) {
	section := corpus.Section{ID: "1", Title: "Act", Number: "1", Heading: "Notice period",
		Text: "A tenant must give notice within thirty days after the contract ends. The landlord must repair the roof within two years."}
	d := &Domain{Sections: corpus.Slice{section}}
	made := d.Made()
	first := made.Of(section, 1)
	if len(first) == 0 {
		t.Fatal("no question: the test proves nothing")
	}
	clear(made.Of(section, 1))
	for _, seed := range []uint64{1, 2, 1, 3} {
		if got, want := made.Of(section, seed), d.Made().Of(section, seed); !slices.Equal(got, want) {
			t.Errorf("seed %d: %v, and anew %v", seed, got, want)
		}
	}
	if other := made.Of(section, 2); slices.Equal(first, other) {
		t.Error("another seed asks in the same words: the test proves nothing")
	}
}
