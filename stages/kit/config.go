package kit

import (
	"errors"

	"slm/data/pairs"
	"slm/stages/knowledge"
	"slm/stages/trainer"
)

// Config is the recipe's section stages.kit: tuning the model to answer questions with knowledge.
type Config struct {
	Pairs     Pairs         `yaml:"pairs" doc:"where questions and knowledge come from"`
	Epochs    float64       `yaml:"epochs" min:"0" doc:"passes over the kept pairs and their replay; 0 keeps the weights of dp"`
	Batch     int           `yaml:"batch" min:"64" doc:"tokens a step, padding included; at least model.context"`
	Replay    float64       `yaml:"replay" min:"0" doc:"sections in document form that are added for each pair"`
	Filter    bool          `yaml:"filter" doc:"keep a section's pairs only if the black box, given its text, answers its question right"`
	Knowledge string        `yaml:"knowledge" oneof:"two-step|one-step" doc:"first the place, then the text; or the text at once (also in bpo, eval and ask)"`
	Optim     trainer.Optim `yaml:"optim" doc:"how weights are updated"`
	Save      trainer.Save  `yaml:"save" identity:"none" doc:"when state is saved"`
	Recompute bool          `yaml:"recompute" identity:"none" doc:"the same as stages.dp.recompute"`
	Passage   int           `yaml:"-"` // tokens of knowledge that the black box is given: eval.knowledge
}

// Pairs says where questions and knowledge come from.
type Pairs struct {
	From      string        `yaml:"from" oneof:"corpus|file|both" doc:"make pairs from the training sections, read them from a file, or both"`
	File      string        `yaml:"file" kind:"path" unset:"none" doc:"JSONL, a JSON array, .csv or .tsv with question, knowledge and optionally place; or Alpaca's fields, prompts with completions, conversations (messages, ShareGPT). A question of the exam's dev or test split is an error"`
	Fields    *pairs.Fields `yaml:"fields" doc:"names of the file's fields, if they are not the usual ones"`
	Templates []string      `yaml:"templates" oneof:"number|heading|quote" doc:"the forms of data.forms that ask"`
}

// Default asks in all three ways.
func Default() Config {
	return Config{
		Pairs:  Pairs{From: "corpus", Templates: []string{"number", "heading", "quote"}},
		Epochs: 3, Batch: 8192, Replay: 1, Filter: true, Knowledge: knowledge.TwoStep,
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
	if c.Pairs.From == "corpus" && c.Pairs.Fields != nil {
		errs = append(errs, errors.New("pairs.fields: are those of a file, with from: file or both only"))
	}
	if c.Pairs.From != "file" && len(c.Pairs.Templates) == 0 {
		errs = append(errs, errors.New("pairs.templates: without one there is no pair from the corpus"))
	}
	return errors.Join(errs...)
}
