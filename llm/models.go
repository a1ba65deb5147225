package llm

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"slm/checkpoint"
	"slm/model/weights"
	_ "slm/model/weights/formats" // what model names may begin with
)

// Reference is the file of weights that the model names; false = it names none, or nothing that can be read.
func (c Config) Reference() (weights.Ref, bool) {
	if !c.Kind().Weights {
		return weights.Ref{}, false
	}
	ref, ok, err := weights.Parse(c.Model)
	return ref, ok && err == nil
}

// localModel says where a local model lies and what it must be.
type localModel struct {
	weights.Ref
	sha256 string // "" = whatever the file is
}

// findModel resolves a model's name: one that set-up fetches, or a reference to weights, whose relative path starts at dir.
func findModel(name, dir string, getenv func(string) string) (localModel, error) {
	if ref, ok, err := weights.Parse(name); ok {
		if err == nil {
			ref, err = ref.Absolute(dir)
		}
		return localModel{Ref: ref}, err
	}
	s, ok := weights.FindShipped(name)
	if !ok {
		return localModel{}, fmt.Errorf("unknown local model %q (there are: %s, %s)", name, weights.ShippedNames, strings.Join(weights.Schemes(), ", "))
	}
	ref, err := s.In(getenv)
	return localModel{ref, s.SHA256}, err
}

// missing says what to type.
func (m localModel) missing(err error) error {
	if m.sha256 == "" {
		return fmt.Errorf("llm: %w: %s: %w", ErrNoWeights, m.Path, errors.Join(err, fs.ErrNotExist))
	}
	return fmt.Errorf("llm: %w: %s is not there; run: make setup", ErrNoWeights, m.Path)
}

// check finds what is wrong with a model before anything is trained: that it is not there, that what set-up has fetched has not the hash it
// must have (which takes a tenth of a second), or that it is not of its format.
func (m localModel) check() error {
	if _, err := m.Files(); err != nil {
		return m.missing(err)
	}
	if m.sha256 == "" {
		src, err := m.Open()
		if err != nil {
			return fmt.Errorf("llm: %w: %w", ErrNoWeights, err)
		}
		return src.Close()
	}
	sum, err := m.digest()
	if err == nil && sum != m.sha256 {
		err = fmt.Errorf("llm: %w: %s is damaged (sha256 %.12s…, not %.12s…); delete it and run: make setup", ErrNoWeights, m.Path, sum, m.sha256)
	}
	return err
}

// digest hashes the model's files.
func (m localModel) digest() (string, error) {
	sum, err := m.Digest(func(path string) (string, error) {
		sum, _, err := checkpoint.HashFile(path)
		return sum, err
	})
	if err != nil {
		return "", m.missing(err)
	}
	return sum, nil
}
