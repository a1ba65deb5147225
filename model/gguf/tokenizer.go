package gguf

import (
	"fmt"

	"slm/data/tokenizer"
	"slm/model/weights"
)

// Token types of tokenizer.ggml.token_type that stand for themselves in a text and are never made by merging.
const (
	tokenControl     = 3
	tokenUserDefined = 4
)

// Tokenizer builds the file's byte-level BPE tokenizer.
func (f *File) Tokenizer() (*tokenizer.Tokenizer, error) {
	kind, _, err := lookup[string](f, "tokenizer.ggml.model")
	if err != nil {
		return nil, err
	}
	if kind != "gpt2" {
		return nil, fmt.Errorf("%w: %s: tokenizer %q, only byte-level BPE (\"gpt2\") can be run", weights.ErrUnsupported, f.name, kind)
	}
	pre, given, err := lookup[string](f, "tokenizer.ggml.pre")
	if err != nil {
		return nil, err
	}
	var pattern tokenizer.Pattern
	switch {
	case pre == "smollm":
		pattern = tokenizer.SmolLM2
	case pre == "gpt-2" || !given:
		pattern = tokenizer.GPT2
	default:
		return nil, fmt.Errorf("%w: %s: pre-tokenizer %q, only \"smollm\" and \"gpt-2\" can be run", weights.ErrUnsupported, f.name, pre)
	}
	tokens, ok, err := lookup[[]string](f, "tokenizer.ggml.tokens")
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fmt.Errorf("%w: %s: metadata tokenizer.ggml.tokens is missing", weights.ErrFormat, f.name)
	}
	if embed, ok := f.tensors["token_embd.weight"]; ok && len(embed.Shape) == 2 && embed.Shape[0] < len(tokens) {
		return nil, fmt.Errorf("%w: %s: %d tokens, but the embedding has %d rows", weights.ErrFormat, f.name, len(tokens), embed.Shape[0])
	}
	merges, _, err := lookup[[]string](f, "tokenizer.ggml.merges")
	if err != nil {
		return nil, err
	}
	types, typed, err := lookup[[]int64](f, "tokenizer.ggml.token_type")
	if err != nil {
		return nil, err
	}
	if typed && len(types) != len(tokens) {
		return nil, fmt.Errorf("%w: %s: %d token types for %d tokens", weights.ErrFormat, f.name, len(types), len(tokens))
	}
	var special []string
	for i, t := range types {
		if t == tokenControl || t == tokenUserDefined {
			special = append(special, tokens[i])
		}
	}
	t, err := tokenizer.FromVocab(tokens, merges, special, pattern)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: tokenizer: %w", weights.ErrFormat, f.name, err)
	}
	return t, nil
}

// EOS is the token that ends an answer.
func (f *File) EOS() (int32, error) { return f.tokenID("tokenizer.ggml.eos_token_id") }

// BOS is the token that begins a text, and whether the model wants it in front of every prompt.
func (f *File) BOS() (id int32, always bool, err error) {
	if id, err = f.tokenID("tokenizer.ggml.bos_token_id"); err != nil {
		return 0, false, err
	}
	always, _, err = lookup[bool](f, "tokenizer.ggml.add_bos_token")
	return id, always, err
}

func (f *File) tokenID(key string) (int32, error) {
	id, ok, err := lookup[uint64](f, key)
	if err != nil {
		return 0, err
	}
	if !ok {
		return 0, fmt.Errorf("%w: %s: metadata %s is missing", weights.ErrFormat, f.name, key)
	}
	tokens, _, err := lookup[[]string](f, "tokenizer.ggml.tokens")
	if err != nil {
		return 0, err
	}
	if id >= uint64(len(tokens)) {
		return 0, fmt.Errorf("%w: %s: metadata %s is %d, there are %d tokens", weights.ErrFormat, f.name, key, id, len(tokens))
	}
	return int32(id), nil
}
