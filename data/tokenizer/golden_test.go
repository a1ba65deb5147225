package tokenizer

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/licenseclassifier/v2/assets"
)

// golden is testdata/golden.json, made by scripts/golden/tokenizer.py with `tokenizers` 0.23.3.
type golden struct {
	Small []struct {
		Pattern    Pattern  `json:"pattern"`
		Texts      []string `json:"texts"`
		Vocab      int      `json:"vocab"`
		Special    []string `json:"special"`
		Merges     []string `json:"merges"`
		FileSHA256 string   `json:"file_sha256"`
	} `json:"small"`
	Licences struct {
		Paths        []string `json:"paths"`
		Vocab        int      `json:"vocab"`
		Special      []string `json:"special"`
		Merges       int      `json:"merges"`
		FirstMerges  []string `json:"first_merges"`
		MergesSHA256 string   `json:"merges_sha256"`
		IDs          int      `json:"ids"`
		IDsSHA256    string   `json:"ids_sha256"`
		FileSHA256   string   `json:"file_sha256"`
	} `json:"licences"`
	Strings []struct {
		Hex        string            `json:"hex"`
		Lossy      string            `json:"lossy"`
		IDs        []int32           `json:"ids"`
		SpecialIDs []int32           `json:"special_ids"`
		Cuts       map[Pattern][]int `json:"cuts"`
	} `json:"strings"`
}

var readGolden = sync.OnceValue(func() (g golden) {
	data, err := os.ReadFile("testdata/golden.json")
	if err == nil {
		err = json.Unmarshal(data, &g)
	}
	if err != nil {
		panic(err)
	}
	return g
})

// licences trains once on the licence corpus, as the golden file's maker did.
var licences = sync.OnceValues(func() (*Tokenizer, []string) {
	g := readGolden().Licences
	texts := make([]string, len(g.Paths))
	for i, path := range g.Paths {
		data, err := assets.ReadLicenseFile(path)
		if err != nil {
			panic(err)
		}
		texts[i] = string(data)
	}
	tok, err := Train(slices.Values(texts), TrainOptions{Vocab: g.Vocab, Special: g.Special})
	if err != nil {
		panic(err)
	}
	return tok, texts
})

func mergeLines(t *Tokenizer) []string {
	lines := make([]string, len(t.merges))
	for i, m := range t.merges {
		lines[i] = t.tokens[m.left()] + " " + t.tokens[m.right()]
	}
	return lines
}

func hexSHA(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func TestTrain_MergesOfSmallTextsAreHuggingFaces(t *testing.T) {
	for _, g := range readGolden().Small {
		tok, err := Train(slices.Values(g.Texts), TrainOptions{Vocab: g.Vocab, Special: g.Special, Pattern: g.Pattern})
		if err != nil {
			t.Fatal(err)
		}
		if got := mergeLines(tok); !slices.Equal(got, g.Merges) {
			t.Errorf("%s: merges differ:\n got %q\nwant %q", g.Pattern, got, g.Merges)
		}
		if got := hexSHA(tok.encodeFile()); got != g.FileSHA256 {
			t.Errorf("%s: tokenizer.json is not byte for byte Hugging Face's", g.Pattern)
		}
	}
}

func TestTrain_MergesOfTheLicenceCorpusAreHuggingFaces(t *testing.T) {
	g := readGolden().Licences
	tok, _ := licences()
	got := mergeLines(tok)
	if len(got) != g.Merges {
		t.Fatalf("%d merges, want %d", len(got), g.Merges)
	}
	for i, want := range g.FirstMerges {
		if got[i] != want {
			t.Fatalf("merge %d is %q, want %q", i, got[i], want)
		}
	}
	if sum := hexSHA([]byte(strings.Join(got, "\n"))); sum != g.MergesSHA256 {
		t.Errorf("the %d merges differ after the first %d", len(got), len(g.FirstMerges))
	}
	if tok.Digest() != g.FileSHA256 {
		t.Errorf("tokenizer.json is not byte for byte Hugging Face's")
	}
}

func TestEncode_IDsOfTheLicenceCorpusAreHuggingFaces(t *testing.T) {
	g := readGolden().Licences
	tok, texts := licences()
	var raw []byte
	for _, text := range texts {
		for _, id := range tok.Encode(text) {
			raw = binary.LittleEndian.AppendUint32(raw, uint32(id))
		}
	}
	if len(raw)/4 != g.IDs {
		t.Fatalf("%d ids, want %d", len(raw)/4, g.IDs)
	}
	if hexSHA(raw) != g.IDsSHA256 {
		t.Error("ids differ")
	}
}

func TestEncode_IDsOfHardStringsAreHuggingFaces(t *testing.T) {
	tok, _ := licences()
	if n := len(readGolden().Strings); n < 30 {
		t.Fatalf("only %d hard strings", n)
	}
	for _, g := range readGolden().Strings {
		raw, err := hex.DecodeString(g.Hex)
		if err != nil {
			t.Fatal(err)
		}
		text := string(raw)
		if got := lossy(text); got != g.Lossy {
			t.Errorf("%q: read as %q, Python reads %q", text, got, g.Lossy)
		}
		for _, round := range []string{"computed", "from the cache"} {
			if got := tok.Encode(text); !slices.Equal(got, g.IDs) {
				t.Errorf("%q (%s): ids %v, want %v", text, round, got, g.IDs)
			}
		}
		if got := tok.EncodeSpecial(text); !slices.Equal(got, g.SpecialIDs) {
			t.Errorf("%q: ids with special tokens %v, want %v", text, got, g.SpecialIDs)
		}
		if got := tok.Decode(g.IDs); got != g.Lossy {
			t.Errorf("%q decodes to %q", text, got)
		}
		for pattern, want := range g.Cuts {
			if got := cut(pattern, g.Lossy); !slices.Equal(got, want) {
				t.Errorf("%q: %s cuts it into lengths %v, want %v", text, pattern, got, want)
			}
		}
	}
}

// cut returns the lengths of a text's words in bytes.
func cut(p Pattern, text string) []int {
	lengths := []int{}
	for i := 0; i < len(text); {
		end := p.next(text, i)
		lengths = append(lengths, end-i)
		i = end
	}
	return lengths
}
