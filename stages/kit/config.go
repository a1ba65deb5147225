package kit

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"slm/data/pairs"
	"slm/llm"
	"slm/stages/knowledge"
	"slm/stages/trainer"
	"slm/stages/writer"
)

// Config is the recipe's section stages.kit: tuning the model to answer questions with knowledge.
type Config struct {
	Pairs     Pairs         `yaml:"pairs" doc:"where questions and knowledge come from"`
	Writer    *llm.Config   `yaml:"writer" doc:"the LLM that writes questions, with from: llm; without this section the recipe's llm"`
	Written   writer.Config `yaml:"written" identity:"changed" doc:"which questions it writes, and which are kept"`
	Epochs    float64       `yaml:"epochs" min:"0" doc:"passes over the kept pairs and their replay; 0 keeps the weights of dp"`
	Batch     int           `yaml:"batch" min:"64" doc:"tokens a step, padding included; at least model.context"`
	Shards    int           `yaml:"shards" identity:"changed" min:"1" max:"4096" doc:"the same as stages.dp.shards"`
	Replay    float64       `yaml:"replay" min:"0" doc:"sections in document form that are added for each pair"`
	General   float64       `yaml:"general" min:"0" identity:"changed" doc:"windows of general text (data.general) that are added for each pair, each as long as the context. See stages.dp.mix.general"`
	Filter    bool          `yaml:"filter" doc:"keep a section's pairs only if the black box, given its text, answers its question right"`
	Knowledge string        `yaml:"knowledge" oneof:"two-step|one-step" doc:"first the place, then the text; or the text at once (also in bpo, eval and ask)"`
	Optim     trainer.Optim `yaml:"optim" doc:"how weights are updated"`
	Save      trainer.Save  `yaml:"save" identity:"none" doc:"when state is saved"`
	Recompute bool          `yaml:"recompute" identity:"none" doc:"the same as stages.dp.recompute"`
	Passage   int           `yaml:"-"` // tokens of knowledge that the black box is given: eval.knowledge
}

// Pairs says where questions and knowledge come from.
type Pairs struct {
	From      string        `yaml:"from" doc:"corpus: templates about the training sections; file: a file; llm: questions that an LLM writes; rules: questions that rules make from the text of every section; several are joined by +, such as corpus+llm; both = corpus+file"`
	File      string        `yaml:"file" kind:"path" unset:"none" doc:"JSONL, a JSON array, .csv or .tsv with question, knowledge and optionally place; or Alpaca's fields, Self-Instruct's tasks, prompts with completions, preferences (prompt, chosen), conversations (messages, ShareGPT). A question of the exam's dev or test split is an error"`
	Fields    *pairs.Fields `yaml:"fields" doc:"names of the file's fields, if they are not the usual ones"`
	Rules     int           `yaml:"rules" min:"1" identity:"changed" doc:"with from: rules: questions a section, at most"`
	Templates []string      `yaml:"templates" oneof:"number|heading|quote" doc:"the forms of data.forms that ask"`
}

// Default asks in all three ways.
func Default() Config {
	return Config{
		Pairs:   Pairs{From: "corpus", Templates: []string{"number", "heading", "quote"}, Rules: 6},
		Written: writer.Default(),
		Epochs:  3, Batch: 8192, Shards: trainer.DefaultShards, Replay: 1, Filter: true, Knowledge: knowledge.TwoStep,
		Optim: trainer.DefaultOptim(1.5e-4), Save: trainer.Save{Minutes: 2}, Passage: knowledge.DefaultTextTokens,
	}
}

// Where pairs come from.
const (
	fromCorpus = "corpus"
	fromFile   = "file"
	fromLLM    = "llm"
	fromRules  = "rules"
)

var sources = []string{fromCorpus, fromFile, fromLLM, fromRules}

// sources are the words of from; both is what recipes of format 1 began with.
func (p Pairs) sources() []string {
	if p.From == "both" {
		return []string{fromCorpus, fromFile}
	}
	return strings.Split(p.From, "+")
}

func (p Pairs) has(source string) bool { return slices.Contains(p.sources(), source) }

// Validate checks what spans fields.
func (c Config) Validate() error {
	errs := []error{c.Pairs.validate(), prefixed("written", c.Written.Validate())}
	if c.Writer != nil && !c.Pairs.has(fromLLM) {
		errs = append(errs, errors.New("writer: writes with pairs.from: llm only"))
	}
	if c.Writer != nil {
		errs = append(errs, prefixed("writer", c.Writer.Validate()))
	}
	return errors.Join(errs...)
}

func (p Pairs) validate() error {
	var errs []error
	for i, word := range p.sources() {
		if !slices.Contains(sources, word) || slices.Contains(p.sources()[:i], word) {
			errs = append(errs, fmt.Errorf("pairs.from: %q is none of %s, or several of them once each, joined by +", p.From, strings.Join(sources, ", ")))
			break
		}
	}
	if p.has(fromFile) && p.File == "" {
		errs = append(errs, errors.New("pairs.file: from: "+p.From+" needs the file's name"))
	}
	if !p.has(fromFile) && p.File != "" {
		errs = append(errs, errors.New("pairs.file: is read with from: file only, or file among others"))
	}
	if !p.has(fromFile) && p.Fields != nil {
		errs = append(errs, errors.New("pairs.fields: are those of a file, with from: file only, or file among others"))
	}
	if p.has(fromCorpus) && len(p.Templates) == 0 {
		errs = append(errs, errors.New("pairs.templates: without one there is no pair from the corpus"))
	}
	return errors.Join(errs...)
}

// prefixed puts a section's name in front of each error of what it holds.
func prefixed(section string, err error) error {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return fmt.Errorf("%s.%w", section, err)
	}
	var errs []error
	for _, e := range joined.Unwrap() {
		errs = append(errs, fmt.Errorf("%s.%w", section, e))
	}
	return errors.Join(errs...)
}
