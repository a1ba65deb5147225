// Package launch writes what starts the workers of an experiment: for the machine itself, for SLURM, for Kubernetes. A launcher is a file with its Launcher, and a line in launchers. It links no client of a
// cluster: it emits a file, and names the command that submits it.
package launch

import (
	"fmt"
	"slices"
	"strings"

	"slm/pipeline/rundir"
)

// Launcher is a way to start workers.
type Launcher struct {
	Name    string
	Means   string // how it starts them
	File    string // that it emits, in the experiment's folder
	Options []Option
	Emit    func(w *Work) ([]byte, error)
	Needs   string                     // program that must be in $PATH to submit it
	Submit  func(file string) []string // the command that submits the file
}

// Option is a value that a launcher takes.
type Option struct {
	Name, Means, Default string
	Needed               bool
}

// Work is what is to be started.
type Work struct {
	Name       string   // of the experiment
	Folder     string   // its folder, absolute
	Dir        string   // that holds runs/ and experiments/, absolute
	Program    string   // path of slm
	Experiment []string // by which a worker is told of it
	Store      bool     // workers meet in a store, each in a folder of its own
	Levels     []int    // stages of each level: what a stage is made from stands on the levels before its own
	Jobs       int      // that may work at a time
	Set        map[string]string
}

// Stages is how many stages all levels have.
func (w *Work) Stages() (sum int) {
	for _, n := range w.Levels {
		sum += n
	}
	return sum
}

// launchers are all there are.
var launchers = []Launcher{local, slurm, kubernetes}

// Names lists the launchers.
func Names() (names []string) {
	for _, l := range launchers {
		names = append(names, l.Name)
	}
	return names
}

// Lookup finds a launcher. rundir.ErrUsage names those that there are.
func Lookup(name string) (Launcher, error) {
	i := slices.IndexFunc(launchers, func(l Launcher) bool { return l.Name == name })
	if i < 0 {
		return Launcher{}, fmt.Errorf("%w: --on %s: there is no such launcher (there are: %s)", rundir.ErrUsage, name, strings.Join(Names(), ", "))
	}
	return launchers[i], nil
}

// Help says which options each launcher takes.
func Help() string {
	var b strings.Builder
	for _, l := range launchers {
		fmt.Fprintf(&b, "\n  %-11s %s", l.Name, l.Means)
		for _, o := range l.Options {
			fmt.Fprintf(&b, "\n    %-14s %s", o.Name+"=", o.Means)
			switch {
			case o.Needed:
				b.WriteString(" (needed)")
			case o.Default != "":
				fmt.Fprintf(&b, " (default %s)", o.Default)
			}
		}
	}
	return b.String()
}

// Settings reads options given as KEY=VALUE; those that are not given have their defaults. rundir.ErrUsage: an option is unknown, has no value, or is needed and not given.
func (l Launcher) Settings(given []string) (map[string]string, error) {
	set := map[string]string{}
	for _, text := range given {
		key, value, ok := strings.Cut(text, "=")
		known := slices.ContainsFunc(l.Options, func(o Option) bool { return o.Name == key })
		switch {
		case !known:
			return nil, fmt.Errorf("%w: --with %s: %s takes %s", rundir.ErrUsage, text, l.Name, l.takes())
		case !ok || value == "" || strings.ContainsAny(value, "\n\r\x00"):
			return nil, fmt.Errorf("%w: --with %s: want KEY=VALUE", rundir.ErrUsage, text)
		}
		set[key] = value
	}
	for _, o := range l.Options {
		if set[o.Name] == "" {
			set[o.Name] = o.Default
		}
		if o.Needed && set[o.Name] == "" {
			return nil, fmt.Errorf("%w: %s needs --with %s=…: %s", rundir.ErrUsage, l.Name, o.Name, o.Means)
		}
	}
	return set, nil
}

func (l Launcher) takes() string {
	if len(l.Options) == 0 {
		return "no options"
	}
	var names []string
	for _, o := range l.Options {
		names = append(names, o.Name)
	}
	return strings.Join(names, ", ")
}

// worker is the call of a worker as a shell has it, in the folder where it works.
func (w *Work) worker() string {
	words := []string{quote(w.Program), "worker", "--quiet"}
	for _, word := range w.Experiment {
		if !strings.HasPrefix(word, "--") {
			word = quote(word)
		}
		words = append(words, word)
	}
	if w.Store {
		words = append(words, "--dir", quote(w.Dir))
	}
	return strings.Join(words, " ")
}

// quote makes a word of a shell.
func quote(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }
