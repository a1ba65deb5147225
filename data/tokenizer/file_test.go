package tokenizer

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// fromVocab is New with the fields that every test of a file sets.
func fromVocab(tokens, merges, special []string, pattern Pattern) (*Tokenizer, error) {
	return New(Spec{Tokens: tokens, Merges: merges, Special: special, Pattern: pattern})
}

// smallFile returns the content of the tokenizer.json of a tokenizer with a few merges.
func smallFile(t testing.TB) []byte {
	t.Helper()
	tok, err := Train(slices.Values([]string{"low lower lowest newer wider"}), TrainOptions{Vocab: 265, Special: []string{"<eos>"}})
	if err != nil {
		t.Fatal(err)
	}
	return tok.encodeFile()
}

func TestLoad_SavedTokenizerIsTheSame(t *testing.T) {
	for _, pattern := range []Pattern{GPT2, SmolLM2, Numerals} {
		g := readGolden().Small[0]
		tok, err := Train(slices.Values(g.Texts), TrainOptions{Vocab: g.Vocab, Special: g.Special, Pattern: pattern})
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "tokenizer.json")
		if err := tok.Save(path); err != nil {
			t.Fatal(err)
		}
		again, err := Load(path)
		if err != nil {
			t.Fatal(err)
		}
		if again.Digest() != tok.Digest() || again.Pattern() != pattern {
			t.Errorf("%s: the digest changed", pattern)
		}
		for _, text := range g.Texts {
			if !slices.Equal(again.EncodeSpecial(text), tok.EncodeSpecial(text)) {
				t.Errorf("%s: ids changed", pattern)
			}
		}
	}
}

func TestNew_EncodesAsTheTrainedTokenizer(t *testing.T) {
	tok, texts := licences()
	again, err := fromVocab(tok.tokens, mergeLines(tok), []string{"<|im_start|>", "<eos>"}, tok.Pattern())
	if err != nil {
		t.Fatal(err)
	}
	if again.Digest() != tok.Digest() || !slices.Equal(again.Encode(texts[0]), tok.Encode(texts[0])) {
		t.Error("differs")
	}
}

// testdata/foreign.json is written by hand in the manner of older Hugging Face files: merges as strings, no use_regex, an added
// token outside the model's vocabulary.
func TestLoad_ForeignFileIsRead(t *testing.T) {
	tok, err := Load("testdata/foreign.json")
	if err != nil {
		t.Fatal(err)
	}
	if got := tok.EncodeSpecial("lo low<end>wol"); !slices.Equal(got, []int32{4, 3, 5, 6, 2, 1, 0}) {
		t.Errorf("ids %v", got)
	}
}

func TestLoad_FileCutAtAnyByteIsRefused(t *testing.T) {
	data := smallFile(t)
	for n := range data {
		if _, err := parse(data[:n]); !errors.Is(err, ErrFormat) {
			t.Fatalf("the first %d of %d bytes: %v", n, len(data), err)
		}
	}
}

func TestLoad_WhatCannotBeExpressedIsRefusedByName(t *testing.T) {
	data := string(smallFile(t))
	if _, err := parse([]byte(data)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ old, new, word string }{
		{`"normalizer": null`, `"normalizer": {"type": "NFKC"}`, "normalizer"},
		{`"truncation": null`, `"truncation": {}`, "truncation"},
		{`"padding": null`, `"padding": {}`, "padding"},
		{`"post_processor": null`, `"post_processor": {"type": "TemplateProcessing"}`, "post_processor"},
		{`"decoder": {`, `"decoder": {"type": "WordPiece"}, "x": {`, "unknown field"},
		{`"add_prefix_space": false`, `"add_prefix_space": true`, "pre_tokenizer"},
		{`"use_regex": true`, `"use_regex": false`, "pre_tokenizer"},
		{`"type": "BPE"`, `"type": "Unigram"`, "model.type"},
		{`"dropout": null`, `"dropout": 0.1`, "dropout"},
		{`"continuing_subword_prefix": null`, `"continuing_subword_prefix": "##"`, "continuing_subword_prefix"},
		{`"end_of_word_suffix": null`, `"end_of_word_suffix": "</w>"`, "end_of_word_suffix"},
		{`"byte_fallback": false`, `"byte_fallback": true`, "pre_tokenizer ByteLevel"},
		{`"unk_token": null`, `"unk_token": "<unk>"`, "<unk>"},
		{`"single_word": false`, `"single_word": true`, "single_word"},
		{`"version": "1.0"`, `"version": "2.0"`, "version"},
		{`"!": 1,`, `"!": 2,`, "ids"},
		{`"!": 1,`, `"!": -1,`, "ids"},
		{`"!": 1,`, `"!": 9999999999,`, "ids"},
		{`"!": 1,`, `"": 1,`, "empty"},
		{`"id": 0`, `"id": 7`, "<eos>"},
		{`"merges": [`, `"merges": [["a", "b"],`, "merge 0"},
		{`"merges": [`, `"merges": [["a"],`, "merges[0]"},
		{`"merges": [`, `"merges": ["ab",`, "merges[0]"},
		{`"merges": [`, `"merges": [3,`, "merges[0]"},
		{`"merges": [`, `"merges": [["l", "o"],`, "both"},
		{`"version"`, `"versions"`, "unknown field"},
	} {
		changed := strings.Replace(data, c.old, c.new, 1)
		if changed == data {
			t.Errorf("%s does not stand in the file", c.old)
			continue
		}
		_, err := parse([]byte(changed))
		if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), c.word) {
			t.Errorf("%s: %v", c.new, err)
		}
	}
	if _, err := parse([]byte(data + "{}")); !errors.Is(err, ErrFormat) {
		t.Errorf("something behind the object: %v", err)
	}
}

func TestLoad_UnigramFilesThatCannotBeUsedAreRefusedByName(t *testing.T) {
	for _, c := range readPretokenizers(t, "unigram.json").Cases {
		for _, change := range []struct{ of, old, new, word string }{
			{"llama", `"unk_id":0`, `"unk_id": 900`, "unk_id"},
			{"llama", `"unk_id":0`, `"unk_id": null`, "unk_id"},
			{"llama", `"unk_id":0`, `"merges": [], "unk_id":0`, "merges"},
			{"llama", `"type":"Unigram"`, `"type": "BPE"`, "model.type"},
			{"llama", `["<unk>",0.0]`, `["<unk>"]`, "piece 0"},
			{"llama", `["<unk>",0.0]`, `["<unk>",1e999]`, "piece 0"},
			{"llama", `["</s>",0.0]`, `["<s>",0.0]`, "ids"},
			{"llama", `"Prepend"`, `"Lowercase"`, "Lowercase"},
			{"llama", `"byte_fallback":true`, `"byte_fallback":false`, "byte_fallback"},
			{"xlm-r", `"Metaspace"`, `"Whitespace"`, "Whitespace"},
			{"xlm-r", `"precompiled_charsmap":"`, `"precompiled_charsmap":"!`, "Precompiled"},
			{"xlm-r", `"precompiled_charsmap":"`, `"precompiled_charsmap":"////`, "Precompiled"},
			{"xlm-r", `"strip_left":false`, `"strip_left":true`, "Strip"},
			{"nfc", `"NFC"`, `"NFKC"`, "NFKC"},
		} {
			if change.of != c.Name {
				continue
			}
			data := string(c.Tokenizer)
			changed := strings.Replace(data, change.old, change.new, 1)
			if changed == data {
				t.Errorf("%s does not stand in %s", change.old, c.Name)
				continue
			}
			if _, err := parse([]byte(changed)); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), change.word) {
				t.Errorf("%s: %v", change.new, err)
			}
		}
	}
}

func TestNew_RefusesWhatDoesNotFit(t *testing.T) {
	vocab := []string{"a", "b", "ab"}
	for name, try := range map[string]func() (*Tokenizer, error){
		"token twice":     func() (*Tokenizer, error) { return fromVocab([]string{"a", "a"}, nil, nil, GPT2) },
		"empty token":     func() (*Tokenizer, error) { return fromVocab([]string{""}, nil, nil, GPT2) },
		"merge of one":    func() (*Tokenizer, error) { return fromVocab(vocab, []string{"ab"}, nil, GPT2) },
		"unknown result":  func() (*Tokenizer, error) { return fromVocab(vocab, []string{"b a"}, nil, GPT2) },
		"merge twice":     func() (*Tokenizer, error) { return fromVocab(vocab, []string{"a b", "a b"}, nil, GPT2) },
		"special unknown": func() (*Tokenizer, error) { return fromVocab(vocab, nil, []string{"<s>"}, GPT2) },
		"special twice":   func() (*Tokenizer, error) { return fromVocab(vocab, nil, []string{"a", "a"}, GPT2) },
		"pattern":         func() (*Tokenizer, error) { return fromVocab(vocab, nil, nil, "words") },
	} {
		if _, err := try(); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLoad_MissingFileIsSaidToBeMissing(t *testing.T) {
	if _, err := Load(filepath.Join(t.TempDir(), "none.json")); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

func FuzzLoad_AnyFileIsReadOrRefused(f *testing.F) {
	f.Add(smallFile(f))
	if data, err := os.ReadFile("testdata/foreign.json"); err == nil {
		f.Add(data)
	}
	for _, name := range []string{"pretokenizers.json", "unigram.json"} {
		for _, c := range readPretokenizers(f, name).Cases {
			f.Add([]byte(c.Tokenizer))
		}
	}
	f.Add([]byte(`{"version":"1.0","added_tokens":[{"id":-1}],"model":{"type":"BPE"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		tok, err := parse(data)
		if err != nil {
			if !errors.Is(err, ErrFormat) {
				t.Errorf("%v does not wrap ErrFormat", err)
			}
			return
		}
		if tok.writable() {
			again, err := parse(tok.encodeFile())
			if err != nil || again.Digest() != tok.Digest() {
				t.Errorf("what was read cannot be written: %v", err)
			}
		}
		tok.Decode(tok.EncodeSpecial("low <eos> 12"))
	})
}
