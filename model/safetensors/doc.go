// Package safetensors reads and writes models in the format safetensors, as Hugging Face's libraries keep them: FILE.safetensors with the
// tensors, and beside it config.json, tokenizer.json and tokenizer_config.json. It reads float32, float16 and bfloat16, and writes float32. As a
// weights.Format it knows the `llama` architecture; a File gives the tensors of any.
//
// A file is not trusted: every length and offset is checked against the file's size before it is used or memory is asked for.
// Format: https://github.com/huggingface/safetensors#format
package safetensors

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"slm/model/weights"
)

// Format is safetensors as the program's other parts know it. A path is that of the one file with the tensors.
var Format = weights.Format{
	Scheme: "safetensors",
	Open:   func(path string) (weights.Source, error) { return Open(path) },
	Write:  Write,
	Files:  files,
}

// The files beside the tensors.
const (
	configFile    = "config.json"
	tokenizerFile = "tokenizer.json"
	templateFile  = "tokenizer_config.json" // need not be there
)

func beside(path, name string) string { return filepath.Join(filepath.Dir(path), name) }

// files lists what a model is made of.
func files(path string) ([]string, error) {
	all := []string{path, beside(path, configFile), beside(path, tokenizerFile)}
	switch _, err := os.Stat(beside(path, templateFile)); {
	case err == nil:
		all = append(all, beside(path, templateFile))
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	return all, nil
}
