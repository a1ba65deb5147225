// Package recipe is the file that a run is made from: its sections as Go structs, and the way from text to checked values with
// every mistake shown at its place. It runs nothing and opens no data; what a value means is decided by the stage that reads it.
//
//	r, err := recipe.Load(recipe.Source{Name: "recipes/legal.yaml"})
package recipe

import (
	"errors"
	"fmt"
	"regexp"

	"slm/llm"
	"slm/model"
	"slm/optim"
	"slm/stages/bpo"
	"slm/stages/dp"
	"slm/stages/eval"
	"slm/stages/kit"
	"slm/stages/prep"
	"slm/stages/trainer"
)

// Format is the recipe format that this program reads.
const Format = 1

// Recipe is a whole recipe. The yaml tags are the keys; Default gives what a key has when no layer sets it.
type Recipe struct {
	Format    int            `yaml:"slm" unset:"required" doc:"format of the recipe: 1"`
	Name      string         `yaml:"name" unset:"the file's name" doc:"of the run's folder runs/NAME-XXXXXXXX: letters, digits, dots, underscores and dashes, at most 64"`
	Seed      uint64         `yaml:"seed" doc:"of every random stream"`
	Extends   string         `yaml:"extends" unset:"none" doc:"a recipe that this one changes: a file, or the name of a shipped one"`
	Model     Model          `yaml:"model" doc:"the shape of the small model, of the LLaMA kind; its vocabulary is the tokenizer's"`
	Tokenizer prep.Tokenizer `yaml:"tokenizer" doc:"how text becomes tokens"`
	Data      prep.Config    `yaml:"data" doc:"what is read, how it becomes prompts, and what is asked in the end"`
	LLM       llm.Config     `yaml:"llm" doc:"the black box"`
	Stages    Stages         `yaml:"stages" doc:"the trained stages"`
	Eval      eval.Config    `yaml:"eval" doc:"all systems on the held-out items"`
}

// Stages holds the trained stages' sections.
type Stages struct {
	DP  dp.Config  `yaml:"dp" doc:"reading the corpus"`
	KIT kit.Config `yaml:"kit" doc:"tuning on questions whose knowledge the black box found useful"`
	BPO bpo.Config `yaml:"bpo" doc:"the search of the soft prompt"`
}

// Model is the shape of the small model. Its vocabulary is the tokenizer's.
type Model struct {
	Layers    int     `yaml:"layers" min:"1" max:"1000" doc:"blocks"`
	Width     int     `yaml:"width" min:"8" max:"65536" doc:"of the residual stream; a multiple of heads"`
	Heads     int     `yaml:"heads" min:"1" doc:"query heads; each is width/heads wide, which must be even"`
	KVHeads   int     `yaml:"kv_heads" min:"0" doc:"key and value heads; 0 = heads; must divide heads"`
	Hidden    int     `yaml:"hidden" min:"0" doc:"inner width of the MLP; 0 = 8/3 of the width, up to the next multiple of 64"`
	Context   int     `yaml:"context" min:"16" max:"1048576" doc:"tokens of a row in training, and the longest sequence"`
	RopeTheta float64 `yaml:"rope_theta" above:"0" doc:"base of the rotary wavelengths"`
	Tied      bool    `yaml:"tied" doc:"the head is the embedding"`
}

// Default is what a recipe has before it says anything.
func Default() Recipe {
	return Recipe{
		Seed:      1,
		Model:     Model{Layers: 6, Width: 256, Heads: 4, Context: 512, RopeTheta: 10000, Tied: true},
		Tokenizer: prep.DefaultTokenizer(),
		Data:      prep.Default(),
		LLM:       llm.Default(),
		Stages:    Stages{DP: dp.Default(), KIT: kit.Default(), BPO: bpo.Default()},
		Eval:      eval.Default(),
	}
}

// Config is the shape for a vocabulary of that size, with the derived values filled in.
func (m Model) Config(vocab int) model.Config {
	kv, hidden := m.KVHeads, m.Hidden
	if kv == 0 {
		kv = m.Heads
	}
	if hidden == 0 {
		hidden = (m.Width*8/3 + 63) / 64 * 64
	}
	return model.Config{
		Vocab: vocab, Width: m.Width, Layers: m.Layers, Heads: m.Heads, KVHeads: kv, HeadDim: m.Width / m.Heads,
		Hidden: hidden, Context: m.Context, RopeTheta: m.RopeTheta, NormEps: 1e-5, Tied: m.Tied,
	}
}

// Validate checks what spans fields.
func (m Model) Validate() error {
	var errs []error
	switch {
	case m.Width%m.Heads != 0:
		errs = append(errs, fmt.Errorf("heads: width %d is no multiple of %d", m.Width, m.Heads))
	case m.Width/m.Heads%2 != 0:
		errs = append(errs, fmt.Errorf("heads: %d leave a head %d wide, which rotary positions cannot pair", m.Heads, m.Width/m.Heads))
	}
	if m.KVHeads > 0 && m.Heads%m.KVHeads != 0 {
		errs = append(errs, fmt.Errorf("kv_heads: heads %d is no multiple of %d", m.Heads, m.KVHeads))
	}
	return errors.Join(errs...)
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
	for path, o := range map[string]trainer.Optim{"stages.dp": r.Stages.DP.Optim, "stages.kit": r.Stages.KIT.Optim} {
		if o.Schedule == optim.WSD && o.Decay == 0 && !broken(path) {
			errs = append(errs, fmt.Errorf("%s.optim.decay: 0 leaves the rate no steps to fall over: give a share of them, or schedule: constant", path))
		}
		for _, key := range o.Unread() {
			if !broken(path) {
				errs = append(errs, fmt.Errorf("%s.optim.%s: the optimiser %s does not read it", path, key, o.Name))
			}
		}
	}
	if broken("model") {
		return errors.Join(errs...)
	}
	if r.Stages.DP.MaxSection > r.Model.Context && !broken("stages.dp") {
		errs = append(errs, fmt.Errorf("stages.dp.max_section: %d tokens do not fit into the model's context of %d", r.Stages.DP.MaxSection, r.Model.Context))
	}
	if r.Stages.DP.Batch < r.Model.Context && !broken("stages.dp") {
		errs = append(errs, fmt.Errorf("stages.dp.batch: %d tokens are less than one row of context %d", r.Stages.DP.Batch, r.Model.Context))
	}
	if r.Stages.KIT.Batch < r.Model.Context && !broken("stages.kit") {
		errs = append(errs, fmt.Errorf("stages.kit.batch: %d tokens are less than one row of context %d", r.Stages.KIT.Batch, r.Model.Context))
	}
	return errors.Join(errs...)
}
