package gguf_test

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"slm/model/decode"
	"slm/model/gguf"
	"slm/model/kernel"
	"slm/model/weights"
)

// gemma3 returns Gemma 3's file, which set-up fetches only from those who have seen its terms.
func gemma3(t *testing.T) *gguf.File {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	f, err := gguf.Open(filepath.Join(cache, "slm", "models", "gemma-3-270m-q4_k_m.gguf"))
	if errors.Is(err, fs.ErrNotExist) || os.Getenv("SLM_NO_WEIGHTS") == "1" {
		t.Skip("Gemma 3 270M is not here; scripts/setup gemma shows its terms and fetches it")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// The golden file holds what llama.cpp makes of the prompts (scripts/golden/gemma3.py).
func TestGemma3_TokensAndGreedyAnswersAreThoseOfLlamaCpp(t *testing.T) {
	f := gemma3(t)
	var golden struct {
		Prompts []struct {
			Prompt      string
			Tokens, New []int32
		}
		Strings string
	}
	readJSON(t, filepath.Join("testdata", "gemma3.json"), &golden)
	tok, err := f.Tokenizer()
	if err != nil {
		t.Fatal(err)
	}
	start, ok := tok.Start()
	if !ok {
		t.Fatal("no start token")
	}
	p, err := weights.Params(f)
	if err != nil {
		t.Fatal(err)
	}
	be, err := kernel.Open("go")
	if err != nil {
		t.Fatal(err)
	}
	vectors, err := weights.Vectors(f)
	if err != nil {
		t.Fatal(err)
	}
	inBlocks, err := decode.NewFile(vectors, be, f.Rows)
	if err != nil {
		t.Fatal(err)
	}
	var reqs []decode.Request
	for _, g := range golden.Prompts {
		if ids := append([]int32{start}, tok.Encode(g.Prompt)...); !slices.Equal(ids, g.Tokens) {
			t.Errorf("%q: tokens %v, want %v", g.Prompt, ids, g.Tokens)
		}
		if text := tok.Decode(g.Tokens[1:]); text != g.Prompt {
			t.Errorf("%q comes back as %q", g.Prompt, text)
		}
		reqs = append(reqs, decode.Request{Prompt: g.Tokens, MaxNew: len(g.New)})
	}
	for name, d := range map[string]*decode.Decoder{"full": decode.New(p, be), "file": inBlocks} {
		got, err := d.Generate(context.Background(), reqs)
		if err != nil {
			t.Fatal(err)
		}
		for i, g := range golden.Prompts {
			if !slices.Equal(got[i].Tokens, g.New) {
				t.Errorf("%s: %q: %q, want %q", name, g.Prompt, tok.Decode(got[i].Tokens), tok.Decode(g.New))
			}
		}
	}
	checkStrings(t, golden.Strings, tok.Encode)
}

// checkStrings encodes the strings of data/tokenizer's golden file, without what llama.cpp takes for a control token against the file's word.
func checkStrings(t *testing.T, want string, encode func(string) []int32) {
	t.Helper()
	var g struct{ Fragments []string }
	readJSON(t, filepath.Join("..", "..", "data", "tokenizer", "testdata", "pretokenizers.json"), &g)
	state, sum := uint64(1), sha256.New()
	below := func(n int) int {
		state = state*6364136223846793005 + 1442695040888963407
		return int(state>>33) % n
	}
	for range 10_000 {
		var b strings.Builder
		for range below(12) {
			if below(8) > 0 {
				b.WriteString(g.Fragments[below(len(g.Fragments))])
			} else if code := below([]int{0x80, 0x800, 0x3000, 0x30000}[below(4)]); code < 0xD800 || code >= 0xE000 {
				b.WriteRune(rune(code))
			}
		}
		for _, id := range append(encode(strings.ReplaceAll(b.String(), "</s>", "")), -1) {
			_ = binary.Write(sum, binary.LittleEndian, id) // a hash takes all
		}
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != want {
		t.Error("other ids of 10,000 strings")
	}
}

func readJSON(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}
