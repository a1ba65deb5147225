package safetensors

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"slm/data/tokenizer"
	"slm/model"
	"slm/model/weights"
)

// folder is where the files of a model lie.
type folder string

func (d folder) path(name string) string { return filepath.Join(string(d), name) }

// has reports whether a file is there. What cannot be looked at is an error.
func (d folder) has(name string) (bool, error) {
	switch _, err := os.Stat(d.path(name)); {
	case err == nil:
		return true, nil
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	default:
		return false, err
	}
}

// list is what a model is made of: its files of tensors, the files beside them, and of some those that are there.
func (d folder) list(tensors []string, some ...string) ([]string, error) {
	all := append(slices.Clone(tensors), d.path(configFile), d.path(tokenizerFile))
	for _, name := range some {
		there, err := d.has(name)
		if err != nil {
			return nil, err
		}
		if there {
			all = append(all, d.path(name))
		}
	}
	return all, nil
}

// shards lists the files of tensors: those that the index names, or the one.
func (d folder) shards() ([]string, error) {
	indexed, err := d.has(indexFile)
	if err != nil {
		return nil, err
	}
	if !indexed {
		return []string{d.path(tensorsFile)}, nil
	}
	var index struct {
		Map map[string]string `json:"weight_map"` // tensor → file
	}
	path := d.path(indexFile)
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	if err := json.Unmarshal(data, &index); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", weights.ErrFormat, path, err)
	}
	names := slices.Compact(slices.Sorted(maps.Values(index.Map)))
	for i, name := range names {
		if name == "" || name != filepath.Base(name) || name == ".." {
			return nil, fmt.Errorf("%w: %s: %s is no name of a file beside it", weights.ErrFormat, path, weights.Clip(name))
		}
		names[i] = d.path(name)
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%w: %s: weight_map names no file", weights.ErrFormat, path)
	}
	return names, nil
}

// Folder is an open model of one or more files of tensors. It is used as a File is.
type Folder struct {
	dir   folder
	files []*File
}

// OpenFolder reads and checks the headers of a folder's files of tensors. Other files of weights, such as pytorch_model.bin, are not read: they
// can hold programs.
func OpenFolder(path string) (*Folder, error) {
	f := &Folder{dir: folder(path)}
	shards, err := f.dir.shards()
	if err != nil {
		return nil, err
	}
	for _, shard := range shards {
		file, err := Open(shard)
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		f.files = append(f.files, file)
	}
	return f, nil
}

// Name is the folder's path.
func (f *Folder) Name() string { return string(f.dir) }

// Close releases the files.
func (f *Folder) Close() error {
	var errs []error
	for _, file := range f.files {
		errs = append(errs, file.Close())
	}
	return errors.Join(errs...)
}

// Config is File.Config.
func (f *Folder) Config() (model.Config, error) { return f.dir.config() }

// Tokenizer is File.Tokenizer.
func (f *Folder) Tokenizer() (*tokenizer.Tokenizer, error) { return f.dir.tokenizer() }

// ChatTemplate is File.ChatTemplate.
func (f *Folder) ChatTemplate() string { return f.dir.chatTemplate() }

// End is eos_token of tokenizer_config.json, or else the first eos_token_id of generation_config.json or config.json.
func (f *Folder) End() (string, error) { return f.dir.end() }

// Tensors goes through the tensors, file by file. It leaves out what the libraries compute or do not read: wavelengths of rotary positions, and
// the head of a model whose head is the embedding.
func (f *Folder) Tensors() iter.Seq2[weights.Tensor, error] {
	return func(yield func(weights.Tensor, error) bool) {
		c, arch, err := f.dir.shape()
		if err != nil {
			yield(weights.Tensor{}, err)
			return
		}
		if c.factors != nil && !yield(weights.Tensor{Name: model.RopeFactorsName, Shape: []int{len(c.factors)}, Read: func(into []float32) error {
			copy(into, c.factors)
			return nil
		}}, nil) {
			return
		}
		for _, file := range f.files {
			for t, err := range file.Tensors() {
				if strings.HasSuffix(t.Name, ".rotary_emb.inv_freq") || c.Tied && t.Name == "lm_head.weight" {
					continue
				}
				all := []weights.Tensor{t}
				if arch.tensors != nil && err == nil {
					all = arch.tensors(c, t)
				}
				for _, t := range all {
					if !yield(t, err) {
						return
					}
				}
			}
		}
	}
}

var _ weights.Ending = (*Folder)(nil)
