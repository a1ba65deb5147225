package recipe

import (
	"fmt"
	"slices"

	"slm/pipeline/schema"
	"slm/stages/all"
	"slm/stages/systems"
)

// leaveOut takes the systems from the evaluation that stages need which are off. Where the list is the default, or is older than the word
// off (of a recipe that is extended), nothing is said. A list that stands beside that word, or changes what it stands in, is wrong.
func (l *Loaded) leaveOut(layers []*schema.Layer) (wrong schema.Problems) {
	list, named := l.Origins["eval.systems"]
	for _, d := range all.Defs() {
		if !l.Off(d.Name) {
			continue
		}
		for _, name := range systems.Without(d.Name) {
			i := slices.Index(l.Eval.Systems, name)
			if i < 0 {
				continue
			}
			if named && !schema.Before(layers, list, l.Origins[d.Path()]) {
				wrong = append(wrong, schema.Problem{
					Place: list.Place,
					What:  fmt.Sprintf("eval.systems: %s needs stage %s, which is off", name, d.Name),
					Note:  "leave it out, or the line " + d.Path() + ": off",
				})
				continue
			}
			l.Eval.Systems = slices.Delete(slices.Clone(l.Eval.Systems), i, i+1)
		}
	}
	if len(l.Eval.Systems) == 0 {
		l.Eval.Systems = systems.List{systems.Alone}
	}
	return wrong
}
