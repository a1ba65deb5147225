package stages

import (
	"context"
	"reflect"

	"slm/llm"
)

// Def declares a stage: all that any other part of the program has to know about it. It stands beside the stage, in its package; the list of
// stages (package stages/all) has a line for it. Plans, runs, reports, verify, reproduce, diff and estimates range over that list.
type Def struct {
	Name    string   // of the stage and of its folder in a run
	Title   string   // what it does, for a heading
	Format  int      // revision of what it writes: raised when a change of the program makes it give other bytes for the same recipe
	Parents []string // stages whose checkpoints it reads, which come before it in the list

	// Section is its own part of the recipe, stages.NAME; nil = it has none.
	Section *Section
	// On reports whether a recipe has the stage at all, where its section is not off; nil = always. To the others, a parent that a recipe does
	// not have is none, but
	On func(s Settings) bool
	// For is the stage in whose place this one stands: a recipe that has this one does not have that; "" = it stands in nobody's.
	For string
	// Instead is the stage whose checkpoint others read in its place where it is off; "" = none.
	Instead string
	// Needs are the parents without which it cannot be: where a recipe turns one of them off, it has to turn off this stage, too.
	Needs []string
	// Keys are the recipe's other keys and sections that decide what it makes. Its own section and the seed always do.
	Keys func(s Settings) []string
	// Seed is the key of a seed that stands for the recipe's where it is not 0; "" = there is none.
	Seed string
	// Inputs are those keys that name files. The files' digests count, not their names.
	Inputs []string
	// Asked are more of them, where it asks the black box.
	Asked []string
	// From says that it reads the weights that model.from names, where a recipe does: their digest counts.
	From bool
	// Asks reports whether it asks the black box; nil = never.
	Asks func(s Settings) bool
	// Others are black boxes of its own that it asks besides; nil = none.
	Others func(s Settings) []BlackBox
	// New makes the stage of a checked recipe.
	New func(s Settings) Stage

	// Cost estimates what the stage takes. What is saved and committed is not counted.
	Cost func(ctx context.Context, c *Calibration) (Cost, error)
	// Metrics reads from a checkpoint's folder what the stage has come to; nil = nothing that is a number.
	Metrics func(dir string) ([]Metric, error)
	// Agrees is what a run in another class must agree in.
	Agrees Agreement
}

// BlackBox is a language model that a section of a stage names, beside the run's.
type BlackBox struct {
	Name   string // tells it from others of the run, also in the names of its files
	Config llm.Config
}

// OtherReplies are the names of the files that hold the replies of such a black box: the run's journal, and the table in a checkpoint.
func OtherReplies(name string) (journal, table string) {
	return "replies-" + name + ".wal", "replies-" + name + ".arrow"
}

// Section is a stage's part of the recipe.
type Section struct {
	Doc     string
	Default func() any // points to a new struct with the defaults
	// Complete fills in what follows from other keys and no layer has named; may be nil.
	Complete func(s Settings, named func(path string) bool)
	// Check finds what no section can by itself. Its errors begin with the key. broken tells of keys and sections that could not be read: what
	// depends on them is not to be checked. May be nil.
	Check func(s Settings, broken func(path string) bool) error
	// Later marks the section of a stage that recipes of format 1 did not have from the beginning. It is part of a run's identity only where it
	// differs from its defaults, so that runs made before the stage was there are still found.
	Later bool
	// Off says what a run without the stage has instead, where a recipe may write stages.NAME: off; "" = it may not.
	Off string
}

// Type is the section's struct.
func (s *Section) Type() reflect.Type { return reflect.TypeOf(s.Default()).Elem() }

// Path is where the recipe has a stage's own section.
func (d Def) Path() string { return "stages." + d.Name }

// Settings is a recipe as its stages see it.
type Settings interface {
	// At points to the value of a key or a section: an *int64 for stages.dp.tokens. It panics where there is none, which is a mistake in the program.
	At(path string) any
	// Off reports whether a recipe leaves out a stage that others have: stages.NAME is the word off.
	Off(stage string) bool
}

// Get is the value of a key, or the struct of a section.
func Get[T any](s Settings, path string) T { return *At[T](s, path) }

// At points to the value of a key, or to the struct of a section.
func At[T any](s Settings, path string) *T { return s.At(path).(*T) }

// Keys are the same for every recipe.
func Keys(list ...string) func(Settings) []string { return func(Settings) []string { return list } }

// Always is true for every recipe.
func Always(Settings) bool { return true }

// Metric is a number that a checkpoint has come to.
type Metric struct {
	Name  string
	Value float64
	// Near is how far the value may be off by another kernel, by its own size; 0 = not at all, negative = it is not compared.
	Near float64
}

// Agreement is what the checkpoints of two kernels, whose sums have different orders, agree in.
type Agreement int

// The kinds of agreement.
const (
	EveryBit  Agreement = iota // nothing in the checkpoint comes from a kernel
	InMetrics                  // within what the metrics allow
	InNothing                  // it is made from choices, which small differences turn over
)
