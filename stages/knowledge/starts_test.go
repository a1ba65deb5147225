package knowledge

import "testing"

func TestStartsAs_FoldsSpaceAndWantsAShortTextInFull(t *testing.T) {
	if !StartsAs("  the quick\nbrown fox", "the quick brown fox jumps", 15) || StartsAs("a quick brown fox", "the quick", 9) || StartsAs("the quick", "the quick brown", 40) || StartsAs("x", "", 40) {
		t.Error("StartsAs is wrong")
	}
}
