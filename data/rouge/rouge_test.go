package rouge

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"slm/rng"
)

func TestL_IsThatOfTheReference(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want float64
	}{
		{"the cat sat", "the cat ran", 2.0 / 3},                     // methods.md §8.3
		{"police killed the gunman", "police kill the gunman", .75}, // Lin (2004), §3
		{"police killed the gunman", "the gunman kill police", .5},
		{"police killed the gunman", "the gunman police killed", .5},
		{"The CAT, sat!", "the cat sat", 1},
		{"合同自成立时生效", "合同自何时生效", 2 * 6.0 / 15},
		{"", "the cat", 0},
		{"?!", "?!", 0},
	} {
		if got := L(c.a, c.b); math.Abs(got-c.want) > 1e-12 || got != L(c.b, c.a) {
			t.Errorf("%q, %q: %v and %v, want %v", c.a, c.b, got, L(c.b, c.a), c.want)
		}
	}
}

// lcs is the table that every book has.
func lcs(a, b []string) int {
	rows := make([][]int, len(a)+1)
	rows[0] = make([]int, len(b)+1)
	for i := range a {
		rows[i+1] = make([]int, len(b)+1)
		for j := range b {
			if rows[i+1][j+1] = max(rows[i][j+1], rows[i+1][j]); a[i] == b[j] {
				rows[i+1][j+1] = rows[i][j] + 1
			}
		}
	}
	return rows[len(a)][len(b)]
}

// sentence has up to so many words, of which some are frequent.
func sentence(s *rng.Stream, most int) string {
	words := make([]string, s.IntN(most+1))
	for i := range words {
		words[i] = fmt.Sprintf("w%d", min(s.IntN(30), s.IntN(30)))
	}
	return strings.Join(words, " ")
}

func TestSubsequence_EqualsTheTable(t *testing.T) {
	s := rng.New(1, "rouge").At(0)
	for range 400 {
		a, b := Words(sentence(s, 150)), Words(sentence(s, 150))
		if got, want := subsequence(a, b), lcs(a, b); got != want {
			t.Fatalf("%v, %v: %d, want %d", a, b, got, want)
		}
	}
}

func TestIndex_FindsWhatComparingWithAllFinds(t *testing.T) {
	s := rng.New(2, "rouge").At(0)
	for _, limit := range []float64{0, .3, .7, .95} {
		x, texts := NewIndex(), []string{}
		found := 0
		for range 300 {
			text := sentence(s, 14)
			if n := len(texts); n > 0 && s.IntN(2) == 0 { // a near copy
				words := strings.Fields(texts[s.IntN(n)])
				if len(words) > 0 {
					words[s.IntN(len(words))] = "other"
				}
				text = strings.Join(words, " ")
			}
			best, score := -1, limit
			for i, other := range texts {
				if f := L(text, other); f > score {
					best, score = i, f
				}
			}
			n, f, ok := x.Above(text, limit)
			if ok != (best >= 0) || ok && (n != best || f != score) {
				t.Fatalf("limit %v, %q: %d at %v (%v), want %d at %v", limit, text, n, f, ok, best, score)
			}
			if ok {
				found++
			}
			if x.Add(text) != len(texts) {
				t.Fatal("another number")
			}
			texts = append(texts, text)
		}
		if found < 50 || found == 300 {
			t.Errorf("limit %v: %d of 300 have a near copy", limit, found)
		}
	}
}

func TestRun_IsTheLongestSharedOne(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"a b c d", "x b c y", 2}, {"a b a b c", "a b c", 3}, {"a", "b", 0}, {"", "a", 0}} {
		if got := Run(Words(c.a), Words(c.b)); got != c.want {
			t.Errorf("%q, %q: %d", c.a, c.b, got)
		}
	}
}

func FuzzL_IsBetween0And1AndSymmetric(f *testing.F) {
	f.Add("the cat sat", "合同 ran")
	f.Fuzz(func(t *testing.T, a, b string) {
		x, y := L(a, b), L(b, a)
		if x != y || x < 0 || x > 1 || len(Words(a)) > 0 && L(a, a) != 1 {
			t.Errorf("%v %v %v", x, y, L(a, a))
		}
		if got, want := subsequence(Words(a), Words(b)), lcs(Words(a), Words(b)); got != want {
			t.Errorf("%d, want %d", got, want)
		}
	})
}

func TestWords_AreThoseOfAnyScript(t *testing.T) {
	for text, want := range map[string][]string{
		"Don't say §4.2!":   {"don", "t", "say", "4", "2"},
		"第五条 contract":      {"第", "五", "条", "contract"},
		"이 법은 GDPR":         {"이", "법은", "gdpr"},
		"Straße ÉTÉ façade": {"straße", "été", "façade"},
	} {
		if got := Words(text); !slices.Equal(got, want) {
			t.Errorf("%q: %q", text, got)
		}
	}
}
