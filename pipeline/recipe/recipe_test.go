package recipe

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"slm/pipeline/schema"
	"slm/recipes"
	"slm/stages"
	"slm/stages/bpo"
	"slm/stages/kit"
)

// sections lets recipes be compared with all that is in them.
var sections = cmp.AllowUnexported(Stages{})

const minimal = "slm: 1\nname: t\ndata: {corpus: {from: builtin:licenses}}\n"

// write puts files into a new folder.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestLoad_EveryShippedRecipeIsRead(t *testing.T) {
	names := Names(recipes.Files)
	if len(names) == 0 {
		t.Fatal("no recipe is shipped")
	}
	env := []string{"SLM_DATA=" + t.TempDir()}
	for _, name := range names {
		r, err := Load(Source{Name: name, Shipped: recipes.Files, Env: env})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if r.Name != name {
			t.Errorf("%s is called %s", name, r.Name)
		}
		if byPath, err := Load(Source{Name: filepath.Join("..", "..", "recipes", name+".yaml"), Shipped: recipes.Files, Env: env}); err != nil || !cmp.Equal(byPath.Recipe, r.Recipe, sections) {
			t.Errorf("%s: by path: %v %s", name, err, cmp.Diff(byPath.Recipe, r.Recipe, sections))
		}
	}
}

func TestLoad_ResolvedCopyIsTheSameRecipe(t *testing.T) {
	r, err := Load(Source{Name: "legal", Shipped: recipes.Files, Set: []string{"stages.dp.tokens=123", "data.corpus.only=[MIT, '0BSD']", "stages.bpo.controls=[none]", "data.corpus.path=[]", "data.forms.place=", "eval.knowledge=31"}})
	if err != nil {
		t.Fatal(err)
	}
	text, err := r.Resolved()
	if err != nil {
		t.Fatal(err)
	}
	dir := write(t, map[string]string{"recipe.yaml": string(text)})
	again, err := Load(Source{Name: filepath.Join(dir, "recipe.yaml")})
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	again.Data.Asked.Absent = r.Data.Asked.Absent // a copy names no file that could be missing
	if d := cmp.Diff(r.Recipe, again.Recipe, sections); d != "" {
		t.Fatalf("%s\n%s", d, text)
	}
	if n := again.Eval.Knowledge; n != 31 || stages.Get[kit.Config](again, "stages.kit").Passage != n || stages.Get[bpo.Config](again, "stages.bpo").Passage != n {
		t.Errorf("kit gives the LLM %d tokens, bpo %d, eval %d", stages.Get[kit.Config](again, "stages.kit").Passage, stages.Get[bpo.Config](again, "stages.bpo").Passage, n)
	}
	if again.Data.Forms.Place != "" {
		t.Errorf("an empty place became %q", again.Data.Forms.Place)
	}
}

func TestLoad_ListInBracketsIsASettingLikeAnyOther(t *testing.T) {
	dir := write(t, map[string]string{"r.yaml": "slm: 1\nname: t\ndata: {corpus: {path: [a.txt]}}\neval: {systems: [llm]}\n"})
	load := func(set ...string) (*Loaded, error) {
		return Load(Source{Name: filepath.Join(dir, "r.yaml"), Set: set})
	}
	r, err := load("data.corpus.path=[b.txt, c/*.txt]", "stages.dp.optim.betas=[0.5, 0.6]")
	if err != nil {
		t.Fatal(err)
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if p := r.Data.Corpus.Path; len(p) != 2 || p[0] != filepath.Join(here, "b.txt") || p[1] != filepath.Join(here, "c", "*.txt") {
		t.Errorf("paths start at the recipe's folder: %v", p)
	}
	for _, key := range []string{"data.corpus.path", "stages.dp.optim.betas"} {
		if r.Origins[key].Layer != "-s" {
			t.Errorf("%s comes from %+v", key, r.Origins[key])
		}
	}
	if _, err := load("eval.systems=[blad]"); err == nil || !strings.Contains(err.Error(), "-s:1:14: eval.systems: unknown system") {
		t.Errorf("a mistake found by Validate is shown elsewhere: %v", err)
	}
}

// TestVariables_EveryOneOfTheProgramIsReserved finds the names in the sources: one that is forgotten would be taken for an unknown key.
func TestVariables_EveryOneOfTheProgramIsReserved(t *testing.T) {
	name := regexp.MustCompile(`\bSLM_[A-Z]+(?:_[A-Z]+)*\b`)
	used := map[string]bool{}
	root := filepath.Join("..", "..")
	for _, top := range []string{"cmd", "checkpoint", "data", "llm", "model", "optim", "report", "rng", "scripts", "stages", "Makefile", ".ci"} {
		err := filepath.WalkDir(filepath.Join(root, top), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !slices.Contains([]string{".go", ".sh", ".py", ""}, filepath.Ext(path)) && filepath.Base(path) != "Makefile" {
				return err
			}
			text, err := os.ReadFile(path)
			for _, n := range name.FindAllString(string(text), -1) {
				used[n] = true
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if !used["SLM_KERNEL"] || !used["SLM_PYTHON"] {
		t.Fatalf("found %v", used)
	}
	isKey := func(path string) bool {
		return slices.ContainsFunc(Keys(), func(k schema.Key) bool { return !k.Section() && k.Path == path })
	}
	for n := range used {
		key := strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(n, "SLM_"), "__", "."))
		if s := environment([]string{n + "=x"}); len(s) > 0 && !isKey(key) {
			t.Errorf("%s is taken for the key %q", n, key)
		}
	}
}

func TestVariables_EveryOneThatIsNoKeyIsInTheRecipeReference(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "recipe.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range reserved {
		if !strings.Contains(string(text), "`"+name+"`") {
			t.Errorf("docs/recipe.md does not tell of %s", name)
		}
	}
}

func TestLoad_PrecedenceIsFlagThenEnvironmentThenRecipeThenBaseThenDefault(t *testing.T) {
	dir := write(t, map[string]string{
		"base.yaml":  "slm: 1\nseed: 1\ndata: {corpus: {path: base.txt}, exam: {choices: 5}}\nmodel: {layers: 1, width: 32, heads: 2, context: 64}\n",
		"sub/r.yaml": "slm: 1\nname: t\nextends: ../base.yaml\nmodel: {layers: 2}\nstages: {dp: {batch: 128}}\n",
	})
	r, err := Load(Source{
		Name: filepath.Join(dir, "sub", "r.yaml"),
		Env:  []string{"SLM_MODEL__LAYERS=3", "SLM_MODEL__KV_HEADS=1", "SLM_CPU=avx2", "HOME=/", "SLM_SEED=9"},
		Set:  []string{"model.layers=4", "stages.kit.pairs.from=both", "stages.kit.pairs.file=p.jsonl"},
	})
	if err != nil {
		t.Fatal(err)
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for what, ok := range map[string]bool{
		"flag":                        r.Model.Layers == 4,
		"environment":                 r.Model.KVHeads == 1 && r.Seed == 9,
		"recipe":                      stages.Get[int](r, "stages.dp.batch") == 128,
		"base":                        r.Model.Width == 32 && r.Data.Exam.Choices == 5,
		"default":                     r.Model.RopeTheta == 10000,
		"path from its own file":      r.Data.Corpus.Path[0] == filepath.Join(dir, "base.txt"),
		"path of a flag from here":    stages.Get[string](r, "stages.kit.pairs.file") == filepath.Join(here, "p.jsonl"),
		"origin of a base's value":    r.Origins["data.exam.choices"].Layer == "extends",
		"origin of a flag's value":    r.Origins["model.layers"].Layer == "-s",
		"origin of a default: none":   r.Origins["model.rope_theta"].Layer == "",
		"extends is gone when loaded": r.Extends == "",
	} {
		if !ok {
			t.Errorf("%s: %+v", what, r.Recipe)
		}
	}
}

func TestLoad_MistakesOfAllLayersAreShownTogether(t *testing.T) {
	dir := write(t, map[string]string{
		"base.yaml": "slm: 1\nsed: 3\n",
		"r.yaml":    "slm: 1\nname: a/b\nextends: base.yaml\nmodel: {width: 30}\nstages:\n  dp:\n    optim:\n      learning_rat: 3e-4\n",
	})
	_, err := Load(Source{Name: filepath.Join(dir, "r.yaml"), Env: []string{"SLM_EVAL__ITEM=3"}, Set: []string{"stages.dp.tokens", "eval.items=-1"}})
	var problems schema.Problems
	if !errors.As(err, &problems) {
		t.Fatal(err)
	}
	got := strings.ReplaceAll(err.Error(), dir+string(filepath.Separator), "")
	for _, want := range []string{
		"base.yaml:2:1: unknown field \"sed\"",
		"r.yaml:8:7: unknown field \"learning_rat\"\n    8 |       learning_rat: 3e-4\n      |       ^^^^^^^^^^^^ did you mean \"lr\"? (stages.dp.optim has: name, lr, betas, weight_decay, clip",
		"r.yaml:4:1: model.heads: width 30 is no multiple of 4",
		"environment:1:11: unknown field \"item\"\n    1 | SLM_EVAL__ITEM=3\n      |           ^^^^ did you mean \"items\"?",
		"-s:1:1: a setting is KEY=VALUE",
		"-s:2:12: eval.items: must be ≥ 0",
		"data.corpus: name a source",
		"r.yaml:2:1: name: \"a/b\" cannot name a folder",
		"\n8 problems; nothing was run",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("missing %q in\n%s", want, got)
		}
	}
}

func TestLoad_EncoderOwnNeedsItsTraining(t *testing.T) {
	path := filepath.Join(write(t, map[string]string{"own.yaml": minimal + "stages: {find: {fuse: rrf, dense: [own]}}\n"}), "own.yaml")
	if _, err := Load(Source{Name: path}); err == nil || !strings.Contains(err.Error(), "stages.find.dense: own is trained by stage dp: give stages.dp.mix.contrast") {
		t.Errorf("without training: %v", err)
	}
	if _, err := Load(Source{Name: path, Set: []string{"stages.dp.mix.contrast=20"}}); err != nil {
		t.Errorf("with training: %v", err)
	}
}

func TestLoad_ReplayOfGeneralTextNeedsTheText(t *testing.T) {
	path := filepath.Join(write(t, map[string]string{"replay.yaml": minimal + "stages: {dp: {mix: {general: 0.5}}, kit: {general: 0.5}}\n"}), "replay.yaml")
	_, err := Load(Source{Name: path})
	for _, key := range []string{"stages.dp.mix.general", "stages.kit.general"} {
		if err == nil || !strings.Contains(err.Error(), key+": there is no general text to read: name it in data.general.path") {
			t.Errorf("without text: %v", err)
		}
	}
	if _, err := Load(Source{Name: path, Set: []string{"data.general.path=" + path}}); err != nil {
		t.Errorf("with text: %v", err)
	}
}

func TestLoad_RecipeSaysItsFormatAndAName(t *testing.T) {
	for text, want := range map[string]string{
		strings.Replace(minimal, "slm: 1\n", "", 1):                     "begin it with slm: 1",
		strings.Replace(minimal, "slm: 1", "slm: 2", 1):                 "format 2 is unknown",
		strings.Replace(minimal, "name: t", "name: a/b", 1):             "cannot name a folder",
		minimal + "stages: {dp: {batch: 128}}\n":                        "stages.dp.batch: 128 tokens are less than one row",
		minimal + "stages: {dp: {optim: {decay: 0}}}\n":                 "stages.dp.optim.decay: 0 leaves the rate no steps",
		minimal + "extends: gone.yaml\n":                                "cannot extend \"gone.yaml\"",
		minimal + "extends: r.yaml\n":                                   "extends itself",
		minimal + "stages: {dp: {tokens: 1M, epochs: 3}}\n":             "give either tokens or epochs",
		minimal + "stages: {bpo: {items: {ladder: [40, 20]}}}\n":        "each rung has more items",
		minimal + "eval: {systems: [llm, blad]}\n":                      "unknown system \"blad\"",
		minimal + "stages: {kit: {pairs: {from: file}}}\n":              "needs the file's name",
		strings.Replace(minimal, "builtin:licenses", "builtin:laws", 1): "unknown value \"builtin:laws\"",
	} {
		dir := write(t, map[string]string{"r.yaml": text})
		_, err := Load(Source{Name: filepath.Join(dir, "r.yaml")})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
	dir := write(t, map[string]string{"my-law.yaml": strings.Replace(minimal, "name: t\n", "", 1)})
	if r, err := Load(Source{Name: filepath.Join(dir, "my-law.yaml")}); err != nil || r.Name != "my-law" {
		t.Errorf("a recipe without a name: %v", err)
	}
}

func TestLoad_MissingRecipeIsNamedWithThoseThatExist(t *testing.T) {
	shipped := fstest.MapFS{"one.yaml": {Data: []byte(minimal)}, "two.yaml": {Data: []byte(minimal)}}
	for _, name := range []string{"three", "no/such.yaml", t.TempDir()} {
		if _, err := Load(Source{Name: name, Shipped: shipped}); !errors.Is(err, ErrUsage) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Load(Source{Name: "three", Shipped: shipped}); err == nil || !strings.Contains(err.Error(), "one, two") {
		t.Error(err)
	}
	dir := write(t, map[string]string{"r.yaml": "slm: 1\nextends: two\nname: x\n"})
	if r, err := Load(Source{Name: filepath.Join(dir, "r.yaml"), Shipped: shipped}); err != nil || r.Data.Corpus.From == "" {
		t.Error("extends a shipped recipe:", err)
	}
}

func TestLoad_DataIsNamedByAVariableThatNeedNotBeSet(t *testing.T) {
	dir := write(t, map[string]string{
		"project/recipes/r.yaml":  "slm: 1\nname: t\ndata: {corpus: {path: \"${SLM_DATA}/x/a.txt\"}, exam: {from: file, file: \"${SLM_DATA}/x/q.jsonl\"}}\n",
		"shared/data/x/a.txt":     "text",
		"cache/slm/data/x/b.txt":  "text",
		"elsewhere/x/another.txt": "text",
	})
	load := func(env ...string) *Loaded {
		t.Helper()
		r, err := Load(Source{Name: filepath.Join(dir, "project", "recipes", "r.yaml"), Env: append(env, "XDG_CACHE_HOME="+filepath.Join(dir, "cache"))})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	r := load()
	if r.Data.Corpus.Path[0] != filepath.Join(dir, "shared", "data", "x", "a.txt") || r.Data.Exam.File != filepath.Join(dir, "cache", "slm", "data", "x", "q.jsonl") {
		t.Errorf("beside the recipe's folder, else in the cache: %v, %s", r.Data.Corpus.Path, r.Data.Exam.File)
	}
	if r := load("SLM_DATA=" + filepath.Join(dir, "elsewhere")); r.Data.Corpus.Path[0] != filepath.Join(dir, "elsewhere", "x", "a.txt") {
		t.Errorf("where the variable points, there or not: %v", r.Data.Corpus.Path)
	}
}
