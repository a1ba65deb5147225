package bpo

import (
	"errors"
	"fmt"
	"slices"

	"slm/stages/knowledge"
)

// Controls, each with as many questions as the search.
const (
	none      = "none"   // z = 0, which is no soft prompt
	random    = "random" // uniform points
	sobol     = "sobol"  // a scrambled Sobol sequence
	evolution = "cma"    // CMA-ES on the gain itself
	text      = "text"   // paraphrases in words, by successive halving
)

// Config is the recipe's section stages.bpo: the search for the soft prompt that makes the model's knowledge most useful.
type Config struct {
	Soft     Soft     `yaml:"soft" doc:"the soft prompt"`
	Init     int      `yaml:"init" min:"1" doc:"scrambled Sobol points, besides z = 0, before the model of the objective takes over"`
	Trials   int      `yaml:"trials" min:"0" doc:"proposed by the model after those; a finished search goes on when this is raised"`
	Items    Items    `yaml:"items" doc:"the development items of a trial"`
	Acquire  string   `yaml:"acquire" oneof:"log_ei" doc:"what is climbed"`
	Controls []string `yaml:"controls" oneof:"none|random|sobol|cma|text" doc:"searches with as many questions as this one; text: paraphrases in words; none, no soft prompt, must be there"`
	Repeats  int      `yaml:"repeats" min:"1" max:"100" doc:"times that each control but none and text is run, from other draws; the report shows the spread"`
	Final    Final    `yaml:"validate" doc:"the choice among the best, and its check"`
	Passage  int      `yaml:"-"` // tokens of a text that the small model generates: eval.knowledge
}

// Soft is the prompt that is searched.
type Soft struct {
	Tokens int     `yaml:"tokens" min:"1" max:"64" doc:"soft tokens in front of the question"`
	Dim    int     `yaml:"dim" min:"1" max:"21" doc:"dimensions that are searched"`
	Scale  float64 `yaml:"scale" above:"0" max:"100" doc:"standard deviation of a soft token against that of an embedding"`
}

// Items is how many development items a trial is scored on.
type Items struct {
	Ladder []int `yaml:"ladder" min:"1" doc:"rising; cut to the dev items there are. A trial climbs on while it is among the better half and not shown worse than the best"`
}

// Final is the choice on items that the search has not seen, and the check on others.
type Final struct {
	Best  int     `yaml:"best" min:"1" doc:"trials that are scored again"`
	Share float64 `yaml:"share" above:"0" max:"0.9" doc:"of the dev items, never searched on: half of them for the choice among the best, half for the check of the one that was chosen"`
}

// Default is BLADE's search with a scale that works, and every control beside it.
func Default() Config {
	return Config{
		Soft: Soft{Tokens: 5, Dim: 10, Scale: 1}, Init: 10, Trials: 40, Items: Items{Ladder: []int{40, 80, 160}},
		Acquire: "log_ei", Controls: []string{none, random, sobol, evolution, text}, Repeats: 1, Final: Final{Best: 5, Share: 0.5},
		Passage: knowledge.DefaultTextTokens,
	}
}

// Validate checks what spans fields.
func (c Config) Validate() error {
	var errs []error
	if len(c.Items.Ladder) == 0 {
		errs = append(errs, errors.New("items.ladder: needs at least one rung"))
	}
	for i := 1; i < len(c.Items.Ladder); i++ {
		if c.Items.Ladder[i] <= c.Items.Ladder[i-1] {
			errs = append(errs, fmt.Errorf("items.ladder: %d after %d: each rung has more items than the one before", c.Items.Ladder[i], c.Items.Ladder[i-1]))
		}
	}
	if !slices.Contains(c.Controls, none) {
		errs = append(errs, errors.New("controls: leave none in: without the system as it is there is nothing to compare with"))
	}
	return errors.Join(errs...)
}
