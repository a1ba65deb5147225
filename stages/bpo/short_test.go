package bpo

import (
	"strings"
	"testing"
)

func TestLadder_ThatIsCutIsReported(t *testing.T) {
	cfg := settings()
	cfg.Items.Ladder = []int{10, 20, 40}
	for n, want := range map[int]string{200: "", 40: "[10 20 40] is cut to [10 20", 12: "cut to [6]"} {
		s, err := newSearch(cfg, newDuo(n, idle).items, true, 1, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.short(); (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%d items: %q, want %q", n, got, want)
		}
	}
}
