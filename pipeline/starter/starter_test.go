package starter

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"slm/data/corpus/read"
	"slm/pipeline/recipe"
	"slm/pipeline/schema"
	"slm/pipeline/survey"
)

// written is the recipe for a kind of text in a language, loaded.
func written(t *testing.T, kind survey.Kind, language, word string) (*recipe.Loaded, string) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "docs.yaml")
	text, err := Write(Options{Name: "docs", Path: "docs", File: "docs.yaml", Survey: &survey.Survey{
		Files: read.Counts{{What: "Markdown", N: 41}}, Sections: 323, Documents: 53, Tokens: 75_100, Language: language, Kind: kind, Word: word,
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	r, err := recipe.Load(recipe.Source{Name: file})
	if err != nil {
		t.Fatalf("%s, %s: %v\n%s", kind, language, err, text)
	}
	if want := filepath.Join(dir, "docs"); len(r.Data.Corpus.Path) != 1 || r.Data.Corpus.Path[0] != want {
		t.Errorf("%s, %s: path %q, want %s", kind, language, r.Data.Corpus.Path, want)
	}
	return r, string(text)
}

func TestWrite_RecipeOfEveryKindAndLanguageIsOneThatCanBeTrained(t *testing.T) {
	asked := map[string]bool{}
	for _, kind := range survey.Kinds {
		for _, language := range []string{"en", "de", "fr", "zh", "ko", ""} {
			r, text := written(t, kind, language, "")
			forms := r.Data.Forms
			asked[strings.Join(forms.Question, "|")] = true
			if n := len(forms.Question) + len(forms.Heading); n < 6 || len(forms.Quote) < 2 {
				t.Errorf("%s, %s: only %d forms ask", kind, language, n)
			}
			for _, q := range forms.Question {
				if by := strings.Contains(q, "{number}"); by != (kind == survey.Statutes) {
					t.Errorf("%s, %s: %q", kind, language, q)
				}
			}
			if strings.Contains(text, "{word}") || strings.Contains(text, "  {number}") {
				t.Errorf("%s, %s: a word is missing:\n%s", kind, language, text)
			}
			if r.Stages.Section("dp") == nil || r.Model.Layers != schema.Auto || r.Model.Width != schema.Auto || r.Model.Heads != schema.Auto {
				t.Errorf("%s, %s: model %+v", kind, language, r.Model)
			}
		}
	}
	if len(asked) != 4*5 { // handbooks and manuals are asked in the same words, unknown languages in English
		t.Errorf("%d sets of questions", len(asked))
	}
}

func TestWrite_NumbersAreCalledAsInTheTexts(t *testing.T) {
	for _, c := range []struct{ language, word, want string }{
		{"en", "Article", "What does Article {number} of {title} say?"},
		{"en", "", "What does Section {number} of {title} say?"},
		{"de", "", "Was steht in {title} in § {number}?"},
		{"zh", "", "{title}{number}规定了什么？"},
		{"ko", "", "{title} {number}는 무엇을 정하고 있나요?"},
	} {
		r, _ := written(t, survey.Statutes, c.language, c.word)
		if got := r.Data.Forms.Question[0]; got != c.want {
			t.Errorf("%s: %q, want %q", c.language, got, c.want)
		}
	}
}

func TestWrite_EveryKeyHasAComment(t *testing.T) {
	_, text := written(t, survey.Manual, "en", "")
	above := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		item := strings.HasPrefix(line, "- ")
		section := strings.HasSuffix(line, ":")
		if line != "" && !item && !section && !above && !strings.Contains(line, "#") && !strings.HasPrefix(line, "name: ") && !strings.HasPrefix(line, "path: ") && !strings.HasPrefix(line, "fuse: ") {
			t.Errorf("no comment: %s", line)
		}
		if line != "" {
			above = strings.HasPrefix(line, "#")
		}
	}
	if !strings.Contains(text, "41 Markdown; 323 sections of English in 53 documents, about 75,000 tokens") {
		t.Errorf("what was found is not said:\n%s", text)
	}
}
