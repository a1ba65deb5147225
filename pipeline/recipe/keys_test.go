package recipe

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"slm/pipeline/schema"
	"slm/recipes"
)

// validator is the JSON Schema that editors use.
func validator(t *testing.T) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	if err := c.AddResource("recipe.json", throughJSON(t, JSONSchema())); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("recipe.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func throughJSON(t *testing.T, v any) any {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	out, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func document(t *testing.T, text []byte) any {
	t.Helper()
	var v any
	if err := yaml.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return throughJSON(t, v)
}

func TestJSONSchema_FitsEveryShippedRecipe(t *testing.T) {
	s := validator(t)
	for _, name := range Names(recipes.Files) {
		text, err := fs.ReadFile(recipes.Files, name+".yaml")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(document(t, text)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		r, err := Load(Source{Name: name, Shipped: recipes.Files})
		if err != nil {
			t.Fatal(err)
		}
		if text, err = r.Resolved(); err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(document(t, text)); err != nil {
			t.Errorf("%s, resolved: %v", name, err)
		}
	}
}

// TestKeys_EveryOneIsDocumentedAndGuardedByBothChecks goes through the keys by reflection, so that a new one is covered by itself.
func TestKeys_EveryOneIsDocumentedAndGuardedByBothChecks(t *testing.T) {
	s := validator(t)
	for _, k := range Keys() {
		if k.Meaning == "" {
			t.Errorf("%s has no tag doc: say on its field what it means", k.Path)
		}
		if Unknown(k.Path) != nil || Unknown(k.Path+"x") == nil {
			t.Errorf("%s: %v, and with an x behind it %v", k.Path, Unknown(k.Path), Unknown(k.Path+"x"))
		}
		for what, value := range map[string]any{"a table of unknown fields": map[string]any{"frob": 1}, "nothing": nil, "a list of lists": []any{[]any{}}} {
			doc := value
			parts := strings.Split(k.Path, ".")
			for i := len(parts) - 1; i >= 0; i-- {
				doc = map[string]any{parts[i]: doc}
			}
			if m := doc.(map[string]any); m["slm"] == nil && parts[0] != "slm" {
				m["slm"] = 1
			}
			if s.Validate(throughJSON(t, doc)) == nil {
				t.Errorf("%s: the JSON Schema takes %s", k.Path, what)
			}
			text, err := yaml.Marshal(doc)
			if err != nil {
				t.Fatal(err)
			}
			dir := write(t, map[string]string{"r.yaml": string(text)})
			_, err = Load(Source{Name: filepath.Join(dir, "r.yaml")})
			if err == nil || !strings.Contains(err.Error(), k.Path) {
				t.Errorf("%s: the loader takes %s: %v", k.Path, what, err)
			}
		}
	}
}

func TestKeys_DefaultOfEveryOneIsAcceptedByItsChecks(t *testing.T) {
	for _, k := range Keys() {
		if k.Section() || k.Value == "none" || k.Value == "empty" || k.Value == "unknown" || k.Value == "all" || k.Value == "required" || k.Path == "name" {
			continue // words for what is absent
		}
		if k.Path == "stages.find.server.provider" {
			continue // that section has the keys of llm and other providers: its default is for llm
		}
		r := Default()
		settings, problems := flags([]string{k.Path + "=" + k.Value})
		_, more := schema.Decode(&r, schema.Settings("-s", settings)...)
		for _, p := range append(problems, more...) {
			if p.File == "-s" {
				t.Errorf("%s: %s", k.Path, p)
			}
		}
	}
}

func TestLoad_TextThatCannotBeReadHidesNoOtherMistake(t *testing.T) {
	dir := write(t, map[string]string{
		"base.yaml": "slm: 1\nmodel: {width: [}\neval: {itms: 3}\n",
		"r.yaml":    "slm: 1\nextends: base.yaml\nmodel:\n\tlayers: 3\nstages: {dp: {btch: 1}}\n",
	})
	_, err := Load(Source{Name: filepath.Join(dir, "r.yaml"), Env: []string{"SLM_SED=1"}, Set: []string{"seed=x", "frob"}})
	if err == nil {
		t.Fatal("loads")
	}
	for _, want := range []string{"base.yaml:2:", `base.yaml:3:8: unknown field "itms"`, "r.yaml:4:", `r.yaml:5:15: unknown field "btch"`, `environment:1:5: unknown field "sed"`, "-s:1:6: seed: a whole", "-s:2:1: a setting is"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("missing %q in\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), "model.context") || strings.Contains(err.Error(), "name a source") {
		t.Errorf("what spans values is checked although they are not known:\n%v", err)
	}
}

func TestLoad_FileThatNeverEndsIsReadToTheLimit(t *testing.T) {
	if _, err := os.Stat("/dev/zero"); err != nil {
		t.Skip(err)
	}
	if _, err := Load(Source{Name: "/dev/zero"}); err == nil || !strings.Contains(err.Error(), "too long for a recipe") {
		t.Error(err)
	}
	dir := write(t, map[string]string{"r.yaml": "slm: 1\nextends: /dev/zero\n"})
	if _, err := Load(Source{Name: filepath.Join(dir, "r.yaml")}); err == nil || !strings.Contains(err.Error(), "is no file") {
		t.Error(err)
	}
}

// FuzzLoad_AnyTextIsReadOrRefused feeds the whole compiler: file, base, variable and setting.
func FuzzLoad_AnyTextIsReadOrRefused(f *testing.F) {
	for _, name := range Names(recipes.Files) {
		text, err := fs.ReadFile(recipes.Files, name+".yaml")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text), minimal, "stages.dp.tokens=2M", "SLM_SEED=3")
	}
	f.Add(minimal+"extends: base\n", "slm: 1\nmodel: {layers: 2, width: 64}\n", "data.corpus.only=[MIT, '0BSD']", "SLM_EVAL__SYSTEMS=llm,blade")
	f.Add("slm: 1\nextends: r\n", "extends: base", "name=\"\\e[2J\"", "SLM_A__\x1b=1")
	f.Add("slm: 1\n---\nslm: 1\n", "a: &a [*a]\nb: !!str 1\n<<: *a\n", "=", "SLM_=")
	f.Add("slm: 1_0\nseed: 1e-4\nmodel:\n\tlayers: no\nmodel: {tied: off}\n", "\ufeffslm: 1\r\nname: 2024\r\n", "seed", "SLM_MODEL__LAYERS")
	f.Add("data: {corpus: {path: ["+strings.Repeat("[", 70)+"\n", "llm: {price: {input: 1e400}, timeout: 1h30}\n", "data.forms.place={title}: {x}", "SLM_LLM__PRICE__INPUT=1")
	f.Fuzz(func(t *testing.T, text, base, set, env string) {
		shipped := fstest.MapFS{"r.yaml": {Data: []byte(text)}, "base.yaml": {Data: []byte(base)}}
		r, err := Load(Source{Name: "r", Shipped: shipped, Set: []string{set}, Env: []string{env}})
		if err != nil {
			if message := err.Error(); message == "" || strings.ContainsAny(message, "\x00\x07\x1b\x7f\u009b\u202e") {
				t.Fatalf("%q", message)
			}
			return
		}
		copied, err := r.Resolved()
		if err != nil {
			t.Fatal(err)
		}
		again, err := Load(Source{Name: "copy", Shipped: fstest.MapFS{"copy.yaml": {Data: copied}}})
		if err != nil {
			t.Fatalf("%v\n%s", err, copied)
		}
		if third, err := again.Resolved(); err != nil || string(third) != string(copied) {
			t.Fatalf("%v\n%s\n%s", err, copied, third)
		}
	})
}
