package slm_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// unitThenClaim is the name of a test: the type, function, file or command under test, then what is claimed of it. So `go test -run TestPlan`
// runs what is known of plans, and a failure says which claim is wrong.
var unitThenClaim = regexp.MustCompile(`^(Test|Fuzz)[A-Z][A-Za-z0-9]*_[A-Z0-9][A-Za-z0-9]*$`)

// tested are the names of tests, fuzz targets and benchmarks by package.
func tested(root fs.FS) (map[string][]string, error) {
	names := map[string][]string{}
	err := walkModules(root, true, func(name string) error {
		if !strings.HasSuffix(name, "_test.go") {
			return nil
		}
		data, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, data, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name != "TestMain" &&
				(strings.HasPrefix(fn.Name.Name, "Test") || strings.HasPrefix(fn.Name.Name, "Fuzz") || strings.HasPrefix(fn.Name.Name, "Benchmark")) {
				names[path.Dir(name)] = append(names[path.Dir(name)], fn.Name.Name)
			}
		}
		return nil
	})
	return names, err
}

// misnamed are the tests whose names do not begin with their unit. Benchmarks are named as Go has it.
func misnamed(tests map[string][]string) (found []string) {
	for pkg, names := range tests {
		for _, name := range names {
			if !unitThenClaim.MatchString(name) && !strings.HasPrefix(name, "Benchmark") {
				found = append(found, fmt.Sprintf("%s: %s: want TestUnit_Claim, such as TestPlan_EditedKeyRerunsItsStageAndThoseAfter", pkg, name))
			}
		}
	}
	slices.Sort(found)
	return found
}

var (
	goTest   = regexp.MustCompile("go test ([^`\n]*)")
	packages = regexp.MustCompile(`(?:^|\s)\./([\w/]*(?:\.\.\.)?)`)
	selector = regexp.MustCompile(`-(run|fuzz|bench) '?([^\s'` + "`" + `]+)`)
)

// unmatched are the patterns of `go test` commands in a text that select nothing: what they selected has been renamed or has moved.
func unmatched(text string, tests map[string][]string) (found []string) {
	for _, command := range goTest.FindAllStringSubmatch(text, -1) {
		var names []string
		for _, p := range packages.FindAllStringSubmatch(command[1], -1) {
			folder, all := strings.CutSuffix(p[1], "...")
			for pkg, list := range tests {
				if pkg == folder || all && strings.HasPrefix(pkg+"/", folder) {
					names = append(names, list...)
				}
			}
		}
		for _, s := range selector.FindAllStringSubmatch(command[1], -1) {
			for pattern := range strings.SplitSeq(strings.ReplaceAll(s[2], `\|`, "|"), "|") { // a table of Markdown writes \|
				if slices.Contains([]string{"xxx", "XXX", "^$", "^$$", "."}, pattern) {
					continue
				}
				matches := func(name string) bool { return strings.Contains(name, pattern) }
				if !slices.ContainsFunc(names, matches) {
					found = append(found, fmt.Sprintf("go test %s: %s selects nothing", strings.TrimSpace(command[1]), pattern))
				}
			}
		}
	}
	return found
}

func TestNames_BeginWithTheUnitUnderTest(t *testing.T) {
	tests, err := tested(repository())
	if err != nil {
		t.Fatal(err)
	}
	if len(tests) < 40 || len(tests["checkpoint"]) < 10 {
		t.Fatalf("only %d packages with tests were found", len(tests))
	}
	for _, m := range misnamed(tests) {
		t.Error(m)
	}
}

func TestNames_CommandsInDocumentsSelectTests(t *testing.T) {
	root := repository()
	tests, err := tested(root)
	if err != nil {
		t.Fatal(err)
	}
	files, err := fs.Glob(root, "docs/*.md")
	if err != nil || len(files) < 5 {
		t.Fatal(files, err)
	}
	for _, name := range append(files, "README.md", "Makefile") {
		text, err := fs.ReadFile(root, name)
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range unmatched(string(text), tests) {
			t.Errorf("%s: %s", name, u)
		}
	}
}

func TestNames_WrongOnesAreFound(t *testing.T) {
	tests, err := tested(fstest.MapFS{
		"a/a_test.go": {Data: []byte("package a\nfunc TestMain() {}\nfunc TestPlan_IsMade() {}\nfunc TestPlanIsMade() {}\nfunc FuzzSeal() {}\nfunc BenchmarkSeal() {}\n")},
		"b/b_test.go": {Data: []byte("package b\nfunc TestSeal_isOpen() {}\n")},
		"b/b.go":      {Data: []byte("package b\nfunc TestNothing() {}\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	wrong := misnamed(tests)
	for i, want := range []string{"a: FuzzSeal", "a: TestPlanIsMade", "b: TestSeal_isOpen"} {
		if i >= len(wrong) || !strings.HasPrefix(wrong[i], want) {
			t.Fatalf("%q", wrong)
		}
	}
	if len(wrong) != 3 {
		t.Errorf("%q", wrong)
	}
	for text, want := range map[string]int{
		"go test ./a -run 'Plan\\|Seal' -v": 0, "go test ./... -run xxx -fuzz FuzzSeal": 0, "go test ./a ./b -bench Seal": 0,
		"`go test ./b -run Plan`": 1, "go test ./a -run 'Plan|Other|More'": 2, "go test ./a/... -run IsOpen": 1, "go build ./a -run No": 0,
	} {
		if got := unmatched(text, tests); len(got) != want {
			t.Errorf("%s: %q", text, got)
		}
	}
}
