package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"slm/pipeline/recipe"
	"slm/pipeline/schema"
)

var update = flag.Bool("update", false, "write the tables of docs/recipe.md anew")

// keyPages are the pages below docs that have tables of keys: the recipe's, and those of subjects that have grown out of it.
var keyPages = []string{"recipe.md", "recipe-stages.md", "reason.md", "tasks.md"}

// keyTables replaces what stands between "<!-- keys: PREFIX … -->" and "<!-- end -->" by the table of the keys below the prefix that no
// longer prefix of another table has. "." is the outermost level alone. Of several prefixes, whose keys must be the same, the defaults are shown
// side by side where they differ. It returns the paths that have a row.
func keyTables(text string) (out string, listed []string, err error) {
	const begin, closing, end = "<!-- keys: ", " -->\n", "<!-- end -->"
	var claimed []string
	for part := range strings.SplitSeq(text, begin) {
		if prefixes, _, ok := strings.Cut(part, closing); ok && !strings.Contains(prefixes, "\n") {
			claimed = append(claimed, strings.Fields(prefixes)...)
		}
	}
	var b strings.Builder
	for i, part := range strings.Split(text, begin) {
		if i == 0 {
			b.WriteString(part)
			continue
		}
		prefixes, rest, ok := strings.Cut(part, closing)
		_, after, closed := strings.Cut(rest, end)
		if !ok || !closed {
			return "", nil, fmt.Errorf("a table of keys has no end: %.60q", part)
		}
		table, paths, err := keyTable(strings.Fields(prefixes), claimed)
		if err != nil {
			return "", nil, err
		}
		listed = append(listed, paths...)
		b.WriteString(begin + prefixes + closing + table + end + after)
	}
	return b.String(), listed, nil
}

// owner is the longest of the prefixes that a path lies below; "." for a path of the outermost level.
func owner(path string, prefixes []string) string {
	best := ""
	if !strings.Contains(path, ".") {
		best = "."
	}
	for _, p := range prefixes {
		if strings.HasPrefix(path, p+".") && len(p) > len(best) {
			best = p
		}
	}
	return best
}

func keyTable(prefixes, claimed []string) (table string, paths []string, err error) {
	byPath := map[string]schema.Key{}
	for _, k := range recipe.Keys() {
		byPath[k.Path] = k
	}
	var b strings.Builder
	b.WriteString("| key | type | default | meaning |\n|---|---|---|---|\n")
	for _, k := range recipe.Keys() {
		if k.Section() || owner(k.Path, claimed) != prefixes[0] {
			continue
		}
		paths = append(paths, k.Path)
		name := strings.TrimPrefix(k.Path, prefixes[0]+".")
		defaults := []string{brief(k)}
		for _, other := range prefixes[1:] {
			counterpart, ok := byPath[other+"."+name]
			if !ok || counterpart.Form() != k.Form() || counterpart.Meaning != k.Meaning || recipe.Operational(counterpart.Path) != recipe.Operational(k.Path) {
				return "", nil, fmt.Errorf("%s and %s are not the same key in two sections", k.Path, other+"."+name)
			}
			paths = append(paths, counterpart.Path)
			if !slices.Contains(defaults, brief(counterpart)) {
				defaults = append(defaults, brief(counterpart))
			}
		}
		mark := ""
		if recipe.Operational(k.Path) {
			mark = " ○"
		}
		form := strings.ReplaceAll(k.Form(), " | ", ", ")
		fmt.Fprintf(&b, "| `%s`%s | %s | %s | %s |\n", name, mark, cell(form), cell(strings.Join(defaults, "; ")), cell(k.Meaning))
	}
	return b.String(), paths, nil
}

// cell is a text that does not end a cell.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

// brief is a default for a table: a list of long texts is counted.
func brief(k schema.Key) string {
	if strings.HasPrefix(k.Type, "list") && len(k.Value) > 120 {
		return fmt.Sprintf("%d texts", strings.Count(k.Value, `", "`)+1)
	}
	if strings.ContainsAny(k.Value, `"{[`) {
		return "`" + k.Value + "`"
	}
	return k.Value
}

func TestRecipeMD_TablesAreMadeFromTheChecks(t *testing.T) {
	const between = "\x00" // pages are read as one text
	var pages []string
	for _, name := range keyPages {
		text, err := os.ReadFile(filepath.Join(repository, "docs", name))
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, string(text))
	}
	text := strings.Join(pages, between)
	want, listed, err := keyTables(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range recipe.Keys() {
		if n := len(slices.DeleteFunc(slices.Clone(listed), func(p string) bool { return p != k.Path })); !k.Section() && n != 1 {
			t.Errorf("%s stands in %d tables of docs/recipe.md and the other pages of keys", k.Path, n)
		}
	}
	if want == text {
		return
	}
	if !*update {
		t.Fatal("docs/recipe.md is not what the keys' fields say: go test ./cmd/slm -run Tables -update")
	}
	for i, page := range strings.Split(want, between) {
		if err := os.WriteFile(filepath.Join(repository, "docs", keyPages[i]), []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestConfigShow_EachValueIsShownWithTheLayerThatSetIt(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "base.yaml"), "slm: 1\nseed: 5\ndata:\n  corpus: {from: builtin:licenses}\n  exam: {choices: 5}\n")
	put(t, filepath.Join(dir, "r.yaml"), "extends: base.yaml\nmodel:\n  layers: 2\n  width: 64\n")
	a := slmEnv(t, dir, []string{"SLM_MODEL__HEADS=2"}, "config", "show", "r.yaml", "--origin", "-s", "model.width=32")
	for _, want := range []string{
		"extends base.yaml:2  seed: 5", "extends base.yaml:5  data.exam.choices: 5", "r.yaml:3             model.layers: 2", "-s                   model.width: 32",
		"SLM_MODEL__HEADS     model.heads: 2", "default              model.rope_theta: 10000", "default              name: r",
	} {
		if !strings.Contains(a.out, want+"\n") {
			t.Errorf("missing %q in\n%s%s", want, a.out, a.err)
		}
	}
	if n := strings.Count(a.out, "\n"); n < 60 {
		t.Errorf("only %d values are shown", n)
	}
	var list []setting
	o := slm(t, dir, "config", "show", "r.yaml", "-o", "json")
	if err := json.Unmarshal([]byte(o.out), &list); err != nil || o.code != 0 {
		t.Fatalf("%v %+v", err, o)
	}
	for _, s := range list {
		if s.Key == "data.exam.choices" && (s.Layer != "extends" || s.File != "base.yaml" || s.Line != 5 || s.Value != "5") {
			t.Errorf("%+v", s)
		}
	}
	whole := slm(t, dir, "config", "show", "r.yaml")
	put(t, filepath.Join(dir, "whole.yaml"), whole.out)
	if again := slm(t, dir, "config", "show", "whole.yaml"); whole.code != 0 || again.out != whole.out {
		t.Errorf("what is shown is another recipe: %s\n%s%s", whole.out, again.out, again.err)
	}
}

func TestConfigKeys_AreExplainedAndTheSchemaIsJSON(t *testing.T) {
	dir := t.TempDir()
	o := slm(t, dir, "config", "keys", "stages.dp.optim.lr")
	for _, want := range []string{"number > 0, ≤ 1", "0.0015", "peak learning rate", "SLM_STAGES__DP__OPTIM__LR"} {
		if !strings.Contains(o.out, want) {
			t.Errorf("missing %q in %+v", want, o)
		}
	}
	if o := slm(t, dir, "config", "keys", "stages.dp.optm"); o.code != 2 || !strings.Contains(o.err, `did you mean "optim"?`) {
		t.Errorf("%+v", o)
	}
	var keys []documented
	if o := slm(t, dir, "config", "keys", "-o", "json"); json.Unmarshal([]byte(o.out), &keys) != nil || len(keys) != len(recipe.Keys()) {
		t.Errorf("%d keys, %+v", len(keys), o)
	}
	if all := slm(t, dir, "config", "keys"); strings.Count(all.out, "○") < 10 {
		t.Errorf("%+v", all)
	}
	var schema map[string]any
	if o := slm(t, dir, "config", "schema"); json.Unmarshal([]byte(o.out), &schema) != nil || schema["$schema"] == nil {
		t.Errorf("%+v", o)
	}
}

func TestCheck_RecipeCannotMoveTheCursor(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "r.yaml"), "slm: 1\nname: r\ndata: {corpus: {from: builtin:licenses}, forms: {document: [\"\\e[2J{title}\\u009b\\u202e.\"]}}\nllm: {model: \"\\e]0;x\\a\"}\n")
	put(t, filepath.Join(dir, "bad.yaml"), "slm: 1\n\"\\e[2J\": 1\nname: \"\\e[31m\"\ndata: {corpus: {from: \"\\e[2J\"}}\n")
	for _, args := range []string{"config show r.yaml", "config show r.yaml --origin", "check bad.yaml", "check r.yaml", "plan bad.yaml", "train bad.yaml", "check r.yaml -s \x1b[2J=1", "check \x1b[2J", "config keys \x1b[2J", "check r.yaml -s seed=\x1b[2J"} {
		o := slm(t, dir, strings.Fields(args)...)
		if o.out+o.err == "" || strings.ContainsAny(o.out+o.err, "\x1b\x07\u009b\u202e") {
			t.Errorf("slm %q: %q", args, o.out+o.err)
		}
	}
}
