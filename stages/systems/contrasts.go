package systems

import (
	"cmp"
	"slices"

	"slm/stages"
)

// Made is a comparison of a system with another, both of which were run.
type Made struct {
	System, With string
	Contrast
}

// Contrasts are the comparisons that the systems ask for, where both were run, in the order of their topics. run says which were, has which
// stages the run has. Of the gains only the last is made, so that one comparison speaks for the method. Where a run has no stage that the method's
// own systems need, the last of them that was run stands for the one that is missing: it is what the method comes to there.
func Contrasts(run, has func(name string) bool) (out []Made) {
	method := Latest(run)
	for at, spec := range All {
		if !run(spec.Name) {
			continue
		}
		against := spec.Against
		if spec.Name == method && !run(blade.Name) && !has(stages.BPO) {
			against = slices.Concat(against, blade.wholly())
		}
		for _, c := range against {
			with := c.Over
			switch {
			case with == Method:
				with = method
			case !run(with) && c.Topic != Tuning:
				with = instead(with, at, run, has)
			}
			if !run(with) || with == spec.Name || c.Topic == Gain && spec.Name != method {
				continue
			}
			out = append(out, Made{spec.Name, with, c})
		}
	}
	slices.SortStableFunc(out, func(a, b Made) int { return cmp.Compare(a.Topic, b.Topic) })
	return out
}

// wholly are a system's comparisons that are about the method as a whole.
func (s Spec) wholly() []Contrast {
	return slices.DeleteFunc(slices.Clone(s.Against), func(c Contrast) bool { return c.Topic != Reading && c.Topic != Instead })
}

// instead is what stands for one of the method's systems in a comparison that the system at a position of the list asks for: "" where the run has
// all that it needs, and was not asked for it.
func instead(name string, at int, run, has func(string) bool) string {
	spec, ok := Lookup(name)
	if !ok || spec.Voice == nil || has(spec.Voice.needs()) {
		return ""
	}
	return latest(run, at)
}

// Latest is the method after the last of its stages that was run; "" = none was.
func Latest(run func(name string) bool) string { return latest(run, len(All)) }

// latest is the last of the method's systems that was run, of those before a position of the list.
func latest(run func(string) bool, before int) (name string) {
	for _, spec := range All[:before] {
		if spec.Kind == Ours && run(spec.Name) {
			name = spec.Name
		}
	}
	return name
}
