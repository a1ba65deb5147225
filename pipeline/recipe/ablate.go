package recipe

import (
	"maps"
	"slices"
)

// Ablation is the recipe's section ablate: what slm ablate compares the recipe with. It is no part of a run.
type Ablation struct {
	Drop     []string            `yaml:"drop" unset:"none" doc:"what each variant leaves out: dp, kit, kit.filter, find, rft, reason, bpo, or a key that is set to nothing. A recipe that names no variant at all leaves out each part of the method that it has"`
	Vary     []string            `yaml:"vary" unset:"none" doc:"KEY=VALUE,VALUE: a variant for each value; of several, for each combination"`
	Variants map[string][]string `yaml:"variants" unset:"none" doc:"other variants by name, each a list of KEY=VALUE: {adamw: [stages.dp.optim.name=adamw, stages.dp.optim.lr=2e-3]}"`
	Seeds    []uint64            `yaml:"seeds" unset:"none" doc:"how many seeds, from the recipe's on; or, where there are several numbers, the seeds. None = 3"`
}

// Names are the names of the variants, sorted.
func (a Ablation) Names() []string { return slices.Sorted(maps.Keys(a.Variants)) }
