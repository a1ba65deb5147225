package ablate

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"slm/experiment"
	"slm/pipeline/recipe"
	"slm/pipeline/rundir"
	"slm/pipeline/study"
)

// BaseName is the variant that changes nothing.
const BaseName = "base"

// Spec is what an experiment is asked to be.
type Spec struct {
	Drop    []string // parts of the method: a stage, or a key of the recipe
	Vary    []string // KEY=VALUE,VALUE; the variants are all combinations of several
	Seeds   []uint64 // empty = as many as Count, from the recipe's on
	Count   int
	Systems []string // to evaluate; empty = the recipe's
	Only    []string // names of variants; the base always stays. Empty = all
}

// Expand gives the variants of a recipe, the base first: those that the spec drops, the combinations that it varies, then those that the recipe names. A spec
// that names none, of a recipe that names none, drops each part of the method that the recipe has.
func (s *Spec) Expand(base *recipe.Loaded) ([]experiment.Variant, error) {
	named := base.Ablate
	drop, vary := slices.Concat(named.Drop, s.Drop), slices.Concat(named.Vary, s.Vary)
	if len(s.Drop)+len(s.Vary) > 0 { // flags stand for the recipe's own
		drop, vary, named.Variants = s.Drop, s.Vary, nil
	}
	if len(drop)+len(vary)+len(named.Variants) == 0 {
		drop = Usual(base)
	}
	list := []experiment.Variant{{Name: BaseName, Changes: []string{}, Means: "the recipe as it is"}}
	for _, part := range drop {
		v, err := dropped(base, part)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	grid, err := combinations(vary)
	if err != nil {
		return nil, err
	}
	list = append(list, grid...)
	for _, name := range named.Names() {
		list = append(list, experiment.Variant{Name: name, Changes: named.Variants[name], Means: strings.Join(named.Variants[name], ", ")})
	}
	return s.choose(list)
}

// choose keeps the variants that are wanted, and refuses names that cannot be told apart.
func (s *Spec) choose(list []experiment.Variant) ([]experiment.Variant, error) {
	seen := map[string]bool{}
	for _, v := range list {
		if seen[v.Name] {
			return nil, fmt.Errorf("%w: two variants are called %q", rundir.ErrUsage, v.Name)
		}
		seen[v.Name] = true
	}
	for _, name := range s.Only {
		if !seen[name] {
			var names []string
			for _, v := range list {
				names = append(names, v.Name)
			}
			return nil, fmt.Errorf("%w: --only %s: there is no such variant (there are: %s)", rundir.ErrUsage, name, strings.Join(names, ", "))
		}
	}
	if len(s.Only) > 0 {
		list = slices.DeleteFunc(list, func(v experiment.Variant) bool { return v.Name != BaseName && !slices.Contains(s.Only, v.Name) })
	}
	if len(list) < 2 {
		return nil, fmt.Errorf("%w: there is nothing to compare with the recipe: name a variant with --drop or --vary", rundir.ErrUsage)
	}
	return list, nil
}

// combinations gives all combinations of the values of several keys.
func combinations(vary []string) ([]experiment.Variant, error) {
	if len(vary) == 0 {
		return nil, nil
	}
	list := []experiment.Variant{{}}
	for _, text := range vary {
		key, values, ok := strings.Cut(text, "=")
		if !ok || key == "" || values == "" {
			return nil, fmt.Errorf("%w: --vary %s: want KEY=VALUE,VALUE, such as stages.bpo.trials=10,20", rundir.ErrUsage, text)
		}
		if err := recipe.Unknown(key); err != nil {
			return nil, err
		}
		var next []experiment.Variant
		for _, v := range list {
			for _, value := range study.Values(values) {
				set := append(slices.Clone(v.Changes), key+"="+value)
				name := strings.Trim(v.Name+","+strings.TrimPrefix(key, "stages.")+"="+value, ",")
				next = append(next, experiment.Variant{Name: name, Changes: set, Means: strings.Join(set, ", ")})
			}
		}
		list = next
	}
	return list, nil
}

// seeds are those of the members, of which the first is the one that an experiment of one seed has.
func (s *Spec) seeds(base *recipe.Loaded) []uint64 {
	if len(s.Seeds) > 0 {
		return s.Seeds
	}
	count := s.Count
	if count == 0 && len(base.Ablate.Seeds) > 1 {
		return base.Ablate.Seeds
	}
	if count == 0 && len(base.Ablate.Seeds) == 1 {
		count = int(base.Ablate.Seeds[0])
	}
	if count == 0 {
		count = usualSeeds
	}
	list := make([]uint64, count)
	for i := range list {
		list[i] = base.Seed + uint64(i)
	}
	return list
}

// usualSeeds is the smallest number with which the spread between seeds can be told at all.
const usualSeeds = 3

var unsafe = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// runName is what the run of a variant and a seed is called. That of the recipe itself keeps its name, so that the run that is there is found.
func runName(base *recipe.Loaded, v experiment.Variant, seed uint64) string {
	name := base.Name
	if v.Name != BaseName {
		name += "." + strings.Trim(unsafe.ReplaceAllString(v.Name, "-"), "-.")
	}
	if seed != base.Seed {
		name += fmt.Sprintf(".s%d", seed)
	}
	return name[:min(len(name), 64)]
}
