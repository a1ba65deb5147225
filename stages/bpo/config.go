package bpo

import (
	"errors"
	"fmt"
	"slices"

	"slm/stages/knowledge"
)

// Controls.
const (
	none   = "none"
	random = "random"
)

// Config is the recipe's section stages.bpo: the search for the soft prompt that makes the model's knowledge most useful.
type Config struct {
	Soft     Soft     `yaml:"soft"`
	Init     int      `yaml:"init" min:"1"`   // scrambled Sobol points, besides z = 0, before the model of the objective takes over
	Trials   int      `yaml:"trials" min:"0"` // after those
	Items    Items    `yaml:"items"`
	Acquire  string   `yaml:"acquire" oneof:"log_ei"`
	Controls []string `yaml:"controls" oneof:"none|random"` // none: no soft prompt; random: random search at equal calls
	Final    Final    `yaml:"validate"`
	Passage  int      `yaml:"-"` // tokens of a text that the small model generates: eval.knowledge
}

// Soft is the prompt that is searched.
type Soft struct {
	Tokens int     `yaml:"tokens" min:"1" max:"64"`   // in front of the embeddings
	Dim    int     `yaml:"dim" min:"1" max:"21"`      // of the space that is searched
	Scale  float64 `yaml:"scale" above:"0" max:"100"` // standard deviation of a soft token against that of an embedding
}

// Items is how many development items a trial is scored on.
type Items struct {
	Ladder []int `yaml:"ladder" min:"1"` // a trial climbs on while it is among the better half
}

// Final is the choice on items that the search has not seen.
type Final struct {
	Best  int     `yaml:"best" min:"1"`              // trials that are scored again
	Share float64 `yaml:"share" above:"0" max:"0.9"` // of the development items, kept for this
}

// Default is BLADE's search with a scale that works.
func Default() Config {
	return Config{
		Soft: Soft{Tokens: 5, Dim: 10, Scale: 1}, Init: 10, Trials: 40, Items: Items{Ladder: []int{40, 80, 160}},
		Acquire: "log_ei", Controls: []string{"none", "random"}, Final: Final{Best: 5, Share: 0.5},
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
