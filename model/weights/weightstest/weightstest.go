// Package weightstest has a small model for tests, and a format of weights that is registered by tests alone.
package weightstest

import (
	"encoding/json"
	"fmt"
	"iter"
	"os"
	"slices"

	"slm/checkpoint"
	"slm/data/tokenizer"
	"slm/model"
	"slm/model/weights"
)

// ChatML is a template that weights.ChatOf reads.
const ChatML = `{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}` +
	`{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}`

// Model is a random model of some 20,000 weights that reads bytes and speaks ChatML.
func Model(seed uint64) (weights.Model, error) {
	tok, err := tokenizer.Train(slices.Values([]string{"the rule of the town"}), tokenizer.TrainOptions{
		Vocab: 262, Special: []string{"<|im_start|>", "<|im_end|>"}, Pattern: tokenizer.SmolLM2,
	})
	if err != nil {
		return weights.Model{}, err
	}
	c := model.Config{Vocab: tok.Vocab(), Width: 32, Layers: 2, Heads: 2, KVHeads: 1, HeadDim: 16, Hidden: 64, Context: 2048, RopeTheta: 10000, NormEps: 1e-5, Tied: true}
	return weights.Model{Params: model.New(c, seed), Tokenizer: tok, ChatTemplate: ChatML}, nil
}

// Toy is a format of two files: the path has configuration, template and tensors, and stands beside PATH.tokenizer.
var Toy = weights.Format{
	Scheme: "toy",
	Open:   open,
	Write:  write,
	Files:  func(path string) ([]string, error) { return []string{path, path + suffix}, nil },
}

const suffix = ".tokenizer"

// file is a toy's first file, in JSON.
type file struct {
	Config   model.Config
	Template string
	Tensors  []checkpoint.Tensor
}

func write(path string, m weights.Model) error {
	data, err := json.Marshal(file{m.Params.Config, m.ChatTemplate, m.Params.Tensors()})
	if err == nil {
		err = os.WriteFile(path, data, 0o644)
	}
	if err != nil {
		return err
	}
	return m.Tokenizer.Save(path + suffix)
}

func open(path string) (weights.Source, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	t := &toy{path: path}
	if err := json.Unmarshal(data, &t.file); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", weights.ErrFormat, path, err)
	}
	return t, nil
}

// toy is an open file.
type toy struct {
	file
	path string
}

func (t *toy) Name() string                             { return t.path }
func (t *toy) Config() (model.Config, error)            { return t.file.Config, nil }
func (t *toy) Tokenizer() (*tokenizer.Tokenizer, error) { return tokenizer.Load(t.path + suffix) }
func (t *toy) ChatTemplate() string                     { return t.Template }
func (t *toy) Close() error                             { return nil }

func (t *toy) Tensors() iter.Seq2[weights.Tensor, error] {
	return func(yield func(weights.Tensor, error) bool) {
		for _, s := range t.file.Tensors {
			read := func(into []float32) error { copy(into, s.Data); return nil }
			if !yield(weights.Tensor{Name: s.Name, Shape: s.Shape, Read: read}, nil) {
				return
			}
		}
	}
}
