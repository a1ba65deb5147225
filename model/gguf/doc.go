// Package gguf reads models in the GGUF format (versions 2 and 3), the format of llama.cpp: metadata, tokenizer, chat template, and
// weights de-quantised to float32. What can be run is in three tables: architectures, preTokenizers, and the types of package blocks. It writes `llama`.
//
// A model may be split into several files (NAME-00001-of-00003.gguf), and is named by the first.
//
// A file is mapped, not read, and is not trusted: every length and offset is checked against the file's size before it is used or
// memory is asked for. Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
package gguf

import "slm/model/weights"

// Format is GGUF as the program's other parts know it.
var Format = weights.Format{
	Scheme: "gguf",
	Open:   func(path string) (weights.Source, error) { return Open(path) },
	Write:  Write,
	Files:  files,
	Types:  types,
}
