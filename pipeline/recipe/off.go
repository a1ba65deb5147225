package recipe

import (
	"fmt"
	"path/filepath"
	"slices"

	"slm/pipeline/schema"
	"slm/stages"
	"slm/stages/all"
	"slm/stages/find"
	"slm/stages/search"
	"slm/stages/systems"
)

// leaveOut takes the systems from the evaluation, and the encoders from the search, that stages need which are off. Where a list is the default, or is
// older than the word off (of a recipe that is extended), nothing is said. A list that stands beside that word, or changes what it stands in, is wrong.
func (l *Loaded) leaveOut(layers []*schema.Layer) (wrong schema.Problems) {
	for _, d := range all.Defs() {
		if !l.Off(d.Name) {
			continue
		}
		without := func(path string, list []string, gone func(string) bool) []string {
			at, named := l.Origins[path]
			if !named || schema.Before(layers, at, l.Origins[d.Path()]) {
				return slices.DeleteFunc(slices.Clone(list), gone)
			}
			for _, name := range list {
				if gone(name) {
					wrong = append(wrong, schema.Problem{
						Place: at.Place,
						What:  fmt.Sprintf("%s: %s needs stage %s, which is off", path, name, d.Name),
						Note:  "leave it out, or the line " + d.Path() + ": off",
					})
				}
			}
			return list
		}
		gone := systems.Without(d.Name)
		l.Eval.Systems = without("eval.systems", l.Eval.Systems, func(name string) bool { return slices.Contains(gone, name) })
		if c := stages.At[find.Config](l, "stages.find"); d.Name == stages.DP {
			c.Dense = without("stages.find.dense", c.Dense, search.Taught)
		}
	}
	if len(l.Eval.Systems) == 0 {
		l.Eval.Systems = systems.List{systems.Alone}
	}
	return wrong
}

// WithModel loads the recipe of a run, from the run's folder. ErrUsage: it trains no small model.
func WithModel(file string) (*Loaded, error) {
	r, err := Load(Source{Name: file})
	if err != nil {
		return nil, err
	}
	if r.Off(stages.DP) {
		return nil, fmt.Errorf("%w: %s has no small model: its recipe trains none (stages.dp: off)", ErrUsage, filepath.Base(filepath.Dir(file)))
	}
	return r, nil
}
