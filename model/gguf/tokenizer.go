package gguf

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"slm/data/tokenizer"
	"slm/model/weights"
)

// Token types of tokenizer.ggml.token_type.
const (
	tokenUnknown     = 2
	tokenControl     = 3 // stands for itself in a filled template, and is never made by merging
	tokenUserDefined = 4 // stands for itself in every text
)

// preTokenizer is a way to cut words, by the name that tokenizer.ggml.pre has. Of a name that is not here nobody knows what it means.
type preTokenizer struct {
	pattern tokenizer.Pattern
	whole   bool // a word that is a token is that token
	start   bool // a text has a start token unless the file says otherwise
}

var preTokenizers = func() map[string]preTokenizer {
	names := map[string]preTokenizer{}
	for _, p := range []struct {
		names string
		preTokenizer
	}{
		{"gpt-2 phi-2 mellum a.x-4.0 trillion granite-docling", preTokenizer{pattern: tokenizer.GPT2}},
		{"smollm refact starcoder minerva-7b", preTokenizer{pattern: tokenizer.SmolLM2}},
		{"llama-bpe llama3 llama-v3 falcon3 pixtral midm-2.0", preTokenizer{tokenizer.Llama3, true, true}},
		{"dbrx smaug-bpe", preTokenizer{pattern: tokenizer.Llama3}}, // Phi 4's, and merges as they are
		{"qwen2 deepseek-r1-qwen megrez kormo", preTokenizer{pattern: tokenizer.Qwen2}},
		{"gpt-4o llama4 kanana2", preTokenizer{pattern: tokenizer.O200k}},
		{"tekken", preTokenizer{tokenizer.Tekken, true, true}},
		{"seed-coder", preTokenizer{pattern: tokenizer.SeedCoder}},
		{"deepseek-coder", preTokenizer{pattern: tokenizer.DeepSeekCoder}},
		{"deepseek-llm", preTokenizer{pattern: tokenizer.DeepSeekLLM}},
	} {
		for _, name := range strings.Fields(p.names) {
			names[name] = p.preTokenizer
		}
	}
	return names
}()

// Tokenizer builds the file's tokenizer: byte-level BPE ("gpt2") or SentencePiece's BPE ("llama").
func (f *File) Tokenizer() (*tokenizer.Tokenizer, error) {
	kind, _, err := lookup[string](f, "tokenizer.ggml.model")
	if err != nil {
		return nil, err
	}
	spec, starts := tokenizer.Spec{}, false
	switch kind {
	case "gpt2":
		starts, err = f.byteLevel(&spec)
	case "llama":
		starts, err = true, f.pieces(&spec)
	default:
		err = fmt.Errorf("%w: %s: tokenizer %q; there are byte-level BPE (\"gpt2\") and SentencePiece's (\"llama\")", weights.ErrUnsupported, f.name, weights.Clip(kind))
	}
	if err == nil {
		err = f.vocabulary(&spec, starts)
	}
	if err != nil {
		return nil, err
	}
	t, err := tokenizer.New(spec)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: tokenizer: %w", weights.ErrFormat, f.name, err)
	}
	return t, nil
}

// byteLevel reads how a byte-level tokenizer cuts and merges.
func (f *File) byteLevel(spec *tokenizer.Spec) (starts bool, err error) {
	pre, given, err := lookup[string](f, "tokenizer.ggml.pre")
	if err != nil {
		return false, err
	}
	if !given {
		pre = "gpt-2"
	}
	p, ok := preTokenizers[pre]
	if !ok {
		return false, fmt.Errorf("%w: %s: pre-tokenizer %q; there are %s", weights.ErrUnsupported, f.name, weights.Clip(pre), strings.Join(slices.Sorted(maps.Keys(preTokenizers)), ", "))
	}
	spec.Pattern, spec.WholeWords = p.pattern, p.whole
	spec.Merges, _, err = lookup[[]string](f, "tokenizer.ggml.merges")
	return p.start, err
}

// pieces reads how SentencePiece's BPE merges: the token of the highest score first.
func (f *File) pieces(spec *tokenizer.Spec) (err error) {
	spec.Pattern, spec.Prefix = tokenizer.Pieces, tokenizer.EachPrefix
	if spec.Scores, _, err = lookup[[]float64](f, "tokenizer.ggml.scores"); err != nil {
		return err
	}
	prefix, given, err := lookup[bool](f, "tokenizer.ggml.add_space_prefix")
	if given && !prefix {
		spec.Prefix = tokenizer.NoPrefix
	}
	return err
}

// vocabulary reads the tokens and what they are for.
func (f *File) vocabulary(spec *tokenizer.Spec, starts bool) error {
	tokens, ok, err := lookup[[]string](f, "tokenizer.ggml.tokens")
	if err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("%w: %s: metadata tokenizer.ggml.tokens is missing", weights.ErrFormat, f.name)
	}
	if embed, ok := f.tensors["token_embd.weight"]; ok && len(embed.Shape) == 2 && embed.Shape[0] < len(tokens) {
		return fmt.Errorf("%w: %s: %d tokens, but the embedding has %d rows", weights.ErrFormat, f.name, len(tokens), embed.Shape[0])
	}
	types, typed, err := lookup[[]int64](f, "tokenizer.ggml.token_type")
	if err != nil {
		return err
	}
	if typed && len(types) != len(tokens) {
		return fmt.Errorf("%w: %s: %d token types for %d tokens", weights.ErrFormat, f.name, len(types), len(tokens))
	}
	spec.Tokens = tokens
	for i, t := range types {
		switch {
		case t == tokenControl:
			spec.Special = append(spec.Special, tokens[i])
		case t == tokenUserDefined:
			spec.Words = append(spec.Words, tokens[i])
		case t == tokenUnknown && spec.Pattern == tokenizer.Pieces:
			spec.Unknown = tokens[i]
			spec.Special = append(spec.Special, tokens[i])
		}
	}
	if add, given, err := lookup[bool](f, "tokenizer.ggml.add_bos_token"); err != nil {
		return err
	} else if given {
		starts = add
	}
	if starts {
		id, err := f.tokenID("tokenizer.ggml.bos_token_id")
		if err != nil {
			return err
		}
		spec.Start = tokens[id]
	}
	return nil
}

// EOS is the token that ends an answer.
func (f *File) EOS() (int32, error) { return f.tokenID("tokenizer.ggml.eos_token_id") }

// End is the token that ends an answer, as the vocabulary spells it; "" = the file names none.
func (f *File) End() (string, error) {
	if _, ok := f.meta["tokenizer.ggml.eos_token_id"]; !ok {
		return "", nil
	}
	id, err := f.EOS()
	if err != nil {
		return "", err
	}
	tokens, _, err := lookup[[]string](f, "tokenizer.ggml.tokens")
	return tokens[id], err
}

var _ weights.Ending = (*File)(nil)

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
