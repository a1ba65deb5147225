// Package trained reads the small model of a run as weights that others can go on from: run:FOLDER is a run's folder, whose last stage that trains
// is meant, or the checkpoint of one stage. It writes none.
package trained

import (
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"

	"slm/checkpoint"
	"slm/data/tokenizer"
	"slm/model"
	"slm/model/weights"
)

// Format is a run as the program's other parts know it.
var Format = weights.Format{
	Scheme: "run",
	Folder: true,
	Open:   func(path string) (weights.Source, error) { return open(path) },
	Files: func(path string) ([]string, error) {
		dir, err := stageOf(path)
		if err != nil {
			return nil, err
		}
		files := []string{filepath.Join(dir, weightsFile)}
		if adapted(dir) {
			files = []string{filepath.Join(dir, baseFile), filepath.Join(dir, adapterFile)}
		}
		return append(files, filepath.Join(dir, tokenizerFile)), nil
	},
}

// The files of a stage's checkpoint, and what the checkpoint of the stage data knows of the tokenizer. The stages above name them, too.
const (
	weightsFile   = "weights.arrow"
	baseFile      = "base.arrow"    // instead of it, with an adapter beside it
	adapterFile   = "adapter.arrow" // low-rank updates
	loraKey       = "lora"          // of its metadata
	tokenizerFile = "tokenizer.json"
	dataStage     = "data"
	endFact       = "end_token"
	usualEnd      = "<eos>"
)

// stageOf is the folder of the checkpoint that a path means.
func stageOf(path string) (string, error) {
	for _, dir := range []string{path, filepath.Join(path, "rft"), filepath.Join(path, "kit"), filepath.Join(path, "dp")} {
		switch _, err := os.Stat(filepath.Join(dir, weightsFile)); {
		case err == nil || adapted(dir):
			return dir, nil
		case !errors.Is(err, fs.ErrNotExist):
			return "", fmt.Errorf("trained: %w", err)
		}
	}
	return "", fmt.Errorf("trained: %s is no run with a small model: %w", path, fs.ErrNotExist)
}

// adapted reports whether a checkpoint has frozen weights and an adapter.
func adapted(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, adapterFile))
	return err == nil
}

// source is an open checkpoint.
type source struct {
	dir     string
	weights *checkpoint.Weights
}

func open(path string) (weights.Source, error) {
	dir, err := stageOf(path)
	if err != nil {
		return nil, err
	}
	if err := checkpoint.Verify(dir); err != nil {
		return nil, fmt.Errorf("trained: %w", err)
	}
	file := weightsFile
	if adapted(dir) {
		file = baseFile
	}
	w, err := checkpoint.OpenWeights(filepath.Join(dir, file))
	if err != nil {
		return nil, fmt.Errorf("trained: %w", err)
	}
	s := &source{dir, w}
	if file == weightsFile {
		return s, nil
	}
	merged, err := s.adapted()
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return merged, nil
}

// adapted is the source with the adapter beside it.
func (s *source) adapted() (weights.Source, error) {
	c, err := s.Config()
	if err != nil {
		return nil, err
	}
	w, err := checkpoint.OpenWeights(filepath.Join(s.dir, adapterFile))
	if err != nil {
		return nil, fmt.Errorf("trained: %w", err)
	}
	lora, err := model.ParseLoRA(w.Meta[loraKey])
	var a *model.Adapter
	if err == nil {
		a, err = model.AdapterFromTensors(c, lora, w.Tensors)
	}
	if err = errors.Join(err, w.Close()); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", weights.ErrFormat, s.dir, err)
	}
	return weights.Adapted(s, c, a), nil
}

// Name is the checkpoint's folder.
func (s *source) Name() string { return s.dir }

// Config is the model's shape.
func (s *source) Config() (model.Config, error) {
	c, err := model.ParseConfig(s.weights.Meta["config"])
	if err != nil {
		return c, fmt.Errorf("%w: %s: %w", weights.ErrFormat, s.dir, err)
	}
	return c, nil
}

// Tokenizer is the one beside the weights.
func (s *source) Tokenizer() (*tokenizer.Tokenizer, error) {
	return tokenizer.Load(filepath.Join(s.dir, tokenizerFile))
}

// ChatTemplate is none: a small model has seen single questions.
func (s *source) ChatTemplate() string { return "" }

// End is the token that ends a document of the run.
func (s *source) End() (string, error) {
	if m, err := checkpoint.Load(filepath.Join(filepath.Dir(s.dir), dataStage)); err == nil && m.Facts[endFact] != "" {
		return m.Facts[endFact], nil
	}
	return usualEnd, nil
}

// Tensors are views of the mapped file until they are read.
func (s *source) Tensors() iter.Seq2[weights.Tensor, error] {
	return func(yield func(weights.Tensor, error) bool) {
		for _, t := range s.weights.Tensors {
			read := func(into []float32) error { copy(into, t.Data); return nil }
			if !yield(weights.Tensor{Name: t.Name, Shape: t.Shape, Read: read}, nil) {
				return
			}
		}
	}
}

// Close unmaps the file.
func (s *source) Close() error { return s.weights.Close() }

var _ weights.Ending = (*source)(nil)
