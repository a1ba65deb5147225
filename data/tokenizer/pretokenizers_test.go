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
		Million   string // and of a million, where they were asked for
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

// The sentences that the vocabularies are learnt from stand in the golden file's maker; no one else's vocabulary is in it.
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
		if strings, million := idsDigests(tok, g.Fragments); strings != c.Strings || million != "" && c.Million != "" && million != c.Million {
			t.Errorf("%s: other ids than the library's", c.Name)
		}
	}
}

// idsDigests are those of the maker's strings. The million is for the long form (SLM_TEST_ALL), "" without it.
func idsDigests(tok *Tokenizer, fragments []string) (strings, million string) {
	d, sum, ids := &drawn{1, fragments}, sha256.New(), []byte(nil)
	most := 10_000
	if os.Getenv("SLM_TEST_ALL") != "" {
		most = 1_000_000
	}
	for n := range most {
		ids = ids[:0]
		for _, id := range append(tok.EncodeSpecial(d.text()), -1) {
			ids = binary.LittleEndian.AppendUint32(ids, uint32(id))
		}
		sum.Write(ids)
		if n+1 == 10_000 {
			strings = hex.EncodeToString(sum.Sum(nil))
		}
	}
	if most > 10_000 {
		million = hex.EncodeToString(sum.Sum(nil))
	}
	return strings, million
}
