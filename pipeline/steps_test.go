package pipeline

import (
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"slm/pipeline/recipe"
	"slm/pipeline/schema"
	"slm/recipes"
	"slm/stages"
	"slm/stages/all"
	"slm/stages/task"
)

// prints is the fingerprint of every stage of a recipe.
func prints(t *testing.T, r *recipe.Recipe, inputs map[string]string) map[string]string {
	t.Helper()
	f, err := fingerprints(steps(r, inputs), r.Numerics) // as a class that the recipe pins
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// touched lists the stages whose fingerprints differ.
func touched(a, b map[string]string) []string {
	var out []string
	for _, stage := range all.Names() {
		if a[stage] != b[stage] {
			out = append(out, stage)
		}
	}
	return out
}

func base(t *testing.T) recipe.Recipe {
	t.Helper()
	r, err := recipe.Load(recipe.Source{Name: "legal", Shipped: recipes.Files, Set: []string{"stages.find.fuse=learned", "stages.rft.samples=2", "stages.reason.tasks=9"}})
	if err != nil {
		t.Fatal(err)
	}
	return r.Recipe
}

// keys lists the paths of a recipe's values.
func keys() (paths []string) {
	for _, k := range recipe.Keys() {
		if !k.Section() {
			paths = append(paths, k.Path)
		}
	}
	return paths
}

func TestFingerprint_NoFieldIsDead(t *testing.T) {
	whole := base(t)
	first := map[string]string{ // the earliest stage that each section may touch
		"seed": "data", "numerics": "data", "model": "dp", "adapter": "dp", "tokenizer": "data", "data": "data", "llm": "kit", "stages.dp": "dp", "stages.kit": "kit", "stages.rft": "rft", "stages.reason": "reason", "stages.find": "find", "stages.bpo": "bpo", "eval": "eval", "update": "data", "stages.task": "task",
	}
	seen, files := 0, schema.Tagged(&whole, "kind", "path")
	for _, key := range keys() {
		before, after := base(t), base(t)
		fill(&before, key)
		old := prints(t, &before, nil)
		flip(t, &after, key)
		changed := touched(old, prints(t, &after, nil))
		switch {
		case slices.Contains(files, key): // their digests stand for it
			with := prints(t, &before, map[string]string{key: "a"})
			if again := prints(t, &before, map[string]string{key: "b"}); len(touched(with, again)) == 0 || len(changed) != 0 {
				t.Errorf("%s: its files' digest changes nothing, or its text does: %v", key, changed)
			}
		case recipe.Operational(key):
			if len(changed) != 0 {
				t.Errorf("%s is operational but changes %v", key, changed)
			}
		case len(changed) == 0:
			t.Errorf("%s is dead: no fingerprint changes with it", key)
		default:
			known := false
			for section, stage := range first {
				known = known || key == section || strings.HasPrefix(key, section+".")
				if key == section || strings.HasPrefix(key, section+".") {
					seen++
					if key == "eval.knowledge" { // one length for all who give the LLM knowledge, so that trials are comparable with the table
						stage = "kit"
					}
					if key == "model.from" { // brings its tokenizer
						stage = "data"
					}
					if key == "data.aliases" { // the names of documents matter to the search alone
						stage = "find"
					}
					want := all.Names()[slices.Index(all.Names(), stage):]
					switch stage {
					case "task":
					case "reason": // no other stage reads its model
						want = want[:1]
					default:
						want = want[:len(want)-1] // task stands in the place of eval, where a recipe has it
					}
					if !slices.Equal(changed, want) {
						t.Errorf("%s changes %v, want %v", key, changed, want)
					}
				}
			}
			if !known {
				t.Errorf("%s stands in a section of which this test does not know the first stage", key)
			}
		}
	}
	if seen < 50 {
		t.Errorf("only %d keys were looked at", seen)
	}
}

// fill makes the sections around a key that are absent.
func fill(r *recipe.Recipe, key string) {
	if strings.HasPrefix(key, "stages.task.") {
		stages.At[task.Config](r, "stages.task").Kind = task.Classify
	}
	for at := range len(key) {
		if key[at] != '.' {
			continue
		}
		if v, ok := schema.At(r, key[:at]); ok && v.Kind() == reflect.Pointer && v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
			if d, ok := v.Interface().(schema.Defaulted); ok {
				d.SetDefaults()
			}
		}
	}
}

// flip changes a leaf to another value of its type.
func flip(t *testing.T, r *recipe.Recipe, key string) {
	t.Helper()
	fill(r, key)
	v, ok := schema.At(r, key)
	if !ok {
		t.Fatalf("there is no key %s", key)
	}
	var change func(v reflect.Value)
	change = func(v reflect.Value) {
		switch {
		case v.Kind() == reflect.Bool:
			v.SetBool(!v.Bool())
		case v.CanInt():
			v.SetInt(v.Int() + 1)
		case v.CanUint():
			v.SetUint(v.Uint() + 1)
		case v.CanFloat():
			v.SetFloat(v.Float() + 0.125)
		case v.Kind() == reflect.String:
			v.SetString(v.String() + "x")
		case v.Kind() == reflect.Slice && v.Len() > 1:
			v.Set(v.Slice(0, v.Len()-1))
		case v.Kind() == reflect.Slice:
			v.Set(reflect.Append(v.Slice3(0, v.Len(), v.Len()), reflect.New(v.Type().Elem()).Elem()))
		case v.Kind() == reflect.Array:
			change(v.Index(0))
		case v.Kind() == reflect.Map:
			item := reflect.New(v.Type().Elem()).Elem()
			change(item)
			v.Set(reflect.MakeMap(v.Type()))
			v.SetMapIndex(reflect.ValueOf("x"), item)
		default:
			t.Fatalf("%s: cannot flip a %s", key, v.Type())
		}
	}
	change(v)
}

func TestFingerprint_KernelAndFormatAreInEveryOne(t *testing.T) {
	r := base(t)
	list := steps(&r, nil)
	a, err := fingerprints(list, "onednn")
	if err != nil {
		t.Fatal(err)
	}
	b, err := fingerprints(list, "go")
	if err != nil {
		t.Fatal(err)
	}
	list[1].Format++
	c, err := fingerprints(list, "onednn")
	if err != nil {
		t.Fatal(err)
	}
	names := slices.DeleteFunc(all.Names(), func(n string) bool { return n == stages.Task }) // which the recipe does not have
	if !slices.Equal(touched(a, b), names) || !slices.Equal(touched(a, c), names[1:]) {
		t.Fatal(touched(a, b), touched(a, c))
	}
}

func TestFingerprint_CommentsAndOrderOfKeysChangeNothing(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) *Job {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		r, err := recipe.Load(recipe.Source{Name: path})
		if err != nil {
			t.Fatal(err)
		}
		job, err := Build(r, dir, "kernel", nil, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		return job
	}
	a := write("a.yaml", "slm: 1\nname: t\nseed: 3\nmodel: {layers: 2, width: 64}\ndata: {corpus: {from: builtin:licenses}}\n")
	b := write("b.yaml", "# remark\ndata:\n  corpus:\n    from: builtin:licenses   # built in\nmodel:\n  width: 6_4\n  layers: 2\n  tied: true\nseed: 3\nname: t\nslm: 1\n")
	c := write("c.yaml", "slm: 1\nname: t\nseed: 3\nmodel: {layers: 3, width: 64}\ndata: {corpus: {from: builtin:licenses}}\n")
	if a.ID != b.ID || a.Folder() != b.Folder() {
		t.Error("the same recipe has two folders")
	}
	if a.ID == c.ID {
		t.Error("two recipes have one folder")
	}
}

func TestFingerprint_InputFilesCountByContentAndNotByFolder(t *testing.T) {
	build := func(dir, text string) *Job {
		if err := os.MkdirAll(filepath.Join(dir, "law"), 0o777); err != nil {
			t.Fatal(err)
		}
		for name, content := range map[string]string{"r.yaml": "slm: 1\nname: t\ndata: {corpus: {path: \"law/*.txt\"}}\n", "law/a.txt": text} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		r, err := recipe.Load(recipe.Source{Name: filepath.Join(dir, "r.yaml")})
		if err != nil {
			t.Fatal(err)
		}
		job, err := Build(r, dir, "kernel", nil, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		return job
	}
	here, there := t.TempDir(), t.TempDir()
	a, b := build(here, "one"), build(there, "one")
	if a.ID != b.ID {
		t.Error("a corpus that moved is another corpus")
	}
	if c := build(here, "two"); c.ID == a.ID {
		t.Error("a corpus that changed is the same corpus")
	}
}

func TestInputs_DigestsAreRememberedUntilTheFileChanges(t *testing.T) {
	dir := t.TempDir()
	path, memory := filepath.Join(dir, "a.txt"), filepath.Join(dir, "digests.json")
	if err := os.WriteFile(path, []byte("one"), 0o666); err != nil {
		t.Fatal(err)
	}
	past := time.Now().Add(-time.Hour)
	if err := os.Chtimes(path, past, past); err != nil {
		t.Fatal(err)
	}
	d := openDigests(memory, time.Now)
	first, err := d.file(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.save(); err != nil {
		t.Fatal(err)
	}
	d = openDigests(memory, time.Now)
	d.known[path] = knownDigest{d.known[path].Size, d.known[path].Changed, "remembered"}
	if got, _ := d.file(path); got != "remembered" {
		t.Error("hashed again")
	}
	if err := os.WriteFile(path, []byte("two"), 0o666); err != nil {
		t.Fatal(err)
	}
	second, err := d.file(path)
	if err != nil || second == "remembered" || second == first {
		t.Error("a changed file has its old digest")
	}
	if _, kept := d.known[path]; kept && d.known[path].SHA256 == second {
		t.Error("the digest of a file that changed this moment is remembered")
	}
	if err := os.WriteFile(memory, []byte("not json"), 0o666); err != nil {
		t.Fatal(err)
	}
	if d := openDigests(memory, time.Now); len(d.known) != 0 {
		t.Error(slices.Collect(maps.Keys(d.known)))
	}
}
