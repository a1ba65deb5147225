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

// pretokenizers is testdata/pretokenizers.json or unigram.json, made by scripts/golden/pretokenizers.py and unigram.py with `tokenizers` 0.23.3.
type pretokenizers struct {
	Fragments []string
	Cases     []struct {
		Name      string
		Tokenizer json.RawMessage
		Strings   string // digest over the ids of 10,000 strings
		Million   string // and of a million, where they were asked for
		Bytes     bool   // of Unigram: the strings have no "<0x41>"
		Start     []int32
		First     []int32 // of "Hello  World's 1234!"
	}
}

func readPretokenizers(t testing.TB, name string) (g pretokenizers) {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
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

// The sentences that the vocabularies are learnt from stand in the golden files' makers; no one else's vocabulary is in them.
func TestLoad_EveryKindOfTokenizerGivesTheLibrarysIDs(t *testing.T) {
	for _, name := range []string{"pretokenizers.json", "unigram.json"} {
		g := readPretokenizers(t, name)
		for _, c := range g.Cases {
			tok, err := parse(c.Tokenizer)
			if err != nil {
				t.Errorf("%s, %s: %v", name, c.Name, err)
				continue
			}
			text := "Hello  World's 1234!"
			got := tok.Encode(text)
			if c.Name == "xlm-r" || c.Name == "t5" {
				text = "Hello <unk>orld's 1234!" // white space and what no piece has are lost
			}
			if !slices.Equal(got, c.First) || tok.Decode(got) != text {
				t.Errorf("%s, %s: %v, want %v; decoded %q", name, c.Name, got, c.First, tok.Decode(got))
			}
			if id, ok := tok.Start(); ok != (len(c.Start) == 1) || ok && id != c.Start[0] {
				t.Errorf("%s, %s: start token %d %v, want %v", name, c.Name, id, ok, c.Start)
			}
			ids10k, million := idsDigests(tok, g.Fragments, c.Bytes)
			if ids10k != c.Strings || million != "" && c.Million != "" && million != c.Million {
				t.Errorf("%s, %s: other ids than the library's", name, c.Name)
			}
		}
	}
}

// idsDigests are those of the maker's strings. The million is for the long form (SLM_TEST_ALL), "" without it.
func idsDigests(tok *Tokenizer, fragments []string, bytes bool) (ids10k, million string) {
	d, sum, ids := &drawn{1, fragments}, sha256.New(), []byte(nil)
	most := 10_000
	if os.Getenv("SLM_TEST_ALL") != "" {
		most = 1_000_000
	}
	for n := range most {
		ids = ids[:0]
		text := d.text()
		if bytes {
			text = strings.ReplaceAll(text, "<0x41>", "0x41")
		}
		for _, id := range append(tok.EncodeSpecial(text), -1) {
			ids = binary.LittleEndian.AppendUint32(ids, uint32(id))
		}
		sum.Write(ids)
		if n+1 == 10_000 {
			ids10k = hex.EncodeToString(sum.Sum(nil))
		}
	}
	if most > 10_000 {
		million = hex.EncodeToString(sum.Sum(nil))
	}
	return ids10k, million
}
