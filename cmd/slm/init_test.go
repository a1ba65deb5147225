package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"slm/pipeline/survey"
	"slm/rng"
)

// smallDocs writes a folder of four pages of six sections, no two alike, and a picture.
func smallDocs(t *testing.T, dir string) {
	t.Helper()
	writePages(t, filepath.Join(dir, "docs"), []string{"travel.md", "hr/leave.md", "pay.md", "it/devices.md"}, strings.Fields("Hotels Trains Meals Guests Children Doctors"))
	put(t, filepath.Join(dir, "docs", "logo.svg"), "<svg/>")
}

// writePages writes Markdown pages, each with a section under each heading. Their texts are sentences that stand nowhere else.
func writePages(t *testing.T, dir string, pages, headings []string) {
	t.Helper()
	for _, page := range pages {
		name := strings.TrimSuffix(filepath.Base(page), ".md")
		var b strings.Builder
		fmt.Fprintf(&b, "# %s\n", strings.ToUpper(name[:1])+name[1:])
		for _, heading := range headings {
			fmt.Fprintf(&b, "\n## %s\n\n%s\n", heading, madeUp(page+heading))
		}
		put(t, filepath.Join(dir, filepath.FromSlash(page)), b.String())
	}
}

// madeUp is a text of four sentences that belongs to a name.
func madeUp(name string) string {
	words := strings.Fields(`hotel train ticket guest child doctor office garden winter summer report budget invoice letter engine bridge river market
		school teacher lesson window kitchen table paper colour number answer question holiday weekend morning evening holder driver printer screen`)
	draw := rng.New(1, "made up", name).At(0)
	w := func() string { return words[draw.IntN(len(words))] }
	var b strings.Builder
	for range 4 {
		fmt.Fprintf(&b, "The %s of the %s is for a %s and not for the %s, if the %s has a %s. ", w(), w(), w(), w(), w(), w())
	}
	return b.String()
}

func TestNotRead_NamesTheFourReasonsOfMostTextAndCountsTheOthers(t *testing.T) {
	dropped := []survey.LeftOut{{Why: "a", Rows: 1, Chars: 10}, {Why: "b", Rows: 2, Chars: 50}, {Why: "c", Rows: 3, Chars: 40}, {Why: "d", Rows: 4, Chars: 30}}
	if got := notRead(dropped); len(got) != 4 || got[0] != "not read: b, 2 places, 50 characters" {
		t.Errorf("%q", got)
	}
	got := notRead(append(dropped, survey.LeftOut{Why: "e", Rows: 5, Chars: 60}, survey.LeftOut{Why: "f", Rows: 6, Chars: 1}))
	if len(got) != 5 || got[0] != "not read: e, 5 places, 60 characters" || got[4] != "not read: 2 reasons more, 7 places, 11 characters" {
		t.Errorf("%q", got)
	}
}

func TestInShell_IsOneWordToAShell(t *testing.T) {
	for name, want := range map[string]string{"docs.yaml": "docs.yaml", "/a/b-c_1.yaml": "/a/b-c_1.yaml", "größe.yaml": "größe.yaml", "my docs.yaml": "'my docs.yaml'", "it's": `'it'\''s'`, "$(x).yaml": "'$(x).yaml'", "-f.yaml": "./-f.yaml", "": "''"} {
		if got := inShell(name); got != want {
			t.Errorf("%q: %s, want %s", name, got, want)
		}
	}
}

func TestInit_SaysWhichFilesAreInAnotherEncoding(t *testing.T) {
	dir := t.TempDir()
	smallDocs(t, dir)
	put(t, filepath.Join(dir, "docs", "alt.md"), "# Stra\xdfe\n")
	if o := slm(t, dir, "init", "docs", "--quick"); o.code != 0 || !strings.Contains(o.out, "left out  1 no reader for .svg, 1 not UTF-8 text\n") || !strings.Contains(o.out, "they are not UTF-8 text: alt.md. Older") {
		t.Errorf("%+v", o)
	}
}

func TestInit_WritesARecipeBesideTheFolderAndSaysWhatIsNext(t *testing.T) {
	dir := t.TempDir()
	smallDocs(t, dir)
	o := slm(t, dir, "init", "docs/", "--quick")
	for _, want := range []string{"files     4 Markdown\n", "left out  1 no reader for .svg\n", "4 documents, 24 sections (24 with a heading)", "of English", "kind      handbook", "only 24 sections", "recipe    docs.yaml\n", "next      slm train docs.yaml -s stages.dp=off  # a first answer, by search alone\n          slm plan docs.yaml  ", "\n          slm train docs.yaml  "} {
		if !strings.Contains(o.out, want) {
			t.Errorf("%q is missing:\n%s", want, o.out)
		}
	}
	if o.code != 0 || o.err != "" {
		t.Errorf("%+v", o)
	}
	if o := slm(t, dir, "check", "docs.yaml"); o.code != 0 || !strings.Contains(o.out, "no problem") || !strings.Contains(o.out, "outlook  each section is read ") {
		t.Errorf("the recipe has problems: %+v", o)
	}
	if o := slm(t, dir, "check", "docs"); o.code != 0 {
		t.Errorf("the folder does not stand for its recipe: %+v", o)
	}
	if o := slm(t, filepath.Join(dir, "docs"), "check", "."); o.code != 0 {
		t.Errorf("the folder does not stand for its recipe from within: %+v", o)
	}
}

func TestSearchAlone_HasAnEncoderForTheLanguageWhereItIsThere(t *testing.T) {
	for _, c := range []struct {
		language string
		e5       bool
		want     string
	}{
		{"en", true, "slm train a.yaml -s stages.dp=off"},
		{"de", false, "slm train a.yaml -s stages.dp=off"},
		{"zh", true, "slm train a.yaml -s stages.dp=off -s 'stages.find.dense=[e5]'"},
	} {
		if got := searchAlone("a.yaml", c.language, c.e5); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

func TestInit_NeverReplacesARecipeUnlessTold(t *testing.T) {
	dir := t.TempDir()
	smallDocs(t, dir)
	file := filepath.Join(dir, "docs.yaml")
	put(t, file, "mine\n")
	if o := slm(t, dir, "init", "docs"); o.code != 1 || !strings.Contains(o.err, "is there already") || o.out != "" {
		t.Errorf("%+v", o)
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "mine\n" {
		t.Errorf("%q, %v", text, err)
	}
	if o := slm(t, dir, "init", "docs", "--quick", "--force", "--from", "faq"); o.code != 0 || !strings.Contains(o.out, "kind      faq") {
		t.Errorf("%+v", o)
	}
	if text, err := os.ReadFile(file); err != nil || !strings.Contains(string(text), "{title}: {heading}") {
		t.Errorf("%s, %v", text, err)
	}
}

func TestInit_WhatIsWrongLeavesNoRecipe(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "pictures", "logo.svg"), "<svg/>")
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"init pictures", 4, "1 no reader for .svg"}, {"init gone", 4, "gone"}, {"init pictures --from novel", 2, "handbook, manual, statutes, faq, code"},
		{"init", 2, "a folder of texts"}, {"train pictures", 4, "no reader for .svg"}, {"plan pictures", 2, "slm init pictures"},
	} {
		if o := slm(t, dir, strings.Fields(c.args)...); o.code != c.code || !strings.Contains(o.err, c.want) {
			t.Errorf("slm %s: %+v", c.args, o)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "pictures.yaml")); err == nil {
		t.Error("there is a recipe")
	}
}

func TestInit_ResultIsJSONWhenAskedWithTheEstimate(t *testing.T) {
	dir := t.TempDir()
	smallDocs(t, dir)
	o := slmEnv(t, dir, []string{
		"SLM_LLM__PROVIDER=overlap", "SLM_LLM__MODEL=character-trigrams", "SLM_STAGES__FIND__DENSE=[]", "SLM_MODEL__LAYERS=1", "SLM_MODEL__WIDTH=64", "SLM_MODEL__CONTEXT=128",
		"SLM_STAGES__DP__BATCH=512",
	}, "init", "docs", "-o", "json")
	var got struct {
		Recipe, Language, Kind string
		Sections               int
		Next, Warnings         []string
		Unknown                string `json:"no_estimate"`
		Estimate               struct {
			Parameters int64
			All        struct{ Seconds float64 }
			Notes      []string
		}
	}
	if err := json.Unmarshal([]byte(o.out), &got); err != nil || o.code != 0 {
		t.Fatalf("%v: %+v", err, o)
	}
	if got.Recipe != "docs.yaml" || got.Language != "en" || got.Kind != "handbook" || got.Sections != 24 || len(got.Next) != 3 || len(got.Warnings) != 1 || got.Unknown != "" {
		t.Errorf("%+v", got)
	}
	if got.Estimate.Parameters == 0 || got.Estimate.All.Seconds <= 0 || !strings.Contains(strings.Join(got.Estimate.Notes, "\n"), "each section is read") {
		t.Errorf("%+v", got.Estimate)
	}
}

func TestTrain_FolderWithoutARecipeGetsOneAndIsTrained(t *testing.T) {
	dir := t.TempDir()
	smallDocs(t, dir)
	env := []string{"SLM_LLM__PROVIDER=overlap", "SLM_LLM__MODEL=character-trigrams"}
	o := slmEnv(t, dir, env, "train", "docs", "--until", "data")
	if o.code != 0 || !strings.Contains(o.err, "recipe    docs.yaml") || !strings.Contains(o.out, "run     runs/docs-") {
		t.Errorf("%+v", o)
	}
	if o = slmEnv(t, dir, env, "train", "docs", "--until", "data"); o.code != 0 || strings.Contains(o.err, "recipe    docs.yaml") {
		t.Errorf("the second time: %+v", o)
	}
}
