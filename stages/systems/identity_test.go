package systems

import (
	"slices"
	"testing"
)

func TestListIdentity_OfADefaultIsThatOfFormat1(t *testing.T) {
	now := List(Names())
	if got := now.Identity(); !slices.Equal(got, format1) {
		t.Fatalf("this program's default stands as %v", got)
	}
	for _, more := range []int{0, 5, len(now)} {
		later := slices.Insert(slices.Clone(now), more, "later")
		if got := later.Identity(); !slices.Equal(got, format1) {
			t.Errorf("a default with one more stands as %v", got)
		}
	}
}

func TestListIdentity_OfANamedListIsTheList(t *testing.T) {
	for _, l := range []List{{"llm"}, {"rag", "blade"}, {"shuffled", "llm"}, format1[1:], slices.Concat(format1[1:], format1[:1])} {
		if got := l.Identity(); !slices.Equal(got, l) {
			t.Errorf("%v stands as %v", l, got)
		}
	}
}
