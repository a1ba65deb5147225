package llm

import (
	"context"
	"errors"
	"fmt"

	"slm/data/tokenizer"
	"slm/model/decode"
	"slm/model/gguf"
	"slm/model/kernel"
)

// loaded is an engine over a GGUF file.
type loaded struct {
	file    *gguf.File
	tok     *tokenizer.Tokenizer
	chat    gguf.Chat
	noChat  error // why a message cannot be rendered; nil = it can
	decoder *decode.Decoder
	stop    []int32
}

// loadEngine reads weights, tokenizer and chat template. A file that is not what it should be is ErrNoWeights.
func loadEngine(w weights, be kernel.Backend, format string) (engine, error) {
	e, err := loadFile(w.path, be, format)
	if err != nil {
		return nil, fmt.Errorf("llm: %w: %w", ErrNoWeights, err)
	}
	return e, nil
}

func loadFile(path string, be kernel.Backend, format string) (*loaded, error) {
	f, err := gguf.Open(path)
	if err != nil {
		return nil, err
	}
	e := &loaded{file: f}
	if e.tok, err = f.Tokenizer(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	e.chat, e.noChat = f.Chat()
	p, err := f.Params()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	switch format {
	case Int8:
		e.decoder, err = decode.NewInt8(p, be)
	case File:
		e.decoder, err = decode.NewFile(p, be, f.Rows)
	default:
		e.decoder = decode.New(p, be)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	for _, name := range []string{"<|im_end|>", "<|endoftext|>"} {
		if id, ok := e.tok.ID(name); ok {
			e.stop = append(e.stop, id)
		}
	}
	return e, nil
}

func (e *loaded) encode(text string, chat bool) ([]int32, error) {
	if !chat {
		return e.tok.Encode(text), nil
	}
	if e.noChat != nil {
		return nil, fmt.Errorf("llm: %w: %w", ErrRequest, e.noChat)
	}
	return e.chat.Encode(e.tok, []gguf.Message{{Role: "user", Content: text}}, true)
}

func (e *loaded) decode(tokens []int32) string { return e.tok.Decode(tokens) }
func (e *loaded) context() int                 { return e.decoder.Config().Context }
func (e *loaded) close() error                 { return e.file.Close() }

func (e *loaded) score(ctx context.Context, jobs []scoring) ([][]float64, error) {
	reqs := make([]decode.ScoreRequest, len(jobs))
	for i, j := range jobs {
		reqs[i] = decode.ScoreRequest{Prefix: j.prefix, Continuations: j.continuations}
	}
	return e.decoder.Score(ctx, reqs)
}

func (e *loaded) generate(ctx context.Context, jobs []completion) ([][]int32, error) {
	reqs := make([]decode.Request, len(jobs))
	for i, j := range jobs {
		reqs[i] = decode.Request{Prompt: j.prompt, MaxNew: j.maxNew, Stop: e.stop}
	}
	got, err := e.decoder.Generate(ctx, reqs)
	if err != nil {
		return nil, err
	}
	out := make([][]int32, len(got))
	for i, r := range got {
		out[i] = r.Tokens
	}
	return out, nil
}
