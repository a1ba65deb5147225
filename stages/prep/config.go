package prep

import (
	"errors"
	"fmt"

	"slm/data/tokenizer"
)

// Config is the recipe's section data: where text comes from, how it becomes prompts, and what is examined.
type Config struct {
	Corpus Corpus `yaml:"corpus"`
	Forms  Forms  `yaml:"forms"`
	Exam   Exam   `yaml:"exam"`
}

// Tokenizer is the recipe's section tokenizer.
type Tokenizer struct {
	Train struct {
		Vocab   int    `yaml:"vocab" min:"300" max:"200000"`  // tokens, the special ones included
		Pattern string `yaml:"pattern" oneof:"gpt2|numerals"` // how text is cut into words: numerals for Chinese, whose numbers stand in words
	} `yaml:"train"`
}

// Corpus says what is read.
type Corpus struct {
	From     string   `yaml:"from" oneof:"|builtin:licenses"` // a corpus inside the program; empty means path
	Path     []string `yaml:"path" kind:"path"`               // files or globs
	Field    string   `yaml:"field"`                          // of JSONL files: the field that holds the text
	Only     []string `yaml:"only"`                           // titles to keep; empty keeps all
	Numbered bool     `yaml:"numbered"`                       // keep numbered sections only, of documents that have them
	Dedup    struct {
		Exact bool    `yaml:"exact"`
		Near  float64 `yaml:"near" min:"0" max:"1"` // similarity from which a document is a copy; 0 keeps all
	} `yaml:"dedup"`
}

// Forms are templates with {title}, {number}, {heading} and {quote}.
type Forms struct {
	Place    string   `yaml:"place"`    // how a section's place is written; ends in its end mark, ":"
	Document []string `yaml:"document"` // further ways in which a document's section is written, besides place
	Question []string `yaml:"question"` // that ask by number
	Heading  []string `yaml:"heading"`  // that ask by heading
	Quote    []string `yaml:"quote"`    // that ask where a quotation stands
}

// Exam says what is asked in the end.
type Exam struct {
	From     string `yaml:"from" oneof:"corpus|file"`
	File     string `yaml:"file" kind:"path"`        // JSONL of id, question, choices, answer; with from: file
	Template string `yaml:"template" oneof:"choice"` // choice: one question, several options
	Choices  int    `yaml:"choices" min:"2" max:"26"`
	Chars    int    `yaml:"chars" min:"10" max:"10000"` // length of an option
	By       string `yaml:"by" oneof:"section"`         // what is held out as a whole
	Split    struct {
		Dev  float64 `yaml:"dev" min:"0" max:"1"` // share of the items that BPO may see
		Test float64 `yaml:"test" above:"0" max:"1"`
	} `yaml:"split"`
}

// DefaultTokenizer is a vocabulary for a few megabytes of text.
func DefaultTokenizer() Tokenizer {
	var t Tokenizer
	t.Train.Vocab, t.Train.Pattern = 4096, string(tokenizer.GPT2)
	return t
}

// Default has forms in English for documents with numbered sections.
func Default() Config {
	var c Config
	c.Corpus.Dedup.Exact = true
	c.Forms = Forms{
		Place:    "{title}\nSection {number}:",
		Document: []string{"Section {number} of {title} reads:", "{title}, section {number}.", "[{title} | {number}]"},
		Question: []string{"What does section {number} of {title} say?", "Quote section {number} of {title}.", "In {title}, what is written in section {number}?"},
		Heading:  []string{"What does {title} say under \"{heading}\"?"},
		Quote:    []string{"Which section of which document says: \"{quote}\"?"},
	}
	c.Exam = Exam{From: "corpus", Template: "choice", Choices: 4, Chars: 300, By: "section"}
	c.Exam.Split.Dev, c.Exam.Split.Test = 0.15, 0.3
	return c
}

// Validate checks what spans fields.
func (c Config) Validate() error {
	var errs []error
	switch {
	case c.Corpus.From == "" && len(c.Corpus.Path) == 0:
		errs = append(errs, errors.New("corpus: name a source: from: builtin:licenses, or path: \"texts/**/*.txt\""))
	case c.Corpus.From != "" && len(c.Corpus.Path) > 0:
		errs = append(errs, errors.New("corpus.path: either from or path, not both"))
	}
	if c.Exam.From == "file" && c.Exam.File == "" {
		errs = append(errs, errors.New("exam.file: from: file needs the file's name"))
	}
	if c.Exam.From == "corpus" && c.Exam.File != "" {
		errs = append(errs, errors.New("exam.file: is read with from: file only"))
	}
	if held := c.Exam.Split.Dev + c.Exam.Split.Test; held > 1 || held == 1 && c.Exam.From == "corpus" {
		errs = append(errs, fmt.Errorf("exam.split: dev and test hold out %.0f %%: nothing is left to train on", held*100))
	}
	for _, m := range c.Forms.Set().Mistakes() {
		// The exam's template is the first question's: its mistakes have been told already.
		if m.Kind != "exam" {
			errs = append(errs, fmt.Errorf("forms.%s: %w", m.Kind, m.Err))
		}
	}
	return errors.Join(errs...)
}
