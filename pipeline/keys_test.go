package pipeline

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"slm/checkpoint"
	"slm/pipeline/recipe"
	"slm/recipes"
	"slm/stages/all"
)

// planOf plans a recipe whose stages are fakes: what is planned depends on the recipe alone.
func planOf(t *testing.T, r *recipe.Recipe, dir, id string) *Plan {
	t.Helper()
	job := &Job{Dir: dir, Name: "t", ID: id, Recipe: []byte("slm: 1\n"), Class: r.Numerics, Steps: steps(r, nil)}
	for i := range job.Steps {
		job.Steps[i].Stage = &fake{name: job.Steps[i].Name, text: job.Steps[i].Name}
		job.Steps[i].Asks = false
	}
	p, err := New(job, Choice{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPlan_EditedKeyRerunsItsStageAndThoseAfter(t *testing.T) {
	dir := t.TempDir()
	before := base(t)
	p := planOf(t, &before, dir, "0123456789abcdef")
	if _, err := p.Execute(t.Context(), deps()); err != nil {
		t.Fatal(err)
	}
	old := prints(t, &before, nil)
	for i, key := range keys() {
		after := base(t)
		flip(t, &after, key)
		changed := touched(old, prints(t, &after, nil))
		for _, s := range planOf(t, &after, dir, fmt.Sprintf("%016x", i+1)).Stages {
			want := []string{Adopt}
			if slices.Contains(changed, s.Stage) {
				want = []string{Run}
			}
			if !slices.Contains(want, s.Action) {
				t.Errorf("%s changes %v, and %s is planned as %s (%s)", key, changed, s.Stage, s.Action, s.Why)
			}
		}
	}
}

// reversed writes a YAML value with the keys of every mapping in the opposite rundir.Order.
func reversed(v any) any {
	switch v := v.(type) {
	case yaml.MapSlice:
		out := make(yaml.MapSlice, len(v))
		for i, item := range v {
			out[len(v)-1-i] = yaml.MapItem{Key: item.Key, Value: reversed(item.Value)}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = reversed(v[i])
		}
		return out
	}
	return v
}

func TestPlan_ShippedRecipeWithItsKeysReversedAndCommentsAddedIsTheSameRun(t *testing.T) {
	dir := t.TempDir()
	for _, name := range recipe.Names(recipes.Files) {
		text, err := fs.ReadFile(recipes.Files, name+".yaml")
		if err != nil {
			t.Fatal(err)
		}
		var tree yaml.MapSlice
		if err := yaml.UnmarshalWithOptions(text, &tree, yaml.UseOrderedMap()); err != nil {
			t.Fatal(err)
		}
		turned, err := yaml.Marshal(reversed(tree))
		if err != nil {
			t.Fatal(err)
		}
		commented := "# a remark\n\n" + strings.ReplaceAll(string(turned), "\n", "\n# another: [{\n")
		jobs := make([]map[string]string, 0, 2)
		for i, text := range []string{string(text), commented} {
			file := filepath.Join(dir, fmt.Sprint(i), name+".yaml")
			if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
				t.Fatal(err)
			}
			r, err := recipe.Load(recipe.Source{Name: file, Shipped: recipes.Files, Env: []string{"SLM_DATA=" + dir}})
			if err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			id, err := checkpoint.HashJSON(r.Identity())
			if err != nil {
				t.Fatal(err)
			}
			all := prints(t, &r.Recipe, nil)
			all["the run's folder"] = id
			jobs = append(jobs, all)
		}
		for what, digest := range jobs[0] {
			if jobs[1][what] != digest {
				t.Errorf("%s: %s is another one:\n%s", name, what, commented)
			}
		}
	}
}

// reader type-checks this module's packages from their sources, without what they import from elsewhere, and notes which fields are read.
type reader struct {
	set   *token.FileSet
	done  map[string]*types.Package
	read  map[types.Object]bool // fields that stand in an expression, but for the left side of an assignment
	paths map[string]bool       // keys that are read by their paths, with stages.Get
}

const root = ".."

// Import parses and checks a package; one of another module is empty.
func (r *reader) Import(path string) (*types.Package, error) {
	folder, ours := strings.CutPrefix(path, "slm/")
	if p := r.done[path]; p != nil {
		return p, nil
	}
	if !ours {
		p := types.NewPackage(path, filepath.Base(path))
		p.MarkComplete()
		r.done[path] = p
		return p, nil
	}
	names, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(folder), "*.go"))
	if err != nil {
		return nil, err
	}
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(r.set, name, nil, 0)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	info := &types.Info{Selections: map[*ast.SelectorExpr]*types.Selection{}}
	config := types.Config{Importer: r, Error: func(error) {}, FakeImportC: true}
	p, _ := config.Check(path, r.set, files, info) // what comes from elsewhere is unknown, which is an error each time
	r.done[path] = p
	for _, f := range files {
		r.note(f, info)
	}
	return p, nil
}

// note marks the fields that a file reads. Default and Validate are left out: a key that only they know is dead.
func (r *reader) note(f *ast.File, info *types.Info) {
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && (strings.HasPrefix(fn.Name.Name, "Default") || strings.HasPrefix(strings.ToLower(fn.Name.Name), "validate") || fn.Name.Name == "Check") {
			continue
		}
		written := map[ast.Expr]bool{}
		ast.Inspect(d, func(n ast.Node) bool {
			if a, ok := n.(*ast.AssignStmt); ok && a.Tok == token.ASSIGN {
				for _, left := range a.Lhs {
					written[left] = true
				}
			}
			if call, ok := n.(*ast.CallExpr); ok {
				r.got(call)
			}
			if s, ok := n.(*ast.SelectorExpr); ok && !written[s] && info.Selections[s] != nil {
				r.read[info.Selections[s].Obj()] = true
			}
			return true
		})
	}
}

// got notes a key that stages.Get or stages.At reads by its path.
func (r *reader) got(call *ast.CallExpr) {
	generic, ok := call.Fun.(*ast.IndexExpr)
	if !ok || len(call.Args) != 2 {
		return
	}
	name, isName := generic.X.(*ast.SelectorExpr)
	path, isText := call.Args[1].(*ast.BasicLit)
	if isName && isText && (name.Sel.Name == "Get" || name.Sel.Name == "At") {
		r.paths[strings.Trim(path.Value, `"`)] = true
	}
}

// loaders are the keys that the loader reads from the text, and Check; and the section of sections.
var loaders = []string{"slm", "extends", "stages"}

// TestKeys_EveryOneIsReadByTheProgram finds, for the field behind each key, code that reads it: in a fingerprint a key can stand that nothing obeys.
// A key of which one word alone may be said names what is done, and asks for nothing.
func TestKeys_EveryOneIsReadByTheProgram(t *testing.T) {
	r := &reader{set: token.NewFileSet(), done: map[string]*types.Package{}, read: map[types.Object]bool{}, paths: map[string]bool{}}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if name := d.Name(); strings.HasPrefix(name, ".") && name != ".." || name == "testdata" || name == "runs" || name == "scripts" {
			return fs.SkipDir
		}
		if found, _ := filepath.Glob(filepath.Join(path, "*.go")); len(found) == 0 || path == root {
			return nil
		}
		folder, err := filepath.Rel(root, path)
		if err == nil {
			_, err = r.Import("slm/" + filepath.ToSlash(folder))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	top := r.done["slm/pipeline/recipe"].Scope().Lookup("Recipe")
	keys := 0
	var walk func(typ types.Type, prefix string)
	walk = func(typ types.Type, prefix string) {
		if p, ok := typ.Underlying().(*types.Pointer); ok {
			typ = p.Elem()
		}
		s, ok := typ.Underlying().(*types.Struct)
		if !ok {
			return
		}
		for i := range s.NumFields() {
			name := reflect.StructTag(s.Tag(i)).Get("yaml")
			if name == "" || name == "-" {
				continue
			}
			path := strings.TrimPrefix(prefix+"."+name, ".")
			keys++
			only := reflect.StructTag(s.Tag(i)).Get("oneof")
			if alone := only != "" && !strings.Contains(only, "|"); !r.read[s.Field(i)] && !r.paths[path] && !alone && !slices.Contains(loaders, path) {
				t.Errorf("nothing reads %s (field %s)", path, s.Field(i).Name())
			}
			walk(s.Field(i).Type(), path)
		}
	}
	walk(top.Type(), "")
	for _, d := range all.Defs() {
		if d.Section != nil {
			section := d.Section.Type()
			walk(r.done[section.PkgPath()].Scope().Lookup(section.Name()).Type(), d.Path())
		}
	}
	if keys < 80 {
		t.Errorf("only %d keys and sections were looked at", keys)
	}
}
