package tokenizer

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
)

// pretokenizers is testdata/pretokenizers.json, made by scripts/golden/pretokenizers.py with `tokenizers` 0.23.3.
type pretokenizers struct {
	Fragments []string
	Cases     []struct {
		Name      string
		Tokenizer json.RawMessage
		Strings   string // digest over the ids of 10,000 strings
		Start     []int32
		First     []int32 // of "Hello  World's 1234!"
	}
}

func readPretokenizers(t testing.TB) (g pretokenizers) {
	t.Helper()
	data, err := os.ReadFile("testdata/pretokenizers.json")
	if err == nil {
		err = json.Unmarshal(data, &g)
	}
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// drawn is the maker's generator of strings.
type drawn struct {
	state     uint64
	fragments []string
}

func (d *drawn) below(n int) int {
	d.state = d.state*6364136223846793005 + 1442695040888963407
	return int(d.state>>33) % n
}

func (d *drawn) text() string {
	var b strings.Builder
	for range d.below(12) {
		if d.below(8) == 0 {
			most := []int{0x80, 0x800, 0x3000, 0x30000}[d.below(4)]
			if code := d.below(most); code < 0xD800 || code >= 0xE000 {
				b.WriteRune(rune(code))
			}
		} else {
			b.WriteString(d.fragments[d.below(len(d.fragments))])
		}
	}
	return b.String()
}

func TestLoad_EveryKindOfTokenizerGivesTheLibrarysIDs(t *testing.T) {
	g := readPretokenizers(t)
	for _, c := range g.Cases {
		tok, err := parse(c.Tokenizer)
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		const text = "Hello  World's 1234!"
		if got := tok.Encode(text); !slices.Equal(got, c.First) || tok.Decode(got) != text {
			t.Errorf("%s: %v, want %v; decoded %q", c.Name, got, c.First, tok.Decode(got))
		}
		if id, ok := tok.Start(); ok != (len(c.Start) == 1) || ok && id != c.Start[0] {
			t.Errorf("%s: start token %d %v, want %v", c.Name, id, ok, c.Start)
		}
		d, sum := &drawn{1, g.Fragments}, sha256.New()
		for range 10_000 {
			for _, id := range append(tok.EncodeSpecial(d.text()), -1) {
				_ = binary.Write(sum, binary.LittleEndian, id) // a hash takes all
			}
		}
		if got := hex.EncodeToString(sum.Sum(nil)); got != c.Strings {
			t.Errorf("%s: other ids than the library's", c.Name)
		}
	}
}
