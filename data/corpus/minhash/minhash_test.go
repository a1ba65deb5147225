package minhash

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"slm/data/corpus/clean"
	"slm/rng"
)

// randomText draws words from a vocabulary of 500.
func randomText(s *rng.Stream, words int) []string {
	out := make([]string, words)
	for i := range out {
		out[i] = fmt.Sprintf("w%d", s.IntN(500))
	}
	return out
}

// edited replaces a share of the words.
func edited(s *rng.Stream, words []string, share float64) string {
	out := strings.Clone(strings.Join(words, " "))
	fields := strings.Fields(out)
	for i := range fields {
		if s.Float64() < share {
			fields[i] = fmt.Sprintf("x%d", s.IntN(500))
		}
	}
	return strings.Join(fields, " ")
}

func TestSignature_EstimatesJaccardSimilarity(t *testing.T) {
	s := rng.New(1, "minhash")
	var squares float64
	const pairs = 60
	for i := range pairs {
		words := randomText(s, 400)
		a, b := strings.Join(words, " "), edited(s, words, float64(i)/pairs/4)
		j := Jaccard(a, b, 5)
		e := Similarity(Of(a), Of(b)) - j
		squares += e * e
		if math.Abs(e) > 0.2 {
			t.Errorf("similarity %.3f is off by %.3f", j, e)
		}
	}
	if rms := math.Sqrt(squares / pairs); rms > 0.05 {
		t.Errorf("error %.3f; 128 permutations promise 0.044 at most", rms)
	}
}

func TestSignature_IgnoresCaseSpaceAndPunctuation(t *testing.T) {
	a, b := Of("The quick, brown fox jumps over the lazy dog."), Of("the  QUICK brown\nfox – jumps over (the) lazy dog")
	if a != b {
		t.Errorf("similarity %v", Similarity(a, b))
	}
	if Jaccard("", "", 5) != 1 || Jaccard("a", "", 5) != 0 {
		t.Error("empty texts")
	}
	if got := fmt.Sprint(clean.Words("Straße №5: 民法典, don't")); got != "[straße 5 民 法 典 don t]" {
		t.Error(got)
	}
}

// plainSignature is the reference of Of: all words and the set of all shingles in memory.
func plainSignature(text string) (m Signature) {
	for i := range m {
		least := uint32(math.MaxUint32)
		for h := range shingles(clean.Words(text), shingle) {
			least = min(least, uint32((h*multipliers[i]+addends[i])>>32))
		}
		m[i] = uint16(least)
	}
	return m
}

func TestSignature_StreamedOneIsThatOfTheSetOfShingles(t *testing.T) {
	s := rng.New(3, "sketch")
	for _, text := range []string{"", "one", "one two three four", "one two three four five", "Ärger ÀÉ 民法典 第一条, x\u0301y ⅷ ① ２", strings.Join(randomText(s, 300), ", "), strings.Repeat("a b c ", 50)} {
		if got := Of(text); got != plainSignature(text) {
			t.Errorf("%q", text)
		}
	}
}

func TestIndex_BandsMissAtMostOnePairInAHundred(t *testing.T) {
	for _, threshold := range []float64{0.3, 0.5, 0.7, 0.8, 0.9, 0.95} {
		bands, rows := bandsFor(threshold)
		missed := math.Pow(1-math.Pow(threshold, float64(rows)), float64(bands))
		if bands*rows > Permutations || missed > 0.01 || bands <= Permutations-int(math.Ceil(threshold*Permutations)) && bands*rows < Permutations {
			t.Errorf("threshold %v: %d bands of %d rows miss %.4f", threshold, bands, rows, missed)
		}
	}
}

func TestIndex_FindsWhatAComparisonOfAllPairsFinds(t *testing.T) {
	s := rng.New(2, "lsh")
	index := NewIndex(0.7)
	var all []Signature
	for i := range 60 {
		words := randomText(s, 300)
		all = append(all, Of(strings.Join(words, " ")), Of(edited(s, words, float64(i%10)/200)))
	}
	found, missed := 0, 0
	for i, m := range all {
		best, at := 0.0, -1
		for j := range i {
			if x := Similarity(m, all[j]); x >= 0.7 && x > best {
				best, at = x, j
			}
		}
		if number, x := index.Nearest(m); number != at || x != best {
			missed++
		} else if at >= 0 {
			found++
		}
		index.Add(m)
	}
	if found < 40 || missed > 1 {
		t.Errorf("found %d, missed %d", found, missed)
	}
}

// What stays of a document is what bounds the corpus: 256 bytes and its places in the tables, however the tables have grown.
func TestIndex_HoldsAFewHundredBytesADocument(t *testing.T) {
	index, draw := NewIndex(0.8), rng.New(1, "corpus-test")
	most := 256 + 11*index.bands
	for n := 1; n <= 40_000; n++ {
		var m Signature
		for i := range m {
			m[i] = uint16(draw.Uint64())
		}
		index.Add(m)
		held := 0
		for _, table := range index.tables {
			held += 4 * cap(table)
		}
		for _, block := range index.blocks {
			held += 2 * Permutations * cap(block)
		}
		if n >= blockSignatures && held > most*n+2*Permutations*blockSignatures {
			t.Fatalf("%d bytes for %d documents, more than %d each", held, n, most)
		}
	}
	if most > 600 {
		t.Errorf("%d bytes a document", most)
	}
}

// Within a room signatures are as similar as without; between two rooms they have nothing in common.
func TestSignature_WithinARoomOnlyItsOwnAreAlike(t *testing.T) {
	s := rng.New(5, "minhash")
	words := randomText(s, 200)
	a, b := Of(strings.Join(words, " ")), Of(edited(s, words, 0.02))
	if got, want := Similarity(a.Within("x"), b.Within("x")), Similarity(a, b); got != want || want < 0.5 {
		t.Errorf("%v in a room, %v without", got, want)
	}
	if got := Similarity(a.Within("x"), a.Within("y")); got > 0.02 {
		t.Errorf("%v between rooms", got)
	}
}
