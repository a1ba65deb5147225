package task

import (
	"errors"
	"fmt"
	"strings"

	"slm/data/taskrow"
	"slm/llm"
	"slm/stages/trainer"
)

// Config is the recipe's section stages.task: what the small model is tuned for in place of questions about sections.
type Config struct {
	Kind      string            `yaml:"kind" oneof:"|classify|summary|code" unset:"none" doc:"classify: a text gets one of the labels, or none of them, and how sure that is. summary: a summary of a text is written. code: the bodies of functions of Go packages are written, and put to the tests of the packages in a sandbox. Empty: the recipe has no task. A recipe that has one is not evaluated on its exam: the task's figures stand in the place of stage eval's"`
	File      []string          `yaml:"file" kind:"path" unset:"none" doc:"JSONL, a JSON array, .csv or .tsv with text, label and optionally split (train, dev or test). None = the rows are fragments of the documents of the corpus, each with its document's title for a label; those of data.corpus.except belong to none. For kind summary: with text and summary, or .txt, see summary.last; none is an error. For kind code: .go, the packages to learn from and those that are held out, tests included"`
	Fields    *taskrow.Fields   `yaml:"fields" doc:"names of the file's fields, if they are not the usual ones"`
	Split     taskrow.Split     `yaml:"split" doc:"shares of the file's rows that are held out, where it does not say"`
	Fragments taskrow.Fragments `yaml:"fragments" doc:"without a file: how fragments are cut"`
	Summary   SummaryConfig     `yaml:"summary" identity:"changed" doc:"for kind summary"`
	Code      CodeConfig        `yaml:"code" identity:"changed" doc:"for kind code"`
	Ask       string            `yaml:"ask" doc:"the question that the small model is asked; names {text}. For kind summary the default is: Summarise this text: {text}. For kind code there is none: the body goes on where the signature ends"`
	Epochs    float64           `yaml:"epochs" min:"0" doc:"passes over the training rows"`
	Batch     int               `yaml:"batch" min:"64" doc:"tokens a step, padding included; at least model.context"`
	Shards    int               `yaml:"shards" min:"1" max:"4096" doc:"the same as stages.dp.shards"`
	Optim     trainer.Optim     `yaml:"optim" doc:"how weights are updated"`
	Save      trainer.Save      `yaml:"save" identity:"none" doc:"when state is saved"`
	Recompute bool              `yaml:"recompute" identity:"none" doc:"the same as stages.dp.recompute"`
}

// textField is where the text stands in a question.
const textField = "{text}"

// Default has no task.
func Default() Config {
	return Config{
		File: []string{}, Split: taskrow.Split{Dev: 0.2, Test: 0.3},
		Fragments: taskrow.Fragments{Train: 30, Dev: 2, Test: 4, None: 8, Least: 30, Most: 200, Edits: 0.1},
		Summary:   defaultSummary(),
		Code:      defaultCode(),
		Ask:       "Which is the label of this text: " + textField,
		Epochs:    1, Batch: 8192, Shards: trainer.DefaultShards, Optim: trainer.DefaultOptim(5e-4), Save: trainer.Save{Minutes: 2},
	}
}

// Validate checks what spans fields.
func (c Config) Validate() error {
	var errs []error
	if strings.Count(c.Ask, textField) != 1 {
		errs = append(errs, errors.New("ask: must name {text} once"))
	}
	if c.Split.Dev+c.Split.Test >= 1 {
		errs = append(errs, errors.New("split: dev and test leave nothing to train on"))
	}
	if c.Fragments.Least > c.Fragments.Most {
		errs = append(errs, errors.New("fragments.least: is more than fragments.most"))
	}
	if c.Kind == Summarise && len(c.File) == 0 {
		errs = append(errs, errors.New("file: a summary is learnt from texts that have one: name a file of them"))
	}
	if c.Kind == Code && len(c.File) == 0 {
		errs = append(errs, errors.New("file: bodies are learnt from Go packages: name their files"))
	}
	if c.Kind == Code && (len(c.Code.Test) == 0 || len(c.Code.Dev) == 0) {
		errs = append(errs, errors.New("code: test and dev each name a package"))
	}
	if c.Fields != nil && len(c.File) == 0 {
		errs = append(errs, errors.New("fields: are those of a file: name file"))
	}
	return errors.Join(errs...)
}

// asks reports whether the black box takes part.
func (c Config) asks() bool {
	return c.Kind == Summarise && c.Summary.LLM > 0 || c.Kind == Code && c.Code.LLM > 0
}

// writes finds that the black box, which is to take part, writes nothing.
func (c Config) writes(box llm.Config) error {
	if c.asks() && box.Provider == llm.Overlap {
		return fmt.Errorf("stages.task.%s.llm: llm is provider overlap, which chooses among options and writes nothing; name a model there, or leave this out", c.Kind)
	}
	return nil
}
