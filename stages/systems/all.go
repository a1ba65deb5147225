package systems

import (
	"fmt"
	"slices"
	"strings"
)

// Alone is the system that every figure is relative to.
const Alone = "llm"

// Method stands, in a comparison, for the method after the last of its stages that was run.
const Method = "method"

// All are the systems, in the order in which they are run, tabulated and drawn.
var All = []Spec{
	llmAlone,
	slmAlone,
	dp,
	bladeZ0,
	rewarded,
	blade,
	cite,
	rag1,
	rag3,
	dense3,
	hybrid1,
	hybrid3,
	bridged,
	ragBlade,
	oracle,
	shuffled,
	overlap,
	proxied,
	checked,
	auto,
}

// Names lists all systems in order.
func Names() []string {
	names := make([]string, len(All))
	for i, s := range All {
		names[i] = s.Name
	}
	return names
}

// Lookup returns the system of that name.
func Lookup(name string) (Spec, bool) {
	i := slices.IndexFunc(All, func(s Spec) bool { return s.Name == name })
	if i < 0 {
		return Spec{}, false
	}
	return All[i], true
}

// Usual lists the systems that run where a recipe names none, in order.
func Usual() []string {
	return slices.DeleteFunc(Names(), func(name string) bool { s, _ := Lookup(name); return s.Optional })
}

// Resolve turns a recipe's list into systems in the table's order, each once. A group stands for its systems, and an empty list for the usual
// ones. The black box alone is always there, since every figure is relative to it, and so is overlap, which costs nothing and shows what the questions
// give away.
func Resolve(list []string) ([]Spec, error) {
	want := map[string]bool{Alone: true, Overlap: true}
	if len(list) == 0 {
		list = Usual()
	}
	for _, name := range list {
		found := false
		for _, s := range All {
			if s.Name == name || s.Group == name && name != "" {
				want[s.Name], found = true, true
			}
		}
		if !found {
			return nil, fmt.Errorf("unknown system %q (there are: %s)", name, strings.Join(append(groups(), Names()...), ", "))
		}
	}
	return slices.DeleteFunc(slices.Clone(All), func(s Spec) bool { return !want[s.Name] }), nil
}

// Without lists the systems that a run cannot have without a stage.
func Without(stage string) (names []string) {
	for _, s := range All {
		if s.Needs == stage || s.Voice != nil && s.Voice.needs() == stage {
			names = append(names, s.Name)
		}
	}
	return names
}

// groups are the words that name several systems.
func groups() (words []string) {
	for _, s := range All {
		if s.Group != "" && !slices.Contains(words, s.Group) {
			words = append(words, s.Group)
		}
	}
	return words
}

// List is a recipe's list of systems.
type List []string

// Doc says what may stand in the list.
func (List) Doc() string {
	text := strings.Join(Usual(), " ") + "; "
	named := slices.DeleteFunc(Names(), func(name string) bool { s, _ := Lookup(name); return !s.Optional || name == Overlap })
	if len(named) > 0 {
		text += "where they are named, " + strings.Join(named, " ") + "; "
	}
	for _, g := range groups() {
		var of []string
		for _, s := range All {
			if s.Group == g {
				of = append(of, s.Name)
			}
		}
		text += g + " is " + strings.Join(of, ", ") + "; "
	}
	return text + Alone + " and " + Overlap + " always run"
}
