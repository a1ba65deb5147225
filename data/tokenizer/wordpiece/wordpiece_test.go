package wordpiece

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// golden is testdata/golden.json, made by scripts/golden/wordpiece.py with `tokenizers` 0.23.3.
type golden struct {
	Texts []struct {
		Hex   string  `json:"hex"`
		IDs   []int32 `json:"ids"`   // with the vocabulary of MiniLM
		Small []int32 `json:"small"` // with that of testdata/small.json
	} `json:"texts"`
	Corpora    map[string]digest `json:"corpora"`
	Characters digest            `json:"characters"`
}

type digest struct {
	Lines  int    `json:"lines"`
	IDs    int    `json:"ids"`
	SHA256 string `json:"sha256"`
}

const whole = 1 << 30 // tokens: nothing is cut off

func readGolden(t testing.TB) (g golden) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "golden.json"))
	if err == nil {
		err = json.Unmarshal(data, &g)
	}
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// load reads a tokenizer.json.
func load(path string) (*Tokenizer, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(data)
}

func small(t testing.TB) *Tokenizer {
	t.Helper()
	tok, err := load(filepath.Join("testdata", "small.json"))
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// miniLM returns the tokenizer of the model that set-up fetches.
func miniLM(t *testing.T) *Tokenizer {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	tok, err := load(filepath.Join(cache, "slm", "models", "all-MiniLM-L6-v2", "tokenizer.json"))
	if errors.Is(err, os.ErrNotExist) || os.Getenv("SLM_NO_WEIGHTS") == "1" {
		t.Skip("all-MiniLM-L6-v2 is not here; `make setup` fetches it")
	}
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func TestEncode_HardTextsGetTheLibrarysIDs(t *testing.T) {
	tok := small(t)
	for _, c := range readGolden(t).Texts {
		text, err := hex.DecodeString(c.Hex)
		if err != nil {
			t.Fatal(err)
		}
		if got := tok.Encode(string(text), whole); !slices.Equal(got, c.Small) {
			t.Errorf("%q:\n got %v\nwant %v", text, got, c.Small)
		}
	}
}

func TestEncode_WholeVocabularyAgreesOnHardTexts(t *testing.T) {
	tok := miniLM(t)
	for _, c := range readGolden(t).Texts {
		text, err := hex.DecodeString(c.Hex)
		if err != nil {
			t.Fatal(err)
		}
		if got := tok.Encode(string(text), whole); !slices.Equal(got, c.IDs) {
			t.Errorf("%q:\n got %v\nwant %v", text, got, c.IDs)
		}
	}
}

// same compares the ids of all lines together with the library's.
func same(t *testing.T, name string, tok *Tokenizer, lines []string, want digest) {
	t.Helper()
	hash, n := sha256.New(), 0
	for _, line := range lines {
		ids := tok.Encode(line, whole)
		n += len(ids)
		if err := binary.Write(hash, binary.LittleEndian, ids); err != nil {
			t.Fatal(err)
		}
	}
	if got := (digest{len(lines), n, hex.EncodeToString(hash.Sum(nil))}); got != want {
		t.Errorf("%s: got %+v, want %+v", name, got, want)
	}
}

func TestEncode_EveryCharacterGetsTheLibrarysIDs(t *testing.T) {
	tok := miniLM(t)
	var lines []string
	for r := rune(0); r <= utf8.MaxRune; r++ {
		if utf8.ValidRune(r) {
			lines = append(lines, "a"+string(r)+"b "+string(r))
		}
	}
	same(t, "characters", tok, lines, readGolden(t).Characters)
}

func TestEncode_LicencesAndStatutesGetTheLibrarysIDs(t *testing.T) {
	tok, want := miniLM(t), readGolden(t).Corpora
	statutes, err := os.ReadFile(filepath.Join("..", "..", "source", "statutes-cn.txt"))
	if err != nil {
		t.Fatal(err)
	}
	same(t, "statutes", tok, lines(string(statutes)), want["statutes"])

	module, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/google/licenseclassifier/v2").Output()
	if err != nil {
		t.Skip("the go command cannot list the module of licences here")
	}
	files, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(module)), "assets", "*", "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(files)
	var all []string
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, lines(string(text))...)
	}
	same(t, "licences", tok, all, want["licences"])
}

func lines(text string) []string {
	return slices.DeleteFunc(strings.Split(text, "\n"), func(s string) bool { return s == "" })
}

func TestEncode_LongTextIsCutBeforeTheEnd(t *testing.T) {
	tok := small(t)
	all := tok.Encode("hello, world! hello", whole)
	for most := 2; most <= len(all)+1; most++ {
		want := all
		if most < len(all) {
			want = append(slices.Clone(all[:most-1]), tok.after)
		}
		if got := tok.Encode("hello, world! hello", most); !slices.Equal(got, want) {
			t.Errorf("at most %d: %v, want %v", most, got, want)
		}
	}
}

func TestParse_WhatCannotBeExpressedIsRefusedByName(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "small.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ old, new, word string }{
		{`"version":"1.0"`, `"version":"2.0"`, "version"},
		{`"lowercase":true`, `"lowercase":false`, "capitals"},
		{`"strip_accents":null`, `"strip_accents":false`, "accents"},
		{`"type":"BertNormalizer"`, `"type":"NFKC"`, "NFKC"},
		{`"type":"BertPreTokenizer"`, `"type":"Whitespace"`, "Whitespace"},
		{`"id":"A"`, `"id":"B"`, "[CLS] B [SEP]"},
		{`"type":"WordPiece","unk_token"`, `"type":"Unigram","unk_token"`, "Unigram"},
		{`"continuing_subword_prefix":"##"`, `"continuing_subword_prefix":"@"`, "continuing_subword_prefix"},
		{`"max_input_chars_per_word":100`, `"max_input_chars_per_word":50`, "max_input_chars_per_word"},
		{`"unk_token":"[UNK]"`, `"unk_token":"<unk>"`, "<unk>"},
		{`"[CLS]":2`, `"[CLS]":3`, "have the id 3"},
		{`"[CLS]":2`, `"[CLS]":200000`, "id 200000"},
		{`"[CLS]":2`, `"[CLX]":2`, "[CLS]"},
		{`"vocab":{`, `"vocab":[`, "invalid"},
	} {
		bent := strings.Replace(string(data), c.old, c.new, 1)
		if bent == string(data) {
			t.Fatalf("%s is not in the file", c.old)
		}
		if _, err := Parse([]byte(bent)); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), c.word) {
			t.Errorf("%s: %v, want one with %q", c.new, err, c.word)
		}
	}
	for n := 0; n < len(data)-2; n += 1 + n/50 { // behind the last brace is the line's end alone
		if _, err := Parse(data[:n]); !errors.Is(err, ErrFormat) {
			t.Errorf("cut at %d: %v", n, err)
		}
	}
}

func FuzzEncode_AnyTextHasIDs(f *testing.F) {
	for _, s := range []string{"Hello, World!", "naïve\u0301 ÄÖ", "東京 \xff\x00", strings.Repeat("ab", 60)} {
		f.Add(s)
	}
	tok := small(f)
	f.Fuzz(func(t *testing.T, text string) {
		ids := tok.Encode(text, whole)
		if len(ids) < 2 || ids[0] != tok.before || ids[len(ids)-1] != tok.after {
			t.Fatalf("%q: %v", text, ids)
		}
		for _, id := range ids {
			if tok.Token(id) == "" {
				t.Fatalf("%q: %v", text, ids)
			}
		}
		if cut := tok.Encode(text, 4); len(cut) != min(4, len(ids)) {
			t.Fatalf("%q: %v of %v", text, cut, ids)
		}
		if twice := tok.Encode(normal(text), whole); !slices.Equal(ids, twice) {
			t.Fatalf("%q is not normal: %v, then %v", normal(text), ids, twice)
		}
	})
}

func FuzzParse_AnyFileIsReadOrRefused(f *testing.F) {
	data, err := os.ReadFile(filepath.Join("testdata", "small.json"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(`{"version":"1.0"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		tok, err := Parse(data)
		switch {
		case err != nil && !errors.Is(err, ErrFormat):
			t.Fatalf("an error of no kind: %v", err)
		case err == nil:
			tok.Encode("any text 字", whole)
		}
	})
}
