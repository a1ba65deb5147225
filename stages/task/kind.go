package task

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"slm/checkpoint"
	"slm/data/taskrow"
	"slm/model"
	"slm/stages"
	"slm/stages/domain"
	"slm/stages/trainer"
)

// kind is a kind of task: all that differs between what a small model may be tuned for. A new one is a file with its declaration, its line in
// kinds, and its word in Config.Kind.
type kind struct {
	name string
	file string // of the checkpoint, with what the test comes to: Figures as JSON
	// lesson reads or makes the rows.
	lesson func(s *Stage, dom *domain.Domain, seed uint64) (lesson, error)
	// read reads Figures.
	read     func(text []byte) (Figures, error)
	verbatim bool // every space and line of a text counts, and no question stands around it
}

// kinds are those that there are.
var kinds = []kind{classification, summaries, programs}

// kindOf is the kind that a recipe names. Config's words are the kinds' names, so there is one.
func kindOf(c Config) kind {
	return kinds[slices.IndexFunc(kinds, func(k kind) bool { return k.name == c.Kind })]
}

// lesson is the data of a task, with the way in which it is tested.
type lesson interface {
	rows() *material
	// reserve is how many tokens of the context are kept for an answer.
	reserve(dom *domain.Domain) int
	// test puts the held-out rows to the small model and to the controls, and counts.
	test(ctx context.Context, t *trial) (*outcome, error)
}

// material is the rows of a task.
type material struct {
	train func(epoch int) []taskrow.Row // of a pass, not shuffled
	held  []taskrow.Row                 // dev and test
	reads bool                          // each training row is another example too, of its text and target with the loss on every token
}

// trial is what a test has to work with.
type trial struct {
	cfg    Config
	env    *stages.Env
	params *model.Params // tuned
	asks   *asker
	job    func(params *model.Params) trainer.Job // the training, of another model
	on     machine
}

// outcome is what a test writes into the checkpoint.
type outcome struct {
	figures Figures
	facts   map[string]string
	tables  func(p *checkpoint.Pending) error
}

// Figures are what the test of a task comes to. As JSON they are a file of the checkpoint, with all that it takes to put other texts to the model.
type Figures interface {
	// Table shows them beside the controls.
	Table() Table
	// Metrics are the numbers by which runs are compared.
	Metrics() []stages.Metric
}

// Table is what a report shows of a task.
type Table struct {
	Headline string     // in front of all
	Line     string     // what it comes to, in two sentences
	About    string     // which rows were counted
	Legend   string     // what the columns are
	Rows     [][]string // the first is the head; the first cell of each is a name
}

// Read reads the figures of a checkpoint. The error is fs.ErrNotExist where there are none.
func Read(dir string) (Figures, error) {
	for _, k := range kinds {
		text, err := os.ReadFile(filepath.Join(dir, k.file))
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("task: read figures: %w", err)
		}
		f, err := k.read(text)
		if err != nil {
			return nil, fmt.Errorf("task: %s: %w: %w", dir, checkpoint.ErrCorrupt, err)
		}
		return f, nil
	}
	return nil, fmt.Errorf("task: no figures in %s: %w", dir, fs.ErrNotExist)
}

// readAs reads figures of one type.
func readAs[T any, F interface {
	*T
	Figures
}](text []byte) (Figures, error) {
	f := F(new(T))
	return f, json.Unmarshal(text, f)
}

// ReadAs reads the figures of a checkpoint whose task is of one kind. The error is checkpoint.ErrMissing where it is of another.
func ReadAs[F Figures](dir string) (f F, err error) {
	read, err := Read(dir)
	if err != nil {
		return f, err
	}
	f, ok := read.(F)
	if !ok {
		return f, fmt.Errorf("task: %w: the task of %s is of another kind", checkpoint.ErrMissing, dir)
	}
	return f, nil
}

// write writes figures as part of a checkpoint.
func write(p *checkpoint.Pending, file string, f Figures) error {
	text, err := json.MarshalIndent(f, "", " ")
	if err != nil {
		return fmt.Errorf("task: figures as JSON: %w", err)
	}
	return os.WriteFile(p.Path(file), append(text, '\n'), 0o666)
}
