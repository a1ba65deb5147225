// Package gguf reads models in the GGUF format (versions 2 and 3), the format of llama.cpp: metadata, tokenizer, chat template, and the
// weights of the `llama` architecture de-quantised to float32. It writes nothing, and it knows no other architecture.
//
// A file is mapped, not read, and is not trusted: every length and offset is checked against the file's size before it is used or
// memory is asked for. Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
package gguf

import "errors"

var (
	// ErrFormat marks a file that is no GGUF, is damaged, or contradicts itself.
	ErrFormat = errors.New("gguf: invalid file")
	// ErrUnsupported marks a sound file that needs something this package does not have: another architecture, tensor type,
	// tokenizer or chat template.
	ErrUnsupported = errors.New("gguf: unsupported")
)
