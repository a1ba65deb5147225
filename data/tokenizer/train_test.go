package tokenizer

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// plainTrain is the reference of trainer: count all pairs of all words anew for each merge. It knows nothing of tokens that two
// merges give, so it is held against texts that have none.
func plainTrain(words []string, n int) (merges []string) {
	spelt := make([][]int, len(words))
	tokens, ids := []string{}, map[string]int{}
	sorted := alphabet
	slices.Sort(sorted[:])
	for _, r := range sorted {
		ids[string(r)] = len(tokens)
		tokens = append(tokens, string(r))
	}
	for i, w := range words {
		for k := range len(w) {
			spelt[i] = append(spelt[i], ids[string(alphabet[w[k]])])
		}
	}
	for range n {
		counts := map[[2]int]int{}
		for _, w := range spelt {
			for i := 1; i < len(w); i++ {
				counts[[2]int{w[i-1], w[i]}]++
			}
		}
		best, most := [2]int{}, 0
		for p, c := range counts {
			if c > most || c == most && (p[0] < best[0] || p[0] == best[0] && p[1] < best[1]) {
				best, most = p, c
			}
		}
		if most == 0 {
			break
		}
		merges = append(merges, tokens[best[0]]+" "+tokens[best[1]])
		tokens = append(tokens, tokens[best[0]]+tokens[best[1]])
		for k, w := range spelt {
			var out []int
			for i := 0; i < len(w); i++ {
				if i+1 < len(w) && w[i] == best[0] && w[i+1] == best[1] {
					out = append(out, len(tokens)-1)
					i++
				} else {
					out = append(out, w[i])
				}
			}
			spelt[k] = out
		}
	}
	return merges
}

func TestTrain_IncrementalCountsAgreeWithRecounting(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for round := range 20 {
		words := make([]string, 60)
		for i := range words {
			w := make([]byte, 1+r.IntN(9))
			for k := range w {
				w[k] = byte('a' + r.IntN(3+round))
			}
			words[i] = string(w)
		}
		tok, err := Train(slices.Values(words), TrainOptions{Vocab: 256 + 30})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := mergeLines(tok), plainTrain(words, 30); !slices.Equal(got, want) {
			t.Fatalf("round %d:\n got %q\nwant %q", round, got, want)
		}
	}
}

func TestTrain_MergesDoNotDependOnTheOrderOfTexts(t *testing.T) {
	g := readGolden().Small[0]
	var digests []string
	for _, texts := range [][]string{g.Texts, {g.Texts[3], g.Texts[1], g.Texts[2], g.Texts[0]}} {
		tok, err := Train(slices.Values(texts), TrainOptions{Vocab: g.Vocab})
		if err != nil {
			t.Fatal(err)
		}
		digests = append(digests, tok.Digest())
	}
	if digests[0] != digests[1] {
		t.Error("the digest depends on the order of the texts")
	}
}

func TestTrain_SpecialTokensComeFirstThenBytes(t *testing.T) {
	special := []string{"<eos>", "<pad>"}
	tok, err := Train(slices.Values([]string{"<eos> aa aa"}), TrainOptions{Vocab: 300, Special: special})
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range special {
		if id, ok := tok.ID(s); !ok || id != int32(i) {
			t.Errorf("%s has id %d", s, id)
		}
	}
	if tok.Token(2) != "!" || tok.Token(257) != "\u0143" {
		t.Errorf("bytes are %q … %q", tok.Token(2), tok.Token(257))
	}
	if tok.Vocab() >= 300 { // <, eo, eos, eos>, …: the text has no 42 merges
		t.Errorf("%d tokens out of a text of three words", tok.Vocab())
	}
}

func TestTrain_RefusesOptionsThatCannotHold(t *testing.T) {
	for name, opt := range map[string]TrainOptions{
		"vocab below the bytes": {Vocab: 256, Special: []string{"<eos>"}},
		"vocab too large":       {Vocab: maxVocab + 1},
		"special twice":         {Vocab: 300, Special: []string{"<eos>", "<eos>"}},
		"empty special":         {Vocab: 300, Special: []string{""}},
		"a pattern of others":   {Vocab: 300, Pattern: O200k},
	} {
		if _, err := Train(slices.Values([]string{"a"}), opt); !errors.Is(err, ErrOptions) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Train(slices.Values([]string{"a"}), TrainOptions{Vocab: 300, Pattern: "words"}); !errors.Is(err, ErrFormat) {
		t.Errorf("unknown pattern: %v", err)
	}
}

func TestTrain_NoTextGivesTheBytesAlone(t *testing.T) {
	tok, err := Train(slices.Values([]string{}), TrainOptions{Vocab: 1000})
	if err != nil || tok.Vocab() != 256 {
		t.Fatalf("%v tokens, %v", tok.Vocab(), err)
	}
	if s := "bytes, ü"; tok.Decode(tok.Encode(s)) != s || len(tok.Encode(s)) != len(s) {
		t.Error("bytes do not come back")
	}
}

func BenchmarkTrain(b *testing.B) {
	_, texts := licences()
	b.SetBytes(int64(len(strings.Join(texts, ""))))
	for b.Loop() {
		if _, err := Train(slices.Values(texts), TrainOptions{Vocab: 4096}); err != nil {
			b.Fatal(err)
		}
	}
}
