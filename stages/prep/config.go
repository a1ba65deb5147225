package prep

import (
	"errors"
	"fmt"

	"slm/data/corpus"
	"slm/data/corpus/read"
	"slm/data/exam"
	"slm/data/tokenizer"
)

// Config is the recipe's section data: where text comes from, how it becomes prompts, and what is examined.
type Config struct {
	Corpus Corpus `yaml:"corpus" doc:"what is read: give from or path"`
	Forms  Forms  `yaml:"forms" doc:"how sections become prompts: templates with {title} {number} {heading} {quote}"`
	Exam   Exam   `yaml:"exam" doc:"the questions of stage eval"`
	// General is read by no exam and no tokenizer, so that runs with and without it differ in their training alone.
	General General `yaml:"general" identity:"changed" doc:"text beside the corpus that training reads, too (stages.dp.mix.general, stages.kit.general), so that a model that others have trained does not forget what is not about the domain"`
	Asked   Asked   `yaml:"asked" identity:"changed" doc:"a second exam, of questions as people ask them: stage eval has a table for each. Training and search use only what their own keys say of it"`
	// Seed is for experiments: runs of several seeds have one corpus, one tokenizer and one exam, so that their items can be paired.
	Seed uint64 `yaml:"seed" identity:"changed" doc:"seed of the exam's split and options and of the tokenizer's sample; 0 = the recipe's. With it runs that differ in their seed have the same exam"`
	// Aliases are read by stage find and are in its fingerprint, not in that of stage data.
	Aliases map[string][]string `yaml:"aliases" identity:"changed" unset:"none" doc:"other names of documents, by title, as people write them in questions: {GPL-3.0: [GNU GPL v3]}"`
}

// Tokenizer is the recipe's section tokenizer.
type Tokenizer struct {
	Train struct {
		Vocab   int    `yaml:"vocab" min:"300" max:"200000" doc:"number of tokens, special ones included; a small corpus gives fewer, with a warning"`
		Pattern string `yaml:"pattern" oneof:"gpt2|numerals" doc:"how text is split into words; no token spans two. numerals splits numbers written in words (第一千零八十四条) into digits, for Chinese"`
	} `yaml:"train" doc:"the byte-level BPE that the data stage trains"`
}

// Corpus says what is read.
type Corpus struct {
	From     string   `yaml:"from" oneof:"|builtin:licenses" unset:"empty" doc:"builtin:licenses for the licence texts in the program; empty = path"`
	Path     []string `yaml:"path" kind:"path" unset:"none" doc:".txt (.text, no ending), .md (.markdown), .mdx, .rst, .jsonl (.ndjson), .csv, .tsv (.tab), .html (.htm, .xhtml), .parquet, .arrow (.feather, .ipc, .arrows), .docx or .go, also compressed as .gz or .zst (refused if it unpacks to more than 64 MB and 200 times its size). Text is UTF-8, or UTF-16 with a byte order mark. A folder stands for all readable files below it but those of hidden folders and those that a file .slmignore in it names (syntax of .gitignore); slm check says what is left out, and no .go, which is read where a pattern names it. A pattern that matches nothing is an error. Links to files are followed; below a folder or a double star, links to folders are not"`
	Field    string   `yaml:"field" unset:"empty" doc:"the field of JSONL records, or the column of tables, that holds the text; empty = text. Fields named title, number and heading name the section"`
	Only     []string `yaml:"only" unset:"all" doc:"titles to keep; an unknown title is an error"`
	Except   []string `yaml:"except" unset:"none" identity:"changed" doc:"titles to leave out; an unknown title is an error"`
	Numbered bool     `yaml:"numbered" doc:"keep only documents with at least four numbered sections, and only these sections"`
	Whole    []string `yaml:"whole" unset:"none" identity:"changed" doc:"titles that numbered does not touch: licences without numbered sections, whose sections are their paragraphs; an unknown title is an error, one that only leaves out is not"`
	Longest  int      `yaml:"longest" min:"0" identity:"changed" doc:"longest section of a text with headings, bytes. Longer ones are cut into parts at the ends of paragraphs, entries of reference lists and tables of options are sections, and what is shorter than 100 bytes is joined to its neighbour. Numbered sections stay whole; 0 leaves all whole"`
	Dedup    struct {
		Exact bool    `yaml:"exact" doc:"drop a document with the same words as an earlier one; a record with a number or heading only if it has the same title too"`
		Near  float64 `yaml:"near" min:"0" max:"1" doc:"drop a document that is at least this similar (5-word shingles) to an earlier one; 0 keeps all. The exam uses the same limit, or 0.8 for 0"`
	} `yaml:"dedup" doc:"documents that are copies of others"`
}

// General is text that is no part of the corpus.
type General struct {
	Path  []string `yaml:"path" kind:"path" unset:"none" doc:"files as for data.corpus.path. They are read as they stand: nothing is cut into sections or asked about, and no tokenizer is trained on them. A text that asks a question of the exam's dev or test split is left out, with a warning"`
	Field string   `yaml:"field" unset:"empty" doc:"as data.corpus.field"`
}

// Check returns what would be refused when the text is read, as far as the heads of its files show it.
func (g General) Check() error {
	if len(g.Path) == 0 {
		return nil
	}
	if err := corpus.Check(corpus.Options{Paths: g.Path, Field: g.Field}); err != nil {
		return fmt.Errorf("data.general: %w", err)
	}
	return nil
}

// Options are those by which the corpus is read.
func (c Corpus) Options() corpus.Options {
	return corpus.Options{From: c.From, Paths: c.Path, Field: c.Field, Only: c.Only, Except: c.Except, Exact: c.Dedup.Exact, Near: c.Dedup.Near, Numbered: c.Numbered, Whole: c.Whole, Longest: c.Longest}
}

// List is what the corpus is read from; empty for the texts in the program.
func (c Corpus) List() (read.Listing, error) {
	if len(c.Path) == 0 {
		return read.Listing{}, nil
	}
	return corpus.List(c.Path)
}

// Check returns what would be refused when the corpus is read, as far as the heads of its files show it.
func (c Corpus) Check() error { return corpus.Check(c.Options()) }

// Forms are templates with {title}, {number}, {heading} and {quote}.
type Forms struct {
	Place    string   `yaml:"place" doc:"the name of a section; ends in its only colon. Empty: no places, and knowledge in one step"`
	Document []string `yaml:"document" doc:"other texts that may introduce a section, besides place"`
	Question []string `yaml:"question" doc:"questions by number; at least one. The exam uses the first"`
	Heading  []string `yaml:"heading" doc:"questions by heading; must name {heading}"`
	Quote    []string `yaml:"quote" doc:"questions for the place of a quotation; must name {quote} only"`
}

// Exam says what is asked in the end.
type Exam struct {
	From     string       `yaml:"from" oneof:"corpus|file" doc:"make the questions from sections that no other resembles, or read them from a file"`
	File     string       `yaml:"file" kind:"path" unset:"none" doc:"for from: file: JSONL, a JSON array, .csv or .tsv with question, choices (2–26) and answer (index from 0, or letter); optionally id, split (train, dev or test) and knowledge (the true text, which oracle needs)"`
	Fields   *exam.Fields `yaml:"fields" doc:"names of the file's fields, if they are not the usual ones"`
	Template string       `yaml:"template" oneof:"choice" doc:"the kind of question: one question, several options"`
	Choices  int          `yaml:"choices" min:"2" max:"26" doc:"number of options"`
	Chars    int          `yaml:"chars" min:"10" max:"10000" doc:"characters of an option, which is the beginning of a section, cut at a word"`
	By       string       `yaml:"by" oneof:"section" doc:"the unit that is held out"`
	// Distractors is in no fingerprint where it is usual: what it does to older recipes is in the stage's format.
	Distractors string `yaml:"distractors" oneof:"document|any" identity:"changed" doc:"where wrong options are from, of the questions that the program makes: document = other sections of the same document, like the right one in kind and length, then documents with titles near its own; any = any section, so that knowing the document answers most questions"`
	Split       struct {
		Dev  float64 `yaml:"dev" min:"0" max:"1" doc:"share of the items for bpo and the held-out loss; bpo needs at least three items"`
		Test float64 `yaml:"test" above:"0" max:"1" doc:"share of the items that only eval sees; dev and test together are less than 1"`
	} `yaml:"split" doc:"shares of the held-out items; the rest is for training. Items of a file keep the split that they name"`
}

// Asked is a second exam, read from a file, or made from the corpus by rules.
type Asked struct {
	From   string       `yaml:"from" oneof:"file|rules" identity:"changed" doc:"rules = where no file of people's questions is there, the program writes the questions itself: at most one a section, without choices, as data/question has them. The tables say so"`
	File   []string     `yaml:"file" kind:"path" unset:"none" doc:"files as for the exam, and with the places of the answers: places (objects with title, number or heading), articles (texts that cite a section) or focus (the title of a document). With them, or with answers, contains or reference, a question needs no choices. None = there is no second exam"`
	Fields *exam.Fields `yaml:"fields" doc:"names of the file's fields, if they are not the usual ones"`
	Parts  bool         `yaml:"parts" identity:"changed" doc:"for from: rules: questions about parts of a long section that only a number tells apart, too (Flags (2 of 3)), which nobody would ask"`
	// Optional is for recipes that are shipped with the program: the questions are no part of it.
	Optional bool   `yaml:"optional" doc:"where a file is not there, the run has no second exam, and says so; else it is an error"`
	Absent   bool   `yaml:"-"` // a file that the recipe names was not there: File names none
	By       string `yaml:"by" oneof:"section" doc:"the unit that is held out; a question about several sections is held out if one of them is"`
	Split    Split  `yaml:"split" doc:"shares of the sections whose questions are held out. A file that gives each question a split, and test to some, is taken at its word"`
}

// Split is what is held out.
type Split struct {
	Dev  float64 `yaml:"dev" min:"0" max:"1" doc:"share for choices: which weights, prompts and limits are best"`
	Test float64 `yaml:"test" above:"0" max:"1" doc:"share that only eval sees"`
}

// Questions reads the second exam's files; there are none without one. An id that stands in several files is told apart by the file's number.
func (a Asked) Questions() ([]exam.Item, error) {
	var all []exam.Item
	var wrong []error
	taken := map[string]bool{}
	for i, file := range a.File {
		items, err := exam.Read(file, exam.From{Fields: a.Fields})
		if err != nil {
			wrong = append(wrong, err)
			continue
		}
		for j := range items {
			if taken[items[j].ID] {
				items[j].ID = fmt.Sprintf("%d:%s", i+1, items[j].ID)
			}
			taken[items[j].ID] = true
		}
		all = append(all, items...)
	}
	return all, errors.Join(wrong...)
}

// Questions reads the exam's file; there are none without one.
func (e Exam) Questions() ([]exam.Item, error) {
	if e.From != "file" {
		return nil, nil
	}
	return exam.Read(e.File, exam.From{Fields: e.Fields, Named: true})
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
	c.Corpus.Dedup.Exact, c.Corpus.Except, c.Corpus.Whole, c.Corpus.Longest = true, []string{}, []string{}, 1000
	c.Forms = Forms{
		Place:    "{title}\nSection {number}:",
		Document: []string{"Section {number} of {title} reads:", "{title}, section {number}.", "[{title} | {number}]"},
		Question: []string{"What does section {number} of {title} say?", "Quote section {number} of {title}.", "In {title}, what is written in section {number}?"},
		Heading:  []string{"What does {title} say under \"{heading}\"?"},
		Quote:    []string{"Which section of which document says: \"{quote}\"?"},
	}
	c.Exam = Exam{From: "corpus", Template: "choice", Choices: 4, Chars: 300, By: "section", Distractors: exam.Document}
	c.Exam.Split.Dev, c.Exam.Split.Test = 0.15, 0.3
	c.General.Path = []string{}
	c.Asked = Asked{From: "file", File: []string{}, Parts: true, By: "section", Split: Split{Dev: 0.25, Test: 0.5}}
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
	if c.Exam.From == "corpus" && c.Exam.Fields != nil {
		errs = append(errs, errors.New("exam.fields: are those of a file, with from: file only"))
	}
	if held := c.Exam.Split.Dev + c.Exam.Split.Test; held > 1 || held == 1 && c.Exam.From == "corpus" {
		errs = append(errs, fmt.Errorf("exam.split: dev and test hold out %.0f %%: nothing is left to train on", held*100))
	}
	if len(c.General.Path) == 0 && c.General.Field != "" {
		errs = append(errs, errors.New("general.field: is that of files: name general.path"))
	}
	if len(c.Asked.File) == 0 && c.Asked.Fields != nil {
		errs = append(errs, errors.New("asked.fields: are those of a file: name asked.file"))
	}
	if c.Asked.From == "rules" && (len(c.Asked.File) > 0 || c.Asked.Optional) {
		errs = append(errs, errors.New("asked.file: is read with from: file only, and only a file is optional"))
	}
	if held := c.Asked.Split.Dev + c.Asked.Split.Test; held > 1 {
		errs = append(errs, fmt.Errorf("asked.split: dev and test hold out %.0f %%", held*100))
	}
	for _, m := range c.Forms.Set().Mistakes() {
		// The exam's template is the first question's: its mistakes have been told already.
		if m.Kind != "exam" {
			errs = append(errs, fmt.Errorf("forms.%s: %w", m.Kind, m.Err))
		}
	}
	return errors.Join(errs...)
}
