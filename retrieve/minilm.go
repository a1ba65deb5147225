package retrieve

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"slm/checkpoint"
	"slm/data/tokenizer/wordpiece"
	"slm/model/encoder"
	"slm/model/kernel"
	"slm/model/safetensors"
	"slm/model/weights"
)

// ErrNoEncoder says that the weights of an encoder are not there, or not those expected.
var ErrNoEncoder = errors.New("retrieve: no encoder")

// MiniLMName is the name of all-MiniLM-L6-v2 in recipes and files.
const MiniLMName = "minilm"

// miniLM is the folder of all-MiniLM-L6-v2 among the models that set-up fetches, and the SHA-256 of its weights.
const (
	miniLM       = "all-MiniLM-L6-v2"
	miniLMSHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
)

// The files of a folder as sentence-transformers keeps one.
const (
	weightsFile   = "model.safetensors"
	configFile    = "config.json"
	tokenizerFile = "tokenizer.json"
	lengthFile    = "sentence_bert_config.json"
	poolingFile   = "1_Pooling/config.json"
)

// BERT encodes texts by a BERT model of sentence-transformers in this process. Sections and questions are encoded alike, but for what some models
// want in front of each. A text of more tokens than the model takes is cut off. Vectors have the same bits in any batch and on any number of threads; it is safe for concurrent use.
type BERT struct {
	name      string
	encoder   *encoder.Encoder
	tokenizer interface {
		Encode(text string, most int) []int32 // with what stands around a text, at most so many tokens
	}
	most              int    // tokens of a text
	section, question string // what stands in front of them
	digest            string
}

// OpenMiniLM opens the all-MiniLM-L6-v2 that `make setup` fetches (384 values, 256 tokens, English). be is nil for the best backend of this
// machine, or one of float32 that is batch-invariant. Weights that are missing or damaged are ErrNoEncoder.
func OpenMiniLM(be kernel.Backend) (*BERT, error) { return openMiniLM(be, os.Getenv) }

func openMiniLM(be kernel.Backend, getenv func(string) string) (*BERT, error) {
	folder, err := findMiniLM(getenv)
	if err != nil {
		return nil, err
	}
	return OpenBERT(MiniLMName, folder, be)
}

// MiniLMReady says that the weights of OpenMiniLM are missing or damaged, and what to do.
func MiniLMReady() error {
	_, err := findMiniLM(os.Getenv)
	return err
}

// findMiniLM returns the folder, whose weights are those that set-up fetches.
func findMiniLM(getenv func(string) string) (string, error) {
	folder := filepath.Join(weights.Fetched(getenv), miniLM)
	return folder, whole(filepath.Join(folder, weightsFile), miniLMSHA256, folder, "the folder", "make setup")
}

// whole says that a file which command fetches is missing or damaged: errors are ErrNoEncoder. A message calls it thing where it is not there, and says to delete what.
func whole(file, want, thing, what, command string) error {
	sum, _, err := checkpoint.HashFile(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: %s is not there; run: %s", ErrNoEncoder, thing, command)
	case err != nil:
		return fmt.Errorf("%w: %w", ErrNoEncoder, err)
	case sum != want:
		return fmt.Errorf("%w: %s is damaged (sha256 %.12s…, not %.12s…); delete %s and run: %s", ErrNoEncoder, file, sum, want, what, command)
	}
	return nil
}

// OpenBERT opens a folder as sentence-transformers keeps one: a BERT model without capitals whose vectors are means. What this program would
// compute otherwise is an error that names the file and the field. be is as in OpenMiniLM.
func OpenBERT(name, folder string, be kernel.Backend) (*BERT, error) {
	b, err := openBERT(name, folder, be)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoEncoder, err)
	}
	return b, nil
}

func openBERT(name, folder string, be kernel.Backend) (b *BERT, err error) {
	if be == nil {
		if be, err = kernel.OpenFloat(); err != nil {
			return nil, err
		}
	}
	texts := map[string][]byte{}
	for _, file := range []string{configFile, tokenizerFile, lengthFile, poolingFile} {
		if texts[file], err = os.ReadFile(filepath.Join(folder, file)); err != nil {
			return nil, err
		}
	}
	at := func(file string, err error) error { return fmt.Errorf("%s: %w", filepath.Join(folder, file), err) }
	config, err := encoder.ParseConfig(texts[configFile])
	if err != nil {
		return nil, at(configFile, err)
	}
	if err := checkPooling(texts[poolingFile], config.Width); err != nil {
		return nil, at(poolingFile, err)
	}
	b = &BERT{name: name}
	if b.most, err = longest(texts[lengthFile], config.Context); err != nil {
		return nil, at(lengthFile, err)
	}
	pieces, err := wordpiece.Parse(texts[tokenizerFile])
	if err != nil {
		return nil, at(tokenizerFile, err)
	}
	if pieces.Vocab() != config.Vocab {
		return nil, at(tokenizerFile, fmt.Errorf("%w: %d tokens, and the model has %d", weights.ErrFormat, pieces.Vocab(), config.Vocab))
	}
	b.tokenizer = pieces
	path := filepath.Join(folder, weightsFile)
	sum, _, err := checkpoint.HashFile(path)
	if err != nil {
		return nil, err
	}
	all := sha256.New()
	fmt.Fprintf(all, "%s\n%s\n", sum, be.Name())
	for _, file := range []string{configFile, tokenizerFile, lengthFile} {
		fmt.Fprintf(all, "%d\n%s", len(texts[file]), texts[file])
	}
	b.digest = hex.EncodeToString(all.Sum(nil))
	source, err := safetensors.Open(path)
	if err != nil {
		return nil, err
	}
	b.encoder, err = encoder.New(source, config, be)
	if err = errors.Join(err, source.Close()); err != nil {
		return nil, err
	}
	return b, nil
}

// checkPooling refuses vectors that are no means of tokens' states.
func checkPooling(data []byte, width int) error {
	var c map[string]any
	if err := json.Unmarshal(data, &c); err != nil {
		return fmt.Errorf("%w: %w", weights.ErrFormat, err)
	}
	for key, v := range c {
		if on, ok := v.(bool); ok && on && strings.HasPrefix(key, "pooling_mode_") && key != "pooling_mode_mean_tokens" {
			return fmt.Errorf("%w: %s is set; only pooling_mode_mean_tokens can be computed", weights.ErrUnsupported, key)
		}
	}
	if c["pooling_mode_mean_tokens"] != true {
		return fmt.Errorf("%w: pooling_mode_mean_tokens is not set; only that can be computed", weights.ErrUnsupported)
	}
	if c["word_embedding_dimension"] != float64(width) {
		return fmt.Errorf("%w: word_embedding_dimension is %v, and the model's width %d", weights.ErrFormat, c["word_embedding_dimension"], width)
	}
	return nil
}

// longest is how many tokens of a text are read.
func longest(data []byte, context int) (int, error) {
	var c struct {
		Most int  `json:"max_seq_length"`
		Low  bool `json:"do_lower_case"` // which the tokenizer does anyway
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return 0, fmt.Errorf("%w: %w", weights.ErrFormat, err)
	}
	if c.Most < 3 || c.Most > context {
		return 0, fmt.Errorf("%w: max_seq_length is %d, not within 3..%d", weights.ErrFormat, c.Most, context)
	}
	return c.Most, nil
}

// Name is the encoder's name.
func (b *BERT) Name() string { return b.name }

// Dim is the number of values of a vector.
func (b *BERT) Dim() int { return b.encoder.Config().Width }

// Digest identifies what decides a vector: weights, tokenizer and kernel.
func (b *BERT) Digest() string { return b.digest }

// Tokens is the number of tokens that a text is read to, and that it has, each with the two that stand around it.
func (b *BERT) Tokens(text string) (read, all int) {
	all = len(b.tokenizer.Encode(text, len(text)+3))
	return min(all, b.most), all
}

// Sections encodes sections.
func (b *BERT) Sections(ctx context.Context, texts []string) ([][]float32, error) {
	return b.encode(ctx, b.section, texts)
}

// Questions encodes questions.
func (b *BERT) Questions(ctx context.Context, texts []string) ([][]float32, error) {
	return b.encode(ctx, b.question, texts)
}

func (b *BERT) encode(ctx context.Context, before string, texts []string) ([][]float32, error) {
	ids := make([][]int32, len(texts))
	kernel.Tiles(len(texts), 16, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			ids[i] = b.tokenizer.Encode(before+texts[i], b.most)
		}
	})
	vectors, err := b.encoder.Encode(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("retrieve: %s: %w", b.name, err)
	}
	return vectors, nil
}

// Close does nothing: all is in memory.
func (b *BERT) Close() error { return nil }
