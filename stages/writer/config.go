package writer

import (
	"errors"
	"slices"
)

// Config is the recipe's section stages.kit.written.
type Config struct {
	Questions int      `yaml:"questions" min:"1" max:"20" doc:"questions that the LLM is asked to write, a section"`
	Sections  string   `yaml:"sections" oneof:"all|train" doc:"about every section, or those alone whose own question the exam does not hold out. Held-out questions and near copies of them are dropped in either case"`
	Most      int      `yaml:"most" min:"0" doc:"sections that are asked about, drawn by the seed; 0 = all"`
	Text      int      `yaml:"text" min:"16" max:"100000" doc:"of a section's text, the tokens that the LLM is shown"`
	Similar   float64  `yaml:"similar" above:"0" max:"1" doc:"for the filter similar: ROUGE-L with a kept question, above which a question is dropped"`
	Filters   []string `yaml:"filters" oneof:"length|copy|place|similar|roundtrip|leak|counterfactual" doc:"what a question must pass. length: 4 to 80 words; copy: does not repeat the text; place: names neither the place nor the text; similar: is unlike all kept; roundtrip: the run's LLM answers right with the text; leak: it does not without; counterfactual: both"`
}

// Filters, in the order in which they are applied. What needs no model comes first. held is no choice: it is always applied.
const (
	Length         = "length"
	Copy           = "copy"
	Place          = "place"
	Held           = "held"
	Similar        = "similar"
	Roundtrip      = "roundtrip"
	Leak           = "leak"
	Counterfactual = "counterfactual"
)

// Default has the filters of Self-Instruct and BLADE. The other two drop what the LLM knows by itself, which is a question of the domain.
func Default() Config {
	return Config{Questions: 5, Sections: "all", Text: 400, Similar: 0.7, Filters: []string{Length, Copy, Place, Similar, Roundtrip}}
}

// Validate checks what spans fields.
func (c Config) Validate() error {
	if c.has(Counterfactual) && (c.has(Roundtrip) || c.has(Leak)) {
		return errors.New("filters: counterfactual is roundtrip and leak together; name it alone, or these two")
	}
	return nil
}

func (c Config) has(filter string) bool { return slices.Contains(c.Filters, filter) }

// with and without say whether the black box is asked with the knowledge, and without it.
func (c Config) with() bool    { return c.has(Roundtrip) || c.has(Counterfactual) }
func (c Config) without() bool { return c.has(Leak) || c.has(Counterfactual) }

// Judges says whether a filter asks the run's black box.
func (c Config) Judges() bool { return c.with() || c.without() }
