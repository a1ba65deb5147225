package bpo

import (
	"errors"
	"fmt"
	"slices"

	"slm/data/exam"
	"slm/optim/bayes"
	"slm/stages/delivery"
	"slm/stages/knowledge"
)

// Objectives.
const (
	margin   = "margin"
	accuracy = "accuracy"
)

// Controls, each with as many questions as the search.
const (
	none      = "none"   // z = 0, which is no soft prompt, and the recipe's delivery
	random    = "random" // uniform points
	sobol     = "sobol"  // a scrambled Sobol sequence
	evolution = "cma"    // CMA-ES on the gain itself
	text      = "text"   // paraphrases in words, by successive halving
	single    = "single" // one change of the recipe's delivery at a time
)

// Config is the recipe's section stages.bpo: the search for the soft prompt that makes the model's knowledge most useful.
type Config struct {
	Soft     Soft     `yaml:"soft" doc:"the soft prompt"`
	Init     int      `yaml:"init" min:"1" doc:"scrambled Sobol points, besides z = 0, before the model proposes points"`
	Trials   int      `yaml:"trials" min:"0" doc:"points that the model proposes after those; if this is raised, a finished search goes on"`
	Items    Items    `yaml:"items" doc:"development items on which a trial is scored"`
	Acquire  string   `yaml:"acquire" oneof:"log_ei" doc:"the acquisition function"`
	Controls []string `yaml:"controls" oneof:"none|random|sobol|cma|text|single" doc:"searches for comparison, with as many questions. text: paraphrases in words; single: one change at a time, where more than the prompt is searched; none: no soft prompt, must be listed"`
	Inherit  int      `yaml:"inherit" min:"0" max:"100" identity:"changed" doc:"in an update (update.from), how many of the best prompts of the run before the search begins with, in place of as many of the initial design; they are scored anew. Choice and check then have no question that led to them"`
	Repeats  int      `yaml:"repeats" min:"1" max:"100" doc:"number of runs of each control except none and text, with different random numbers; the report shows the spread"`
	Final    Final    `yaml:"validate" doc:"the choice among the best trials, and its check"`
	// What is searched, and what for.
	Search    []string `yaml:"search" oneof:"prompt|wording|passages|samples|gate|normalise" identity:"changed" doc:"what is searched. prompt: the soft prompt; wording: the words around knowledge and question, their order, and the places; passages: of the small model and by search, how many, how long, in which order; samples: answers of the small model and how they are joined; gate: probability from which they count; normalise: how the scores of options are compared"`
	Exam      string   `yaml:"exam" oneof:"|asked" unset:"empty" identity:"changed" doc:"whose development questions are searched on, those with choices: empty = of data.exam, asked = of data.asked"`
	Objective string   `yaml:"objective" oneof:"margin|accuracy" identity:"changed" doc:"what a trial is scored by: margin of the right option in nats a token, or share of right answers. With answers by letter it is the share"`
	Price     Price    `yaml:"price" identity:"changed" doc:"what the objective loses for what a question costs"`
	Passage   int      `yaml:"-"` // tokens of a text that the small model generates: eval.knowledge
}

// Price is in units of the objective.
type Price struct {
	Call  float64 `yaml:"call" min:"0" doc:"loss for each call of the black box that a question takes"`
	Token float64 `yaml:"token" min:"0" doc:"loss for each token of its prompts and replies"`
}

// Soft is the prompt that is searched.
type Soft struct {
	Tokens int     `yaml:"tokens" min:"1" max:"64" doc:"soft tokens in front of the question"`
	Dim    int     `yaml:"dim" min:"1" max:"21" doc:"dimensions of the search"`
	Scale  float64 `yaml:"scale" above:"0" max:"100" doc:"standard deviation of a soft token, relative to that of an embedding"`
}

// Items is how many development items a trial is scored on.
type Items struct {
	Ladder []int `yaml:"ladder" min:"1" doc:"rungs, rising; limited to the dev items that exist. A trial goes on to the next rung if it is in the better half and not shown to be worse than the best"`
}

// Final is the choice on items that the search has not seen, and the check on others.
type Final struct {
	Best  int     `yaml:"best" min:"1" doc:"number of best trials that are scored again"`
	Share float64 `yaml:"share" above:"0" max:"0.9" doc:"share of the dev items that the search never sees: half of them for the choice among the best trials, half for the check of the chosen one"`
}

// Default is BLADE's search with a scale that works, and every control beside it.
func Default() Config {
	return Config{
		Soft: Soft{Tokens: 5, Dim: 10, Scale: 1}, Init: 10, Trials: 40, Items: Items{Ladder: []int{40, 80, 160}},
		Acquire: "log_ei", Controls: []string{none, random, sobol, evolution, text}, Repeats: 1, Final: Final{Best: 5, Share: 0.5},
		Search: []string{delivery.Prompt}, Objective: margin, Passage: knowledge.DefaultTextTokens,
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
	if len(c.Search) == 0 {
		errs = append(errs, errors.New("search: names nothing to search"))
	}
	if slices.Contains(c.Search, delivery.Normalise) && c.Objective == margin {
		errs = append(errs, errors.New("objective: margins of scores that are normalised differently cannot be compared; with normalise in search it must be accuracy"))
	}
	if n := len(c.space(nil, true).Dims()); n > bayes.MaxDim {
		errs = append(errs, fmt.Errorf("search: %d coordinates, soft.dim included; there may be %d", n, bayes.MaxDim))
	}
	if !slices.Contains(c.Controls, none) {
		errs = append(errs, errors.New("controls: leave none in: without the system as it is there is nothing to compare with"))
	}
	return errors.Join(errs...)
}

// dev are the questions that a search may see.
func (c Config) dev(items []exam.Item) []exam.Item {
	return slices.DeleteFunc(exam.Only(exam.Of(items, c.Exam), exam.Dev), func(it exam.Item) bool { return len(it.Choices) < 2 })
}

// space is what is searched. scores says that the black box scores options.
func (c Config) space(items []exam.Item, scores bool) delivery.Space {
	questions := make([]string, len(items))
	for i, it := range items {
		questions[i] = it.Question
	}
	return delivery.NewSpace(c.Search, c.Soft.Dim, c.Passage, questions, scores)
}

// wide says that more than the soft prompt is named.
func (c Config) wide() bool { return !slices.Equal(c.Search, []string{delivery.Prompt}) }

// wide says that more than the soft prompt is searched.
func (s *search) wide() bool { return len(s.space.Knobs) > 0 }
