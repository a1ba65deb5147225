package retrieve

import (
	"fmt"
	"os"
	"path/filepath"

	"slm/data/tokenizer/unigram"
	"slm/model/encoder"
	"slm/model/kernel"
	"slm/model/weights"
)

// E5Name is the name of multilingual-e5-small in recipes and files.
const E5Name = "e5"

// e5File is the file of multilingual-e5-small among the models that set-up fetches, and e5SHA256 its SHA-256.
const (
	e5File   = "multilingual-e5-small.q4.bin"
	e5SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
)

// What stands in front of a text: multilingual-e5 was trained to tell the two apart (Wang et al. 2024, arXiv 2402.05672).
const (
	e5Section  = "passage: "
	e5Question = "query: "
)

// OpenE5 opens the multilingual-e5-small that `scripts/setup e5` fetches (384 values, 512 tokens, a hundred languages; matrices of 4 bits). be is as in
// OpenMiniLM. A file that is missing or damaged is ErrNoEncoder.
func OpenE5(be kernel.Backend) (*BERT, error) { return openE5(be, os.Getenv) }

func openE5(be kernel.Backend, getenv func(string) string) (*BERT, error) {
	path, err := findE5(getenv)
	if err != nil {
		return nil, err
	}
	b, err := readE5(path, e5SHA256, be)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoEncoder, err)
	}
	return b, nil
}

// E5Ready says that the file of OpenE5 is missing or damaged, and what to do.
func E5Ready() error {
	_, err := findE5(os.Getenv)
	return err
}

// findE5 returns the path of the file that set-up fetches.
func findE5(getenv func(string) string) (string, error) {
	path := filepath.Join(weights.Fetched(getenv), e5File)
	return path, whole(path, e5SHA256, path, "it", "scripts/setup e5")
}

func readE5(path, sum string, be kernel.Backend) (b *BERT, err error) {
	if be == nil {
		if be, err = kernel.OpenFloat(); err != nil {
			return nil, err
		}
	}
	f, err := encoder.OpenE5(path)
	if err != nil {
		return nil, err
	}
	b = &BERT{name: E5Name, most: f.Shape.Context, section: e5Section, question: e5Question, digest: sum + "+" + be.Name()}
	if b.tokenizer, err = unigram.New(f.Pieces); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	b.encoder, err = encoder.New(f, f.Shape, be)
	return b, err
}
