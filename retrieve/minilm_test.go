package retrieve

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"slm/model/encoder"
	"slm/model/weights"
)

// The golden file is of sentence-transformers (scripts/golden/bert.py).
func TestMiniLM_VectorsAreThoseOfSentenceTransformers(t *testing.T) {
	if os.Getenv("SLM_NO_WEIGHTS") == "1" {
		t.Skip("SLM_NO_WEIGHTS=1")
	}
	b, err := OpenMiniLM(nil)
	if errors.Is(err, ErrNoEncoder) && strings.Contains(err.Error(), "is not there") {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	var golden []struct {
		Text   string
		Vector []float32
	}
	data, err := os.ReadFile(filepath.Join("testdata", "minilm.json"))
	if err == nil {
		err = json.Unmarshal(data, &golden)
	}
	if err != nil {
		t.Fatal(err)
	}
	texts := make([]string, len(golden))
	for i, g := range golden {
		texts[i] = g.Text
	}
	got, err := b.Sections(context.Background(), texts)
	if err != nil {
		t.Fatal(err)
	}
	for i, g := range golden {
		if len(got[i]) != b.Dim() || len(g.Vector) != b.Dim() {
			t.Fatalf("%q: %d values of %d", g.Text, len(got[i]), len(g.Vector))
		}
		for j, want := range g.Vector {
			if d := math.Abs(float64(got[i][j] - want)); !(d <= 1e-4) {
				t.Fatalf("%q: value %d is %g, want %g", g.Text, j, got[i][j], want)
			}
		}
	}
	if read, all := b.Tokens(texts[len(texts)-1]); read != 256 || all <= 256 {
		t.Errorf("the long text: %d of %d tokens", read, all)
	}
}

func TestMiniLM_MissingOrDamagedSaysWhatToType(t *testing.T) {
	cache := t.TempDir()
	getenv := func(string) string { return cache }
	if _, err := openMiniLM(nil, getenv); !errors.Is(err, ErrNoEncoder) || !strings.Contains(err.Error(), "run: make setup") {
		t.Errorf("missing: %v", err)
	}
	folder := filepath.Join(cache, "slm", "models", miniLM)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, weightsFile), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := openMiniLM(nil, getenv); !errors.Is(err, ErrNoEncoder) || !strings.Contains(err.Error(), "is damaged") || !strings.Contains(err.Error(), "make setup") {
		t.Errorf("damaged: %v", err)
	}
}

// folder is a model of sentence-transformers: the small one of model/encoder with a vocabulary of its size.
func folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	tiny := filepath.Join("..", "model", "encoder", "testdata")
	vocab := map[string]int{}
	for i, token := range append([]string{"[PAD]", "[UNK]", "[CLS]", "[SEP]"}, strings.Split("abcdefghijklmnopqrstuvwxyz0123456789.,;:!?()\"'", "")...) {
		vocab[token] = i
	}
	for len(vocab) < 60 {
		vocab["##"+string(rune('a'+len(vocab)-50))] = len(vocab)
	}
	put := func(name string, data []byte, err error) {
		path := filepath.Join(dir, name)
		if err == nil {
			err = os.MkdirAll(filepath.Dir(path), 0o755)
		}
		if err == nil {
			err = os.WriteFile(path, data, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, from := range map[string]string{weightsFile: "tiny.safetensors", configFile: configFile} {
		data, err := os.ReadFile(filepath.Join(tiny, from))
		put(name, data, err)
	}
	tokenizer, err := json.Marshal(map[string]any{
		"version": "1.0", "normalizer": map[string]any{"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "lowercase": true},
		"pre_tokenizer": map[string]any{"type": "BertPreTokenizer"},
		"post_processor": map[string]any{"type": "TemplateProcessing", "single": []any{
			map[string]any{"SpecialToken": map[string]any{"id": "[CLS]"}}, map[string]any{"Sequence": map[string]any{"id": "A"}}, map[string]any{"SpecialToken": map[string]any{"id": "[SEP]"}},
		}},
		"model": map[string]any{"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100, "vocab": vocab},
	})
	put(tokenizerFile, tokenizer, err)
	put(lengthFile, []byte(`{"max_seq_length": 20, "do_lower_case": false}`), nil)
	put(poolingFile, []byte(`{"word_embedding_dimension": 24, "pooling_mode_cls_token": false, "pooling_mode_mean_tokens": true}`), nil)
	return dir
}

func TestBERT_VectorsDoNotDependOnTheBatchAndHaveLengthOne(t *testing.T) {
	b, err := OpenBERT("tiny", folder(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{"a b c", "", "What is a licence?", strings.Repeat("x y. ", 40)}
	all, err := b.Sections(context.Background(), texts)
	if err != nil {
		t.Fatal(err)
	}
	for i, text := range texts {
		one, err := b.Questions(context.Background(), []string{text})
		if err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for j, v := range one[0] {
			sum += float64(v) * float64(v)
			if v != all[i][j] {
				t.Fatalf("%q has another vector alone", text)
			}
		}
		if math.Abs(sum-1) > 1e-5 {
			t.Errorf("%q: length %g", text, math.Sqrt(sum))
		}
	}
	if b.Dim() != 24 || b.Name() != "tiny" || len(b.Digest()) != 64 {
		t.Errorf("%d %s %s", b.Dim(), b.Name(), b.Digest())
	}
}

func TestBERT_WhatItWouldComputeOtherwiseIsRefused(t *testing.T) {
	for _, c := range []struct {
		file, text, word string
		want             error
	}{
		{poolingFile, `{"word_embedding_dimension": 24, "pooling_mode_cls_token": true, "pooling_mode_mean_tokens": true}`, "pooling_mode_cls_token", weights.ErrUnsupported},
		{poolingFile, `{"word_embedding_dimension": 24}`, "pooling_mode_mean_tokens", weights.ErrUnsupported},
		{poolingFile, `{"word_embedding_dimension": 32, "pooling_mode_mean_tokens": true}`, "word_embedding_dimension", weights.ErrFormat},
		{poolingFile, `[]`, poolingFile, weights.ErrFormat},
		{lengthFile, `{"max_seq_length": 41}`, "max_seq_length", weights.ErrFormat},
		{configFile, `{"model_type": "gpt2"}`, "model_type", weights.ErrUnsupported},
		{configFile, `{`, configFile, encoder.ErrConfig},
		{tokenizerFile, `{"version": "1.0"}`, "normalizer", ErrNoEncoder},
		{weightsFile, "", weightsFile, weights.ErrFormat},
	} {
		dir := folder(t)
		if err := os.WriteFile(filepath.Join(dir, c.file), []byte(c.text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenBERT("tiny", dir, nil); !errors.Is(err, c.want) || !errors.Is(err, ErrNoEncoder) || !strings.Contains(err.Error(), c.word) {
			t.Errorf("%s %s: %v, want one with %q", c.file, c.text, err, c.word)
		}
	}
	dir := folder(t)
	if err := os.Remove(filepath.Join(dir, lengthFile)); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenBERT("tiny", dir, nil); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), lengthFile) {
		t.Errorf("without %s: %v", lengthFile, err)
	}
}
