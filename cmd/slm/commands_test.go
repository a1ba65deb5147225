package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// constructors lists the functions of this package that make a command, and the files that they stand in.
func constructors(t *testing.T) (names, files []string) {
	t.Helper()
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range sources {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Recv != nil || !strings.HasPrefix(fn.Name.Name, "new") || fn.Type.Results == nil {
				continue
			}
			pointer, ok := fn.Type.Results.List[0].Type.(*ast.StarExpr)
			if !ok {
				continue
			}
			if of, ok := pointer.X.(*ast.SelectorExpr); ok && of.Sel.Name == "Command" {
				names, files = append(names, fn.Name.Name), append(files, name)
			}
		}
	}
	return names, files
}

func TestCommands_EveryFileOfOneIsInTheList(t *testing.T) {
	var listed []string
	for _, c := range commands {
		full := runtime.FuncForPC(reflect.ValueOf(c).Pointer()).Name()
		listed = append(listed, full[strings.LastIndexByte(full, '.')+1:])
	}
	names, files := constructors(t)
	for i, name := range names {
		if !slices.Contains(listed, name) {
			t.Errorf("%s in %s makes a command that is not in commands (app.go)", name, files[i])
		}
		if want := strings.ToLower(strings.TrimPrefix(name, "new")) + ".go"; files[i] != want {
			t.Errorf("%s stands in %s, not in %s", name, files[i], want)
		}
	}
	if len(names) != len(commands) || len(names) < 10 {
		t.Errorf("%d constructors, %d commands", len(names), len(commands))
	}
}

// readmeCommands are the lines of the README's list.
func readmeCommands(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), "\n## Commands\n")
	list, _, ok := strings.Cut(after, "\n## ")
	if !ok {
		t.Fatal("the README has no section Commands")
	}
	return regexp.MustCompile(`(?m)^    slm .*`).FindAllString(list, -1)
}

func TestCommands_TheReadmeListsThemAll(t *testing.T) {
	find := func(of *cobra.Command, name string) *cobra.Command {
		i := slices.IndexFunc(of.Commands(), func(c *cobra.Command) bool { return c.Name() == name })
		if i < 0 {
			t.Errorf("the README has slm %s %s, and the program does not", of.Name(), name)
			return nil
		}
		return of.Commands()[i]
	}
	root := (&app{}).root()
	listed := map[string]bool{}
	for _, line := range readmeCommands(t) {
		words := strings.Fields(line)
		cmd := find(root, words[1])
		listed[words[1]] = true
		if cmd == nil || len(words) < 3 {
			continue
		}
		if cmd.HasSubCommands() && strings.ToUpper(words[2]) != words[2] {
			for sub := range strings.SplitSeq(words[2], "|") {
				if found := find(cmd, sub); !strings.Contains(words[2], "|") && found != nil {
					cmd = found
				}
			}
		}
		for _, flag := range regexp.MustCompile(`--([a-z-]+)`).FindAllStringSubmatch(line, -1) {
			if cmd.Flags().Lookup(flag[1]) == nil {
				t.Errorf("the README gives slm %s the flag %s", cmd.Name(), flag[0])
			}
		}
	}
	for _, c := range root.Commands() {
		if !listed[c.Name()] && c.Name() != "help" && c.Name() != "completion" {
			t.Errorf("the README does not list slm %s", c.Name())
		}
	}
}

func TestCommands_EachHasWhatItsHelpNeeds(t *testing.T) {
	root := (&app{}).root()
	for _, c := range root.Commands() {
		if c.Name() == "help" || c.Name() == "completion" {
			continue
		}
		if c.GroupID == "" || c.Short == "" || strings.HasSuffix(c.Short, ".") {
			t.Errorf("slm %s: group %q, %q", c.Name(), c.GroupID, c.Short)
		}
	}
}
