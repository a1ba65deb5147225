// Command lint checks one package at a time, as go vet asks it to (go vet -vettool=lint ./...), so that the build cache keeps what it found. It checks
// what go vet checks by itself, unchecked errors, assignments that nobody reads, what is declared and not used, and what staticcheck checks.
package main

import (
	"encoding/gob"
	"encoding/json"
	"os"
	"strings"

	"github.com/gordonklaus/ineffassign/pkg/ineffassign"
	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/passes/inline"
	"golang.org/x/tools/go/analysis/passes/printf"
	"golang.org/x/tools/go/analysis/suite/vet"
	"golang.org/x/tools/go/analysis/unitchecker"
	"honnef.co/go/tools/analysis/facts/deprecated"
	"honnef.co/go/tools/analysis/lint"
	"honnef.co/go/tools/quickfix"
	"honnef.co/go/tools/simple"
	"honnef.co/go/tools/staticcheck"
	"honnef.co/go/tools/stylecheck"
)

// without are the checks of staticcheck that ask for a comment on everything exported, for the initialisms of Go, or for one name of a receiver.
const without = "ST1000 ST1003 ST1016 ST1020 ST1021 ST1022"

func main() { unitchecker.Main(due(os.Args[len(os.Args)-1])...) }

// due are the analyzers that the package of a configuration takes. Other modules' packages are looked at for what is said of them elsewhere alone: what is
// deprecated, and what prints as Printf does. What their functions return would take a second compiler's work on all of them, SQLite among them.
func due(config string) []*analysis.Analyzer {
	var c struct {
		VetxOnly   bool
		ModulePath string
	}
	if data, err := os.ReadFile(config); err != nil || json.Unmarshal(data, &c) != nil || !c.VetxOnly || c.ModulePath == "" || c.ModulePath == "slm" {
		return analyzers()
	}
	for _, a := range analyzers() {
		register(a)
	}
	return []*analysis.Analyzer{deprecated.Analyzer, printf.Analyzer}
}

// register lets the findings of an analyzer on other packages be read where it does not run itself.
func register(a *analysis.Analyzer) {
	for _, fact := range a.FactTypes {
		gob.Register(fact)
	}
	for _, needed := range a.Requires {
		register(needed)
	}
}

// analyzers are all checks.
func analyzers() []*analysis.Analyzer {
	all := append([]*analysis.Analyzer{inline.Analyzer, ineffassign.Analyzer, unchecked, unusedCode}, vet.Suite...)
	for _, list := range [][]*lint.Analyzer{staticcheck.Analyzers, simple.Analyzers, stylecheck.Analyzers, quickfix.Analyzers} {
		for _, a := range list {
			if !strings.Contains(without, a.Analyzer.Name) {
				all = append(all, a.Analyzer)
			}
		}
	}
	return all
}
