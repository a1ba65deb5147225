// Package safetensors reads and writes models in the format safetensors, as Hugging Face's libraries keep them: FILE.safetensors with the
// tensors, and beside it config.json, tokenizer.json and tokenizer_config.json. It reads float32, float16 and bfloat16, and writes each of them. A File
// gives the tensors of any model. A Folder is a model that may lie in several such files; architectures lists those that can be run.
//
// A file is not trusted: every length and offset is checked against the file's size before it is used or memory is asked for.
// Format: https://github.com/huggingface/safetensors#format
package safetensors

import (
	"path/filepath"

	"slm/model/weights"
)

// Format is safetensors as the program's other parts know it. A path is that of the one file with the tensors.
var Format = weights.Format{
	Scheme: "safetensors",
	Open:   func(path string) (weights.Source, error) { return Open(path) },
	Write:  Write,
	Files: func(path string) ([]string, error) {
		return folder(filepath.Dir(path)).list([]string{path}, templateFile, jinjaFile)
	},
}

// Hub is a folder as Hugging Face's libraries load and save it.
var Hub = weights.Format{
	Scheme: "hf",
	Open:   func(path string) (weights.Source, error) { return OpenFolder(path) },
	Write:  func(path string, m weights.Model) error { return Write(filepath.Join(path, tensorsFile), m) },
	Types:  types,
	Folder: true,
	Files: func(path string) ([]string, error) {
		shards, err := folder(path).shards()
		if err != nil {
			return nil, err
		}
		return folder(path).list(shards, templateFile, jinjaFile, generationFile)
	},
}

// The files of a folder.
const (
	tensorsFile    = "model.safetensors"
	indexFile      = "model.safetensors.index.json" // where the tensors lie in several files
	configFile     = "config.json"
	tokenizerFile  = "tokenizer.json"
	templateFile   = "tokenizer_config.json"  // need not be there
	jinjaFile      = "chat_template.jinja"    // need not be there; goes before the template in tokenizer_config.json
	generationFile = "generation_config.json" // need not be there
)
