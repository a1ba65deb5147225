// Package systems holds what answers questions: the black box alone, the small model with it, what one would use instead, and the controls.
// A system is a Spec, in a file of its own, and a line in All. The evaluation, ask and whatever else answers run the same object; tables,
// charts, verdicts, plans and documents range over the specs and name none.
//
// It compares nothing (package eval does) and draws nothing (report does).
package systems

import (
	"context"
	"errors"

	"slm/llm"
	"slm/result"
	"slm/stages"
	"slm/stages/gate"
)

// ErrUnavailable says that a run, or its questions, cannot have a system; the text behind it says why. The row is left out.
var ErrUnavailable = errors.New("system not available")

// Spec declares a system: all that any other part of the program has to know about it.
type Spec struct {
	Name  string
	Label string // short, for a chart
	Gets  string // what the black box is given, in a phrase
	Found string // the same, of a run without a small model; "" = the same words
	Kind  Kind
	Group string // a word that names this system and others in a recipe's list; "" = none

	// Optional says that the system runs where it is named, and not where a recipe names none.
	Optional bool

	// Small says that the small model has a part in it: it names the place, writes the text, chooses among what was found, or answers by itself.
	Small bool
	// Needs is the stage without which there is no such system; "" = there is none. That of a Voice is known without it.
	Needs string
	// Chooses says that it is about options alone: a table of questions without any has no row of it.
	Chooses bool

	// Voice is the small model whose text the black box is given; nil for a system whose knowledge no model has made for it alone.
	Voice *Voice
	// Recalls says that the knowledge is compared with the true text.
	Recalls bool
	// Against are the comparisons that the table makes with other systems, where both were run (see Contrasts).
	Against []Contrast
	// Note says in a sentence what is to be known about a system's rows as a whole, "" for nothing; may be nil.
	Note func(rows []result.Row) string
	// Cost is what answering takes, for plan.
	Cost func(items int, r *stages.Rates) stages.Cost
	// Open makes the system. ErrUnavailable is the only error after which an evaluation goes on.
	Open func(ctx context.Context, r *Resources) (System, error)
}

// System answers questions. Answers come in the order of the questions. Where the black box fails, they come beside the error, with the
// knowledge that it was to be given.
type System interface {
	Answer(ctx context.Context, qs []Question) ([]Answer, error)
}

// Noter is a system that says in a sentence what is to be known about it, as Spec.Note does of rows; "" for nothing.
type Noter interface{ Note() string }

// Steerer is a system that steers the black box as far as development questions say. It answers the same with what it was once found to be set to (Resources.Steer).
type Steerer interface{ Steered() result.Steered }

// Question is a question as a system sees it: without the right answer.
type Question struct {
	ID      string
	Text    string
	Choices []string // none = the answer is free text
	Section string   // of the corpus that it is about; "" = not known
	Place   string   // of the true text, and
	Truth   string   // the true text: for bounds, who alone may look; "" = not known
}

// Answer is what a system made of a question.
type Answer struct {
	Place     string   // where the knowledge is said to stand; "" = nowhere
	Source    string   // file and line where the corpus has that place; "" = it has no such place
	Given     []string // places of the corpus's passages that the black box was given, in order; what the small model makes up stands at none
	Knowledge string   // as given to the black box
	InCorpus  bool     // the knowledge stands in the corpus at that place, word for word
	Origin    Origin   // of the knowledge, where a system has several
	Named     string   // the place that the small model named, which need not be Place, and
	// Confidence is how probable it is that the place is the right one: calibrated on the development questions, and saying nothing of the
	// text. nil = it was not asked, or cannot be told.
	Confidence *float64
	Hit        *float64      // the same of a passage by search; nil = none is used, or nobody asked how sure the search is
	Way        gate.Way      // that the gate has taken; "" = it was not asked to choose
	Route      string        // the system that routing by price has chosen; "" = nothing was routed, or nobody is asked
	Sure       *float64      // by routing, how probable it is that the answer is right; by the gate, how probable it is that a right section is in what is given or, where nothing is, would have been
	Bound      bool          // that is the ceiling of the gate, which is surer
	Picked     int           // of the choices; -1 = none
	Scores     []float64     // one a choice: mean log-probability of its tokens; none by letter
	Margin     float64       // best score less second best
	Text       string        // the free reply
	Cut        string        // why the free reply is not whole; "" = it is
	None       *llm.NoAnswer // why the black box gave no answer; nil = it did, or was not asked
	Calls      int           // of the black box
	Tokens     int           // of the black box, prompts and replies,
	Written    int           // and of them those of replies
}

// Origin says where knowledge comes from.
type Origin string

// The origins.
const (
	Recited Origin = "recited" // the small model's own words
	Cited   Origin = "cited"   // the corpus's own text at the place that the small model named
	Asked   Origin = "asked"   // the section that the question itself names
	Found   Origin = "found"   // a passage by search
)

// Kind groups systems in tables and charts.
type Kind int

// The kinds of system.
const (
	Baseline Kind = iota // what there is without the method
	Ours                 // the method and its stages, each of which goes on from those before it
	Text                 // the corpus's own text, found by search or by the named place
	Bound                // what must be at the top
	Control              // what must show nothing
)

// Topic is what a comparison asks. Comparisons are listed in this order.
type Topic int

// The topics.
const (
	Gain       Topic = iota // the method against nothing: made for its last stage that was run
	Search                  // the prompt search
	Tuning                  // instruction tuning
	Reading                 // the black box's own part
	Instead                 // the method against what one would use instead of it
	Together                // the method beside something else
	Citing                  // the place against the text
	Limit                   // what is left to gain
	Checking                // a control against nothing
	Additional              // whatever else
)

// Contrast is a comparison of one system with another on the same questions.
type Contrast struct {
	Over  string // the other system's name, or Method
	Topic Topic
	// In words: "Does, against Than: better", under a heading of two or three words. Without a heading the figures are in the table alone.
	Subject, Does, Than string
}
