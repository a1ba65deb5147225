package systems

import (
	"fmt"
	"reflect"
	"testing"

	"slm/rng"
)

func TestDerangement_NeverPairsASectionWithItself(t *testing.T) {
	for n := range 40 {
		for seed := range uint64(20) {
			groups := make([]string, n)
			for i := range groups {
				groups[i] = fmt.Sprint(i * 2 / 3) // some sections have two items
			}
			other, ok := derange(groups, rng.New(seed, "d"))
			if ok != (n > 3) {
				t.Fatalf("%d items, seed %d: ok is %v", n, seed, ok)
			}
			if !ok {
				continue
			}
			seen := map[int]bool{}
			for i, j := range other {
				if groups[i] == groups[j] || seen[j] {
					t.Fatalf("%d items, seed %d: item %d gets %d", n, seed, i, j)
				}
				seen[j] = true
			}
		}
	}
	a, _ := derange([]string{"a", "b", "c", "d", "e"}, rng.New(1))
	b, _ := derange([]string{"a", "b", "c", "d", "e"}, rng.New(1))
	if !reflect.DeepEqual(a, b) {
		t.Error("the same seed gives another derangement")
	}
}
