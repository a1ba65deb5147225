package optim

import (
	"fmt"
	"slices"
	"strings"

	"slm/checkpoint"
	"slm/model/kernel"
)

// Optimizer updates the weights of the parameters that it was made for.
type Optimizer interface {
	// Step updates every weight from its gradient with learning rate lr.
	Step(lr float64)
	// Steps is the number of steps taken, also those before a Restore.
	Steps() int64
	// State lists what a resume needs, as views: write them before the next Step.
	State() []checkpoint.Tensor
	// Restore copies a state written by State. On an error nothing has changed.
	Restore(ts []checkpoint.Tensor) error
}

// Settings are what a recipe says of an optimiser besides its learning rate.
type Settings struct {
	Betas       [2]float64 // decay of the first and second moment
	WeightDecay float64    // per unit of learning rate, for parameters with Decay
}

// Spec declares an optimiser: all that the trainer and recipes have to know about it. A new one is a file with its declaration, and its line
// in specs.
type Spec struct {
	Name    string
	Meaning string   // for the reference of recipes, a clause
	Keys    []string // of the settings that it reads: betas, weight_decay
	// Rate is the peak learning rate that serves a model of that width, trained from nothing. Those here were fitted to the table in
	// docs/learning-rates.md.
	Rate func(width int) float64
	// New returns an optimiser without momentum. Products, if it has any, run on be.
	New func(params []Param, s Settings, be kernel.Backend) (Optimizer, error)
}

// specs are the optimisers that there are.
var specs = []Spec{adamWSpec, muonSpec}

// Register adds an optimiser, before any recipe is read. It panics at a name that is there already.
func Register(s Spec) {
	if _, err := Find(s.Name); err == nil {
		panic("optim: two optimisers are named " + s.Name)
	}
	specs = append(specs, s)
}

// Find returns the declaration of an optimiser.
func Find(name string) (Spec, error) {
	at := slices.IndexFunc(specs, func(s Spec) bool { return s.Name == name })
	if at < 0 {
		var have []string
		for _, s := range specs {
			have = append(have, s.Name)
		}
		return Spec{}, fmt.Errorf("optim: there is no optimiser %q, but %s", name, strings.Join(have, ", "))
	}
	return specs[at], nil
}

// Name names an optimiser in a recipe.
type Name string

// Words lists the names that there are, each with what it means.
func (Name) Words() [][2]string {
	var out [][2]string
	for _, s := range specs {
		out = append(out, [2]string{s.Name, s.Meaning})
	}
	return out
}
