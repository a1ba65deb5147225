package kit

import (
	"errors"

	"slm/stages/knowledge"
	"slm/stages/trainer"
)

// How knowledge is generated.
const (
	TwoStep = "two-step" // the place from the question, then the text from the place alone
	OneStep = "one-step" // the text from the question
)

// Config is the recipe's section stages.kit: tuning the model to answer questions with knowledge.
type Config struct {
	Pairs     Pairs         `yaml:"pairs"`
	Epochs    float64       `yaml:"epochs" min:"0"` // passes over the pairs
	Batch     int           `yaml:"batch" min:"64"` // tokens a step
	Replay    float64       `yaml:"replay" min:"0"` // sections in document form for each pair
	Filter    bool          `yaml:"filter"`         // keep a pair only if the black box answers right with its knowledge
	Knowledge string        `yaml:"knowledge" oneof:"two-step|one-step"`
	Optim     trainer.Optim `yaml:"optim"`
	Save      trainer.Save  `yaml:"save"`
	Passage   int           `yaml:"-"` // tokens of knowledge that the black box is given: eval.knowledge
}

// Pairs says where questions and knowledge come from.
type Pairs struct {
	From      string   `yaml:"from" oneof:"corpus|file|both"`
	File      string   `yaml:"file" kind:"path"` // JSONL of question, knowledge
	Templates []string `yaml:"templates" oneof:"number|heading|quote"`
}

// Default asks in all three ways.
func Default() Config {
	return Config{
		Pairs:  Pairs{From: "corpus", Templates: []string{"number", "heading", "quote"}},
		Epochs: 3, Batch: 8192, Replay: 1, Filter: true, Knowledge: TwoStep,
		Optim: trainer.DefaultOptim(5e-4), Save: trainer.Save{Minutes: 2}, Passage: knowledge.DefaultTextTokens,
	}
}

// Validate checks what spans fields.
func (c Config) Validate() error {
	var errs []error
	if c.Pairs.From != "corpus" && c.Pairs.File == "" {
		errs = append(errs, errors.New("pairs.file: from: "+c.Pairs.From+" needs the file's name"))
	}
	if c.Pairs.From == "corpus" && c.Pairs.File != "" {
		errs = append(errs, errors.New("pairs.file: is read with from: file or both only"))
	}
	if c.Pairs.From != "file" && len(c.Pairs.Templates) == 0 {
		errs = append(errs, errors.New("pairs.templates: without one there is no pair from the corpus"))
	}
	return errors.Join(errs...)
}
