package recipe

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"slm/data/source"
	"slm/llm"
	"slm/model/weights"
	"slm/pipeline/schema"
	"slm/stages/all"
)

// ErrUsage marks a recipe that cannot be found or read at all, and settings that are no KEY=VALUE.
var ErrUsage = errors.New("recipe: cannot be used")

// Source says where a recipe and what overrides it come from.
type Source struct {
	Name    string   // a file, or the name of a shipped recipe
	Shipped fs.FS    // the recipes inside the program; nil = none
	Set     []string // KEY=VALUE, in the order of the flags
	Env     []string // as os.Environ gives it; variables SLM_A__B set a.b
}

// Loaded is a checked recipe with where its values came from.
type Loaded struct {
	Recipe
	File    string                   // as the user named it
	Origins map[string]schema.Origin // by dotted path; a value without an origin is a default
}

// reserved are variables that begin like settings but are read elsewhere: by the program, its set-up or its tests. So are those that begin
// with SLM_TEST_.
var reserved = []string{"SLM_CPU", source.Variable, "SLM_DIR", "SLM_GEMMA_TERMS", "SLM_KERNEL", "SLM_MPI", "SLM_NO_WEIGHTS", "SLM_ONEDNN", "SLM_PYTHON", "SLM_REPORT_SAMPLE", "SLM_STORE"}

// Load reads a recipe, those it extends, the environment and the settings, and checks them together. A schema.Problems error
// holds every mistake; ErrUsage says that there is no recipe to read.
func Load(src Source) (*Loaded, error) {
	l := loader{shipped: src.Shipped}
	if err := l.open(src.Name, "", nil, 0); err != nil {
		return nil, err
	}
	decode := schema.Decode
	if len(l.problems) > 0 { // what a text that cannot be read would have said is not known: nothing that spans values is to be checked
		decode = schema.Read
	}
	l.layers = append(l.layers, schema.Settings("environment", environment(src.Env))...)
	settings, problems := flags(src.Set)
	l.problems = append(l.problems, problems...)
	l.layers = append(l.layers, schema.Settings("-s", settings)...)

	out := &Loaded{Recipe: Default(), File: src.Name}
	out.Name = strings.TrimSuffix(filepath.Base(src.Name), filepath.Ext(src.Name))
	var decoded schema.Problems
	out.Origins, decoded = decode(&out.Recipe, l.layers...)
	l.problems = append(l.problems, decoded...)
	l.problems = append(l.problems, out.leaveOut(l.layers)...)
	if err := l.problems.Sort().Err(); err != nil {
		return nil, err
	}
	out.Extends = ""
	if err := out.anchor(src.Env); err != nil {
		return out, err
	}
	if err := out.continueFrom(); err != nil {
		return out, err
	}
	if err := out.begin(); err != nil {
		return out, err
	}
	out.complete()
	out.drop()
	out.plainSeed()
	return out, nil
}

// drop leaves out the second exam where it may be missing and one of its files is. The resolved recipe has no such exam then.
func (l *Loaded) drop() {
	asked := &l.Data.Asked
	gone := func(file string) bool { _, err := os.Stat(file); return errors.Is(err, fs.ErrNotExist) }
	if asked.Optional && slices.ContainsFunc(asked.File, gone) {
		asked.File, asked.Fields, asked.Absent = []string{}, nil, true
	}
}

// plainSeed leaves out a seed of the data that is the recipe's: a run that names it is the run that does not.
func (l *Loaded) plainSeed() {
	if l.Data.Seed == l.Seed {
		l.Data.Seed = 0
	}
}

// complete fills in what follows from other keys, where no layer names it.
func (l *Loaded) complete() {
	named := func(path string) bool { _, ok := l.Origins[path]; return ok }
	for _, d := range all.Defs() {
		if d.Section != nil && d.Section.Complete != nil {
			d.Section.Complete(l, named)
		}
	}
}

// loader collects the layers of a chain of recipes, the base first.
type loader struct {
	shipped  fs.FS
	layers   []*schema.Layer
	problems schema.Problems
	seen     []string
}

// open reads a recipe and, before it, what it extends. from is the folder that a relative name starts at, place where it is named.
func (l *loader) open(name, from string, place *schema.Place, depth int) error {
	file, data, err := l.read(name, from)
	if err != nil {
		if place == nil {
			return err
		}
		l.problems = append(l.problems, schema.Problem{Place: *place, What: fmt.Sprintf("cannot extend %q", name), Note: err.Error()})
		return nil
	}
	if slices.Contains(l.seen, file) || depth > 16 {
		l.problems = append(l.problems, schema.Problem{Place: *place, What: fmt.Sprintf("%q extends itself", name)})
		return nil
	}
	l.seen = append(l.seen, file)
	kind := "recipe"
	if depth > 0 {
		kind = "extends"
	}
	layer, problems := schema.File(kind, file, data)
	l.problems = append(l.problems, problems...)
	if layer == nil {
		return nil
	}
	if base, at, ok := layer.Text("extends"); ok {
		if err := l.open(base, filepath.Dir(file), &at, depth+1); err != nil {
			return err
		}
	}
	l.layers = append(l.layers, layer)
	return nil
}

// read finds a recipe: a file first, then a shipped one of that name.
func (l *loader) read(name, from string) (file string, data []byte, err error) {
	file = name
	if !filepath.IsAbs(name) && from != "" && from != "." {
		file = filepath.Join(from, name)
	}
	info, err := os.Stat(file)
	switch {
	case err == nil && info.IsDir():
		err = fmt.Errorf("%w: %s is a folder", ErrUsage, file)
	case err == nil && from != "" && !info.Mode().IsRegular():
		err = fmt.Errorf("%w: %s is no file", ErrUsage, file) // a pipe or a device would be waited for
	case err == nil:
		data, err = head(file, schema.MaxSize+1)
		return file, data, err
	case l.shipped != nil && fs.ValidPath(name+".yaml") && !strings.ContainsAny(name, `/\`):
		shipped := strings.TrimSuffix(name, ".yaml") + ".yaml"
		if data, serr := fs.ReadFile(l.shipped, shipped); serr == nil {
			return shipped, data, nil
		}
		err = fmt.Errorf("%w: there is no file %q and no recipe of that name in the program (which has: %s)", ErrUsage, name, strings.Join(Names(l.shipped), ", "))
	case errors.Is(err, fs.ErrNotExist):
		err = fmt.Errorf("%w: there is no file %q", ErrUsage, file)
	default:
		err = fmt.Errorf("%w: %w", ErrUsage, err)
	}
	return "", nil, err
}

// head reads a file, of a long one no more than the first most bytes.
func head(file string, most int64) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUsage, err)
	}
	data, err := io.ReadAll(io.LimitReader(f, most))
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUsage, err)
	}
	return data, nil
}

// Names lists the recipes in a file system, sorted, without their ending.
func Names(shipped fs.FS) []string {
	files, err := fs.Glob(shipped, "*.yaml")
	if err != nil {
		return nil
	}
	for i, f := range files {
		files[i] = strings.TrimSuffix(f, ".yaml")
	}
	slices.Sort(files)
	return files
}

// environment turns SLM_STAGES__DP__TOKENS=4M into a setting of stages.dp.tokens, sorted by name.
func environment(env []string) []schema.Setting {
	var out []schema.Setting
	for _, text := range slices.Sorted(slices.Values(env)) {
		name, value, ok := strings.Cut(text, "=")
		rest, mine := strings.CutPrefix(name, "SLM_")
		if !ok || !mine || slices.Contains(reserved, name) || strings.HasPrefix(rest, "TEST_") {
			continue
		}
		key := strings.ToLower(strings.ReplaceAll(rest, "__", "."))
		out = append(out, schema.Setting{Place: "environment", Text: text, Key: key, Value: value, At: len(name) + 1, Index: len(out) + 1})
	}
	return out
}

// flags splits KEY=VALUE.
func flags(set []string) ([]schema.Setting, schema.Problems) {
	var out []schema.Setting
	var problems schema.Problems
	for i, text := range set {
		key, value, ok := strings.Cut(text, "=")
		if !ok || key == "" {
			problems = append(problems, schema.Problem{
				Place: schema.Place{File: "-s", Line: i + 1, Col: 1, Len: len(text), Text: text},
				What:  "a setting is KEY=VALUE", Note: "such as stages.dp.tokens=4M",
			})
			continue
		}
		out = append(out, schema.Setting{Place: "-s", Text: text, Key: key, Value: value, At: len([]rune(key)) + 1, Index: i + 1})
	}
	return out, problems
}

// anchor makes every path absolute: one from a recipe starts at its folder, one from a flag or a variable where the program runs, and
// ${SLM_DATA} where the data lies.
func (l *Loaded) anchor(env []string) error {
	var failed error
	boxes, sections := schema.Every[llm.Config](&l.Recipe)
	for i, path := range boxes {
		ref, ok := sections[i].Reference()
		if !ok {
			continue
		}
		from := ""
		if o := l.Origins[path+".model"]; o.Layer == "recipe" || o.Layer == "extends" {
			from = filepath.Dir(o.File)
		}
		ref, err := ref.Absolute(from)
		failed = errors.Join(failed, err)
		sections[i].Model = ref.String()
	}
	getenv := func(name string) string {
		for _, e := range env {
			if v, ok := strings.CutPrefix(e, name+"="); ok {
				return v
			}
		}
		return ""
	}
	if s, ok := weights.FindShipped(l.Model.From); ok {
		ref, err := s.In(getenv)
		failed = errors.Join(failed, err)
		l.Model.From = ref.String()
	}
	for key, text := range map[string]*string{fromKey: &l.Model.From, updateKey: &l.Update.From} {
		ref, ok, err := weights.Parse(*text)
		if !ok || err != nil {
			continue // what is no reference is told by the checks
		}
		from := ""
		if o := l.Origins[key]; o.Layer == "recipe" || o.Layer == "extends" {
			from = filepath.Dir(o.File)
		}
		ref, err = ref.Absolute(from)
		failed = errors.Join(failed, err)
		*text = ref.String()
	}
	schema.Walk(&l.Recipe, func(path string, v reflect.Value, tag reflect.StructTag) {
		if tag.Get("kind") != "path" {
			return
		}
		from := ""
		if o, ok := l.Origins[path]; ok && (o.Layer == "recipe" || o.Layer == "extends") {
			from = filepath.Dir(o.File)
		}
		folders := source.Folders(getenv, ".", from, filepath.Join(from, ".."))
		fix := func(v reflect.Value) {
			if found := source.Resolve(v.String(), folders); found != v.String() { // a folder near the program is named from where it runs
				abs, err := filepath.Abs(found)
				failed = errors.Join(failed, err)
				v.SetString(abs)
			}
			if p := v.String(); p != "" && !filepath.IsAbs(p) {
				abs, err := filepath.Abs(filepath.Join(from, p))
				failed = errors.Join(failed, err)
				v.SetString(abs)
			}
		}
		if v.Kind() == reflect.Slice {
			for i := range v.Len() {
				fix(v.Index(i))
			}
			return
		}
		fix(v)
	})
	return failed
}

// Resolved is the recipe as text with every value in it, which loads to the same recipe from anywhere.
func (r *Recipe) Resolved() ([]byte, error) {
	base := Default()
	text, err := schema.YAML(r, &base, func(path string) bool { return path == "extends" })
	if err != nil {
		return nil, fmt.Errorf("recipe: write resolved copy: %w", err)
	}
	return append([]byte("# Every value of this run, resolved: base recipes, settings and defaults included.\n"), text...), nil
}
