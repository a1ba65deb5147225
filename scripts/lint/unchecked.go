package main

import (
	"cmp"
	"go/ast"
	"regexp"

	"github.com/kisielk/errcheck/errcheck"
	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/packages"
)

// excused are calls whose errors may be dropped: what can fail there is checked where files are made durable.
var excused = regexp.MustCompile(`(?i)^((os\.)?std(out|err)\..*|.*Close|.*Flush|os\.Remove(All)?|.*print(f|ln)?|os\.(Un)?Setenv)$`)

// unchecked finds calls whose error is dropped without a word; `_ = f()` is one.
var unchecked = &analysis.Analyzer{Name: "errcheck", Doc: "find errors that nobody checks", Run: func(pass *analysis.Pass) (any, error) {
	checker := errcheck.Checker{Exclusions: errcheck.Exclusions{Symbols: errcheck.DefaultExcludedSymbols, BlankAssignments: true, TypeAssertions: true}}
	for _, f := range pass.Files {
		if ast.IsGenerated(f) {
			continue
		}
		found := checker.CheckPackage(&packages.Package{Fset: pass.Fset, Syntax: []*ast.File{f}, Types: pass.Pkg, TypesInfo: pass.TypesInfo})
		for _, e := range found.Unique().UncheckedErrors {
			if call := cmp.Or(e.SelectorName, e.FuncName); !excused.MatchString(call) {
				pass.Reportf(pass.Fset.File(f.FileStart).Pos(e.Pos.Offset), "the error of %s is not checked", cmp.Or(call, "this call"))
			}
		}
	}
	return nil, nil
}}
