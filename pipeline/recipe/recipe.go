// Package recipe is the file that a run is made from: its sections as Go structs, and the way from text to checked values with
// every mistake shown at its place. It runs nothing and opens no data; what a value means is decided by the stage that reads it.
//
//	r, err := recipe.Load(recipe.Source{Name: "recipes/legal.yaml"})
package recipe

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"slm/llm"
	"slm/model"
	"slm/model/kernel"
	"slm/model/weights"
	"slm/stages/all"
	"slm/stages/domain"
	"slm/stages/eval"
	"slm/stages/prep"
)

// Format is the recipe format that this program reads.
const Format = 1

// Recipe is a whole recipe. The yaml tags are the keys; Default gives what a key has when no layer sets it.
type Recipe struct {
	Format    int                 `yaml:"slm" identity:"none" unset:"required" doc:"format of the recipe: 1"`
	Name      string              `yaml:"name" identity:"none" unset:"the file's name" doc:"name of the run's folder, runs/NAME-XXXXXXXX: at most 64 letters, digits, dots, underscores and dashes"`
	Seed      uint64              `yaml:"seed" doc:"seed of all random numbers"`
	Numerics  kernel.Class        `yaml:"numerics" identity:"changed" doc:"class of the arithmetic: auto (the fastest of the machine that trains, which the run keeps), f32, bf16-pair, bf16-tile, or fast-NAME, a kernel whose bits are of one machine (numerics.md); with +bf16-sums behind, as f32+bf16-sums, sums of gradients are rounded to bfloat16 and ranks exchange half as much (cluster.md)"`
	Extends   string              `yaml:"extends" identity:"none" unset:"none" doc:"the recipe that this one changes: a file, or the name of a shipped recipe"`
	Model     model.Shape         `yaml:"model" doc:"the shape of the small model, a LLaMA; the vocabulary is the tokenizer's"`
	Adapter   model.AdapterConfig `yaml:"adapter" identity:"changed" doc:"what training learns where the weights of model.from stay as they are"`
	Update    domain.Update       `yaml:"update" identity:"changed" doc:"the run that this one brings up to date, in place of one that begins with nothing"`
	Tokenizer prep.Tokenizer      `yaml:"tokenizer" doc:"how text becomes tokens"`
	Data      prep.Config         `yaml:"data" doc:"the texts, how they become prompts, and the exam"`
	LLM       llm.Config          `yaml:"llm" doc:"the black box"`
	Stages    Stages              `yaml:"stages" doc:"the trained stages"`
	Eval      eval.Config         `yaml:"eval" doc:"all systems on the held-out items"`
	Ranks     Ranks               `yaml:"ranks" identity:"none" doc:"the processes that mpirun has started"`
	Ablate    Ablation            `yaml:"ablate" identity:"none" doc:"what slm ablate compares the recipe with"`
}

// Ranks is how processes that train together are watched.
type Ranks struct {
	Timeout time.Duration `yaml:"timeout" doc:"how long a rank may be silent, as one that is stopped or whose machine is gone, before all end with its name; at least 5s"`
}

// leastTimeout is several beats.
const leastTimeout = 5 * time.Second

// Default is what a recipe has before it says anything.
func Default() Recipe {
	return Recipe{
		Seed:      1,
		Numerics:  kernel.Auto,
		Model:     model.DefaultShape(),
		Update:    domain.DefaultUpdate(),
		Tokenizer: prep.DefaultTokenizer(),
		Data:      prep.Default(),
		LLM:       llm.Default(),
		Stages:    defaultStages(),
		Eval:      eval.Default(),
		Ranks:     Ranks{Timeout: time.Minute},
	}
}

// nameRule keeps a run's name a folder's name everywhere.
var nameRule = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// Check finds what no single section can.
func (r *Recipe) Check(broken func(path string) bool) error {
	var errs []error
	switch {
	case r.Format == 0 && !broken("slm"):
		errs = append(errs, fmt.Errorf("slm: the recipe does not say its format: begin it with slm: %d", Format))
	case r.Format != Format && !broken("slm"):
		errs = append(errs, fmt.Errorf("slm: format %d is unknown: this program reads %d", r.Format, Format))
	}
	if !nameRule.MatchString(r.Name) && !broken("name") {
		errs = append(errs, fmt.Errorf("name: %q cannot name a folder: use letters, digits, dots, dashes", r.Name))
	}
	if err := r.Numerics.Check(); err != nil && !broken("numerics") {
		errs = append(errs, fmt.Errorf("numerics: %w", err))
	}
	if r.Ranks.Timeout < leastTimeout && !broken("ranks.timeout") {
		errs = append(errs, fmt.Errorf("ranks.timeout: %v is less than %v: ranks give a sign of life every second, and a busy machine delays some", r.Ranks.Timeout, leastTimeout))
	}
	if _, ok := r.From(); r.Model.From != "" && !ok && !broken("model") {
		errs = append(errs, fmt.Errorf("%s: %q is none of %s, %s", fromKey, r.Model.From, weights.ShippedNames, strings.Join(weights.Schemes(), ", ")))
	}
	if !broken("update") {
		errs = append(errs, r.Update.Check())
	}
	for _, d := range all.Defs() {
		if d.Section != nil && d.Section.Check != nil && !r.Off(d.Name) {
			errs = append(errs, d.Section.Check(r, broken))
		}
	}
	for _, d := range all.Of(r) {
		for _, parent := range d.Needs {
			if r.Off(parent) {
				errs = append(errs, fmt.Errorf("%s: needs stage %s, which is off: turn it off as well (%s: off)", d.Path(), parent, d.Path()))
			}
		}
	}
	return errors.Join(errs...)
}
