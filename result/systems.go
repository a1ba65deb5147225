package result

import (
	"fmt"
	"slices"
	"strings"
)

// Kind groups systems in tables and charts.
type Kind int

// The kinds of system.
const (
	Base    Kind = iota // what there is without the method
	Method              // the method and its stages
	Text                // the corpus's own text, found by search or by the named place
	Bound               // what must be at the top
	Control             // what must show nothing
)

// Entry describes a system in words.
type Entry struct {
	Name  string
	Label string // short, for a chart
	Gets  string // what the LLM is given, in a phrase
	Kind  Kind
}

// Entries are all systems, in the order in which they are run, tabulated and drawn.
var Entries = []Entry{
	{"llm", "LLM alone", "no knowledge", Base},
	{"slm", "small model alone", "scores the options itself, no LLM", Base},
	{"dp", "BLADE after DP only", "generated before instruction tuning", Method},
	{"blade-z0", "BLADE, z = 0", "generated text, prompt not searched", Method},
	{"blade", "BLADE, p*", "generated text, searched prompt", Method},
	{"cite", "cite", "the corpus’s text at the named place", Text},
	{"rag1", "BM25 top-1", "the best passage by search", Text},
	{"rag3", "BM25 top-3", "the three best passages by search", Text},
	{"rag+blade", "BM25 top-1 + BLADE", "the best passage and generated text", Text},
	{"oracle", "oracle", "the true text", Bound},
	{"shuffled", "shuffled", "text made for another question", Control},
}

// Names lists all systems in order.
func Names() []string {
	names := make([]string, len(Entries))
	for i, e := range Entries {
		names[i] = e.Name
	}
	return names
}

// Lookup describes the system of that name.
func Lookup(name string) (Entry, bool) {
	for _, e := range Entries {
		if e.Name == name {
			return e, true
		}
	}
	return Entry{}, false
}

// Resolve turns a recipe's list into names in the table's order, each once. "rag" stands for rag1 and rag3, and an empty list for
// all. llm is always there, since every figure is relative to it.
func Resolve(list []string) ([]string, error) {
	if len(list) == 0 {
		return Names(), nil
	}
	want := map[string]bool{"llm": true}
	for _, name := range list {
		switch _, ok := Lookup(name); {
		case name == "rag":
			want["rag1"], want["rag3"] = true, true
		case ok:
			want[name] = true
		default:
			return nil, fmt.Errorf("unknown system %q (there are: rag, %s)", name, strings.Join(Names(), ", "))
		}
	}
	names := Names()
	return slices.DeleteFunc(names, func(name string) bool { return !want[name] }), nil
}
