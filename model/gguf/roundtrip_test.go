package gguf

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"slm/data/tokenizer"
	"slm/model"
	"slm/model/weights"
)

// writtenModel is a small model with a tokenizer of its own, and the file that it was written to.
func writtenModel(t *testing.T, c model.Config) (weights.Model, string) {
	t.Helper()
	f, err := parse("tok.gguf", tokenizerFile("smollm").bytes())
	if err != nil {
		t.Fatal(err)
	}
	tok, err := f.Tokenizer()
	if err != nil {
		t.Fatal(err)
	}
	c.Vocab = tok.Vocab()
	m := weights.Model{Params: model.New(c, 3), Tokenizer: tok, ChatTemplate: plainTemplate}
	path := filepath.Join(t.TempDir(), "written.gguf")
	if err := Write(path, m); err != nil {
		t.Fatal(err)
	}
	return m, path
}

func TestWrite_OpenReadsTheSameModel(t *testing.T) {
	for _, tied := range []bool{true, false} {
		c := tinyConfig
		c.Tied, c.NormEps = tied, float64(float32(1e-5))
		m, path := writtenModel(t, c)
		f, err := Format.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		p, err := weights.Params(f)
		if err != nil {
			t.Fatal(err)
		}
		if p.Config != m.Params.Config {
			t.Errorf("config %+v, want %+v", p.Config, m.Params.Config)
		}
		for i, want := range m.Params.Tensors() {
			got := p.Tensors()[i]
			if !slices.EqualFunc(got.Data, want.Data, func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) }) {
				t.Errorf("tied %v: %s differs", tied, want.Name)
			}
		}
		tok, err := f.Tokenizer()
		if err != nil {
			t.Fatal(err)
		}
		if tok.Digest() != m.Tokenizer.Digest() {
			t.Error("the tokenizer differs")
		}
		if f.ChatTemplate() != plainTemplate {
			t.Errorf("chat template %q", f.ChatTemplate())
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestWrite_FileCutAnywhereIsRefused(t *testing.T) {
	_, path := writtenModel(t, tinyConfig)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; n < len(data); n += 1 + n/97 {
		if f, err := parse("cut.gguf", data[:n]); err == nil {
			if _, err := weights.Params(f); err == nil {
				t.Fatalf("%d of %d bytes are a model", n, len(data))
			}
		}
	}
}

func TestWrite_TokenizerThatTheFormatCannotNameIsRefused(t *testing.T) {
	m, _ := writtenModel(t, tinyConfig)
	tokens, merges, special := m.Tokenizer.Parts()
	tok, err := tokenizer.New(tokenizer.Spec{Tokens: tokens, Merges: merges, Special: special, Pattern: tokenizer.Numerals})
	if err != nil {
		t.Fatal(err)
	}
	m.Tokenizer = tok
	path := filepath.Join(t.TempDir(), "x.gguf")
	if err := Write(path, m); err == nil || !strings.Contains(err.Error(), "cutting words") {
		t.Error(err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a file was left")
	}
}
