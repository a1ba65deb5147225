package experiment

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"slm/checkpoint"
)

// Version is the number of the format of experiment.json. A reader refuses a higher one.
const Version = 1

// Names of the files in an experiment's folder, and of the folder that holds experiments, beside runs/.
const (
	Folder        = "experiments"
	File          = "experiment.json"
	ItemsFile     = "items.arrow"
	QuestionsFile = "questions.arrow"
)

// ErrNewer says that an experiment was written by a later version of the program, ErrCorrupt that its files do not go together.
var (
	ErrNewer   = errors.New("experiment: of a newer format")
	ErrCorrupt = errors.New("experiment: damaged")
)

// Experiment is what was done: experiment.json, and the two tables beside it.
type Experiment struct {
	V        int       `json:"v"`
	Name     string    `json:"name"`
	Variants []Variant `json:"variants"` // the first is the baseline
	Units    []Unit    `json:"units"`    // variant by variant, each seed once
	Family   []string  `json:"family"`   // systems whose comparisons were declared before anything was run; none = the method's own
	Notes    []string  `json:"notes,omitempty"`

	Root      string     `json:"-"` // folder from which runs are named that are not named from the root of the file system; "" = where the program is
	Questions []Question `json:"-"`
	Rows      []Row      `json:"-"`
}

// Variant is one way to train.
type Variant struct {
	Name    string   `json:"name"`
	Changes []string `json:"changes,omitempty"` // of the recipe, KEY=VALUE
	Means   string   `json:"means,omitempty"`   // what the change is in words, such as "z = 0"
}

// Unit is a variant with a seed: one run, or the reason why there is none.
type Unit struct {
	Variant string  `json:"variant"`
	Seed    uint64  `json:"seed"`
	Run     string  `json:"run,omitempty"`     // its folder
	Digest  string  `json:"digest,omitempty"`  // of its evaluation
	LLM     string  `json:"llm,omitempty"`     // the black box
	Style   string  `json:"style,omitempty"`   // how it was asked: cloze or letter
	Wording string  `json:"wording,omitempty"` // digest of the words around question, knowledge and options
	Failed  string  `json:"failed,omitempty"`  // why it has no rows
	Cost    Cost    `json:"cost"`
	Curves  []Curve `json:"curves,omitempty"`
}

// Cost is what training a unit took, shared stages included. A pointer is nil where it was not measured.
type Cost struct {
	Tokens  *int64   `json:"tokens"` // trained on
	Calls   *int64   `json:"calls"`  // of the LLM
	Seconds *float64 `json:"seconds"`
	USD     *float64 `json:"usd"`
}

// Curve is how a figure went while a stage spent: what comparisons at equal cost read.
type Curve struct {
	Stage  string  `json:"stage"`
	Figure string  `json:"figure"` // such as "held-out loss"
	Least  bool    `json:"least"`  // less is better
	Points []Point `json:"points"`
}

// Point is a value with all that had been spent on the stage by then; 0 where it was not measured.
type Point struct {
	Tokens  float64 `json:"tokens"`
	Calls   float64 `json:"calls"`
	Seconds float64 `json:"seconds"`
	USD     float64 `json:"usd"`
	Value   float64 `json:"value"`
}

// Write writes the three files into a folder that exists, experiment.json last, so that a folder that has it is whole.
func (e *Experiment) Write(dir string) error {
	e.V = Version
	if err := e.check(); err != nil {
		return err
	}
	text, err := json.MarshalIndent(e, "", " ")
	if err != nil {
		return fmt.Errorf("experiment: as JSON: %w", err)
	}
	if err := checkpoint.WriteTable(filepath.Join(dir, QuestionsFile), e.Questions, nil); err != nil {
		return err
	}
	if err := checkpoint.WriteTable(filepath.Join(dir, ItemsFile), e.Rows, nil); err != nil {
		return err
	}
	return checkpoint.WriteFileAtomic(filepath.Join(dir, File), append(text, '\n'))
}

// Read loads an experiment. Errors: checkpoint.ErrCorrupt, ErrCorrupt, ErrNewer, or what the file system says.
func Read(dir string) (*Experiment, error) {
	f, err := os.Open(filepath.Join(dir, File))
	if err != nil {
		return nil, fmt.Errorf("experiment: %w", err)
	}
	defer func() { _ = f.Close() }() // read only
	e, err := Parse(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	if e.Questions, _, err = checkpoint.ReadTable[Question](filepath.Join(dir, QuestionsFile)); err != nil {
		return nil, fmt.Errorf("experiment: questions: %w", err)
	}
	if e.Rows, _, err = checkpoint.ReadTable[Row](filepath.Join(dir, ItemsFile)); err != nil {
		return nil, fmt.Errorf("experiment: items: %w", err)
	}
	e.Root = filepath.Join(dir, "..", "..") // experiments/ stands beside runs/
	return e, e.check()
}

// Parse reads experiment.json.
func Parse(r io.Reader) (*Experiment, error) {
	var e Experiment
	if err := json.NewDecoder(r).Decode(&e); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if e.V > Version {
		return nil, fmt.Errorf("%w: version %d, this program reads %d", ErrNewer, e.V, Version)
	}
	if e.V < 1 {
		return nil, fmt.Errorf("%w: no version number", ErrCorrupt)
	}
	return &e, nil
}

// unit names a unit in messages.
func (u Unit) unit() string { return fmt.Sprintf("%s, seed %d", u.Variant, u.Seed) }

// check demands that names are unique, that each row has its unit and question, and that no unit has an item twice under one system.
func (e *Experiment) check() error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s", ErrCorrupt, fmt.Sprintf(format, args...))
	}
	variants := map[string]bool{}
	for _, v := range e.Variants {
		if v.Name == "" || variants[v.Name] {
			return bad("a variant has no name of its own: %q", v.Name)
		}
		variants[v.Name] = true
	}
	type key struct {
		variant string
		seed    uint64
	}
	units := map[key]bool{}
	for _, u := range e.Units {
		k := key{u.Variant, u.Seed}
		if _, twice := units[k]; !variants[u.Variant] || twice {
			return bad("the unit of %s is of no variant, or there twice", u.unit())
		}
		units[k] = u.Failed == ""
	}
	questions := map[[2]string]string{}
	for _, q := range e.Questions {
		if at := [2]string{q.Exam, q.Item}; questions[at] != "" {
			return bad("question %s stands there twice", q.Item)
		}
		if questions[[2]string{q.Exam, q.Item}] = q.Digest; q.Digest == "" || q.Digest != digestOf(q.Question, q.Choices, q.Answer) {
			return bad("question %s is not of its digest", q.Item)
		}
	}
	type cell struct {
		unit               key
		system, exam, item string
	}
	seen := make(map[cell]bool, len(e.Rows))
	for i, r := range e.Rows {
		c := cell{key{r.Variant, r.Seed}, r.System, r.Exam, r.Item}
		switch {
		case !units[c.unit]:
			return bad("row %d is of no unit that went well: %s, seed %d", i, r.Variant, r.Seed)
		case questions[[2]string{r.Exam, r.Item}] != r.Digest || r.Digest == "":
			return bad("row %d: item %s was never asked so", i, r.Item)
		case seen[c]:
			return bad("row %d: %s has item %s twice under %s", i, r.Variant, r.Item, r.System)
		}
		seen[c] = true
	}
	return nil
}

// Seeds are those of a variant, in the order of its units, failed ones left out.
func (e *Experiment) Seeds(variant string) (seeds []uint64) {
	for _, u := range e.Units {
		if u.Variant == variant && u.Failed == "" {
			seeds = append(seeds, u.Seed)
		}
	}
	return seeds
}

// Failures are the units without rows.
func (e *Experiment) Failures() []Unit {
	return slices.DeleteFunc(slices.Clone(e.Units), func(u Unit) bool { return u.Failed == "" })
}
