package tokenizer

import (
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode"
)

// plainEncode is the reference of spelling.encode: look for the merge of lowest rank, apply it, again from the start.
func plainEncode(t *Tokenizer, word string) []int32 {
	var ids []int32
	for i := range len(word) {
		if id := t.byteID[word[i]]; id >= 0 {
			ids = append(ids, id)
		}
	}
	for {
		best, at := merge{rank: -1}, -1
		for i := 1; i < len(ids); i++ {
			if m, ok := t.ranks[pairOf(ids[i-1], ids[i])]; ok && (at < 0 || m.rank < best.rank) {
				best, at = m, i-1
			}
		}
		if at < 0 {
			return ids
		}
		ids = slices.Replace(ids, at, at+2, best.id)
	}
}

func TestEncode_HeapAgreesWithPlainSearch(t *testing.T) {
	tok, _ := licences()
	r := rand.New(rand.NewPCG(1, 2))
	parts := []string{"a", "b", "e", "th", "er", "ing", "tion", "lic", "ense", "=", "--", "é", "東", "\xff"}
	for range 2000 {
		var b strings.Builder
		for range 1 + r.IntN(30) {
			b.WriteString(parts[r.IntN(len(parts))])
		}
		word := b.String()
		var s spelling
		if got, want := s.encode(tok, word, nil), plainEncode(tok, word); !slices.Equal(got, want) {
			t.Fatalf("%q: %v, plain search gives %v", word, got, want)
		}
	}
}

func TestEncode_ComesBackFromDecode(t *testing.T) {
	tok, texts := licences()
	for i, text := range texts {
		if want := lossy(text); tok.Decode(tok.Encode(text)) != want {
			t.Errorf("text %d does not come back", i)
		}
	}
}

func TestEncode_ConcurrentCallsAgree(t *testing.T) {
	tok, texts := licences()
	texts = texts[:40]
	want := make([][]int32, len(texts))
	for i, text := range texts {
		want[i] = tok.Encode(text)
	}
	fresh, err := parse(tok.encodeFile()) // an empty cache
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for k := range texts {
				i := (k + g*10) % len(texts)
				if !slices.Equal(fresh.Encode(texts[i]), want[i]) {
					t.Errorf("text %d: ids differ under concurrency", i)
				}
			}
		})
	}
	wg.Wait()
}

func TestEncode_CacheStaysWithinItsSlots(t *testing.T) {
	tok, _ := licences()
	long := strings.Repeat("x", cacheBytes+1)
	if slot, _ := tok.cache.find(long); slot != nil {
		t.Errorf("a word of %d bytes is kept", len(long))
	}
	if len(tok.cache.slots) != cacheSlots {
		t.Errorf("%d slots", len(tok.cache.slots))
	}
}

func TestEncode_NeverYieldsASpecialToken(t *testing.T) {
	tok, _ := licences()
	eos, ok := tok.ID("<eos>")
	if !ok || eos != 0 {
		t.Fatalf("<eos> has id %d, %v", eos, ok)
	}
	text := "x<eos>y"
	if ids := tok.Encode(text); slices.Contains(ids, eos) || tok.Decode(ids) != text {
		t.Errorf("Encode gives %v", ids)
	}
	ids := tok.EncodeSpecial(text)
	if len(ids) != 3 || ids[1] != eos || tok.Decode(ids) != text {
		t.Errorf("EncodeSpecial gives %v", ids)
	}
}

func TestEncode_LongestSpecialTokenWins(t *testing.T) {
	tok, err := Train(slices.Values([]string{"x"}), TrainOptions{Vocab: 259, Special: []string{"<a", "<a>", "a>b"}})
	if err != nil {
		t.Fatal(err)
	}
	x := tok.Encode("x")[0]
	b := tok.Encode("b")[0]
	if got, want := tok.EncodeSpecial("<a>bxa>b<ax"), []int32{1, b, x, 2, 0, x}; !slices.Equal(got, want) {
		t.Errorf("ids %v, want %v", got, want)
	}
}

func TestDecode_IgnoresIDsOutsideTheVocabulary(t *testing.T) {
	tok, _ := licences()
	ids := append([]int32{-1, int32(tok.Vocab()), 1 << 30}, tok.Encode("ok")...)
	if got := tok.Decode(ids); got != "ok" {
		t.Errorf("got %q", got)
	}
	if tok.Token(-1) != "" || tok.Token(int32(tok.Vocab())) != "" {
		t.Error("Token invents a token")
	}
}

func TestEncode_BytesThatTheVocabularyLacksAreDroppedOrUnknown(t *testing.T) {
	tokens := []string{"a", "b", "ab", "<unk>"}
	tok, err := fromVocab(tokens, []string{"a b"}, []string{"<unk>"}, GPT2)
	if err != nil {
		t.Fatal(err)
	}
	if got := tok.Encode("azb"); !slices.Equal(got, []int32{2}) { // as in the reference: what is left stands side by side
		t.Errorf("without unknown token: %v", got)
	}
	tok.unknown = "<unk>"
	again, err := parse(tok.encodeFile())
	if err != nil {
		t.Fatal(err)
	}
	if got := again.Encode("azzb z"); !slices.Equal(got, []int32{0, 3, 3, 1, 3, 3}) {
		t.Errorf("with unknown token: %v", got)
	}
}

func TestClasses_ContainThoseOfOlderUnicode(t *testing.T) {
	if unicode.Version > "16" {
		t.Skip("the library's tables are of Unicode 16, Go's are newer")
	}
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if unicode.In(r, unicode.Cn, unicode.Co, unicode.Cs) { // unassigned so far, private, surrogate
			continue
		}
		class := classOf(r)
		if unicode.Is(unicode.L, r) != (class == letter) || unicode.Is(unicode.N, r) != (class == number) ||
			unicode.Is(unicode.White_Space, r) != (class == space) {
			t.Fatalf("%U has class %d", r, class)
		}
	}
}

func FuzzEncode_RoundTrip(f *testing.F) {
	for _, g := range readGolden().Strings {
		f.Add(g.Lossy)
	}
	f.Add("\xf0\x9f x")
	tok, _ := licences()
	var byCuts []*Tokenizer
	for p := range cuts {
		other, err := fromVocab(tok.tokens, mergeLines(tok), nil, p)
		if err != nil {
			f.Fatal(err)
		}
		byCuts = append(byCuts, other)
	}
	f.Fuzz(func(t *testing.T, text string) {
		want := lossy(text)
		if got := tok.Decode(tok.Encode(text)); got != want {
			t.Errorf("%q comes back as %q", want, got)
		}
		if got := tok.Decode(tok.EncodeSpecial(text)); got != want {
			t.Errorf("%q comes back as %q with special tokens", want, got)
		}
		for _, other := range byCuts {
			if got := other.Decode(other.Encode(text)); got != want {
				t.Errorf("%s: %q comes back as %q", other.Pattern(), want, got)
			}
		}
		if want != string([]rune(want)) {
			t.Errorf("%q is read as %q, which is not valid UTF-8", text, want)
		}
		for _, p := range []Pattern{GPT2, SmolLM2, Numerals} {
			for i := 0; i < len(want); {
				end := p.next(want, i)
				if end <= i || end > len(want) {
					t.Fatalf("%s: the word at %d of %q ends at %d", p, i, want, end)
				}
				i = end
			}
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	tok, texts := licences()
	text := strings.Join(texts, "\n")
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		tok.Encode(text)
	}
}

func BenchmarkEncodeWithoutCache(b *testing.B) {
	tok, texts := licences()
	text := texts[0]
	b.SetBytes(int64(len(text)))
	var s spelling
	for b.Loop() {
		for i := 0; i < len(text); {
			end := tok.pattern.next(text, i)
			s.encode(tok, text[i:end], nil)
			i = end
		}
	}
}
