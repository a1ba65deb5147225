package systems

import (
	"strings"
	"testing"

	"slm/rng"
)

// TestSettled_NothingThatWasSettledIsCut writes texts with repetitions word by word, and reads them after every byte.
func TestSettled_NothingThatWasSettledIsCut(t *testing.T) {
	words := []string{"the ", "rule", " of", ", ", "town. ", "一", "条", "sea ", "é", "\n", "the rule of the sea ", "and so on and so on with the old town by the sea, "}
	s := rng.New(9, "settled")
	loops, late := 0, 0
	for range 400 {
		whole := ""
		for range 1 + s.IntN(8) {
			whole += strings.Repeat(words[s.IntN(len(words))]+words[s.IntN(len(words))], 1+s.IntN(3)*s.IntN(3))
		}
		whole = strings.TrimSpace(whole)
		final := whole
		if end, is := loop(whole); is {
			final = strings.TrimRight(whole[:end], " \t\n,;:") + " …"
			loops++
		}
		was := ""
		for n := range len(whole) + 1 {
			got := settled(strings.ToValidUTF8(whole[:n], ""))
			if !strings.HasPrefix(final, got) {
				t.Fatalf("%q after %d bytes of %q, which becomes %q", got, n, whole, final)
			}
			was = got
		}
		if len(was) < len(final)/2 {
			late++
		}
	}
	if loops < 40 || late > 270 {
		t.Errorf("%d texts with repetitions; of %d less than half was known before the end", loops, late)
	}
	if got := settled("It has a rule, and the town has"); got != "It has a rule, and the town" {
		t.Errorf("%q", got)
	}
}
