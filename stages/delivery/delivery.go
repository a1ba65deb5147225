// Package delivery says how knowledge reaches the black box: which passages stand before or after a question, how long, in which order and with
// which words around them, and how the scores of its options are compared. The search of bpo chooses a delivery, and those who answer with the
// searched prompt keep to it: both put a question by the same functions.
//
// It asks nobody. What the small model has said and what a search has found is handed in.
package delivery

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"slm/checkpoint"
	"slm/data/form"
	"slm/llm"
)

// File holds the delivery that the search has settled on, in its checkpoint. A search of the soft prompt alone writes none.
const File = "delivery.json"

// Where the small model's own passage comes from.
const (
	Generated = "generated" // what it recites
	Cited     = "cited"     // the corpus's text at the place that it names
	Nothing   = "none"      // there is none: passages by search alone
)

// What is taken of several samples of the small model.
const (
	Most = "most" // the place that was named most often, the first of equals
	All  = "all"  // every place that was named, the most frequent first
)

// Most of what is asked for.
const (
	MostPassages = 4
	MostSamples  = 5
)

// Delivery is how knowledge reaches the black box.
type Delivery struct {
	Wording  form.Wording `json:"wording"`  // around knowledge and question
	Source   bool         `json:"source"`   // each passage begins with its place
	Text     string       `json:"text"`     // Generated, Cited or Nothing
	Passages int          `json:"passages"` // by search, beside that
	Reverse  bool         `json:"reverse"`  // the best passage stands last
	Tokens   int          `json:"tokens"`   // of each passage, at most
	Room     int          `json:"room"`     // tokens that the small model generates, before a passage is cut
	Samples  int          `json:"samples"`  // of the small model; the first is its most likely answer
	Join     string       `json:"join"`     // Most or All
	Gate     float64      `json:"gate"`     // probability, by the small model itself, below which what it says is left out
	Norm     string       `json:"norm"`     // of the options' scores: llm.Mean, llm.Sum or llm.PMI
}

// Usual is the delivery of a recipe that searches none: what the small model recites, in so many tokens.
func Usual(tokens int) Delivery {
	return Delivery{Text: Generated, Tokens: tokens, Room: tokens, Samples: 1, Join: Most, Norm: llm.Mean}
}

// Question puts a question with what is given for it.
func (d Delivery) Question(knowledge, question string, choices []string) llm.Question {
	return llm.Question{Knowledge: knowledge, Question: question, Choices: choices, Wording: d.Wording, Norm: d.Norm}
}

// ErrDelivery says that a delivery contradicts itself or names what does not exist.
var ErrDelivery = errors.New("delivery: not a delivery")

// Validate checks every field.
func (d Delivery) Validate() error {
	errs := []error{d.Wording.Validate()}
	refuse := func(bad bool, field string, value any) {
		if bad {
			errs = append(errs, fmt.Errorf("%w: %s is %v", ErrDelivery, field, value))
		}
	}
	refuse(!slices.Contains([]string{Generated, Cited, Nothing}, d.Text), "text", d.Text)
	refuse(d.Passages < 0 || d.Passages > MostPassages, "passages", d.Passages)
	refuse(d.Tokens < 1, "tokens", d.Tokens)
	refuse(d.Room < d.Tokens, "room", d.Room)
	refuse(d.Samples < 1 || d.Samples > MostSamples, "samples", d.Samples)
	refuse(!slices.Contains([]string{Most, All}, d.Join), "join", d.Join)
	refuse(!(d.Gate >= 0 && d.Gate < 1), "gate", d.Gate)
	refuse(!slices.Contains([]string{llm.Mean, llm.Sum, llm.PMI}, d.Norm), "norm", d.Norm)
	return errors.Join(errs...)
}

func (d Delivery) encode() []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	_ = enc.Encode(d) // strings and finite numbers always encode
	return b.Bytes()
}

// Save writes a delivery as JSON.
func (d Delivery) Save(path string) error {
	if err := d.Validate(); err != nil {
		return err
	}
	if err := checkpoint.WriteFileAtomic(path, d.encode()); err != nil {
		return fmt.Errorf("delivery: %w", err)
	}
	return nil
}

// Load reads a delivery that Save has written. A file that is not there is fs.ErrNotExist, any other mistake checkpoint.ErrCorrupt.
func Load(path string) (Delivery, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return Delivery{}, fmt.Errorf("delivery: %w", err)
	}
	d, err := parse(data)
	if err != nil {
		return Delivery{}, fmt.Errorf("delivery: %s: %w: %w", path, checkpoint.ErrCorrupt, err)
	}
	return d, nil
}

func parse(data []byte) (d Delivery, err error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&d); err != nil {
		return Delivery{}, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return Delivery{}, fmt.Errorf("%w: something follows it", ErrDelivery)
	}
	if !bytes.HasSuffix(data, []byte("\n")) {
		return Delivery{}, fmt.Errorf("%w: it does not end in a line break", ErrDelivery)
	}
	return d, d.Validate()
}
