package llm_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"slm/llm"
	"slm/pipeline/recipe"
	"slm/pipeline/schema"
)

// echoRecipe loads a recipe whose black box is the provider that only this package's tests have.
func echoRecipe(t *testing.T, section string) (*recipe.Loaded, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "r.yaml")
	text := "slm: 1\nname: r\ndata: {corpus: {from: \"builtin:licenses\"}}\nllm: {" + section + "}\n"
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return recipe.Load(recipe.Source{Name: file})
}

func TestProvider_RegisteredOneIsNamedCheckedOpenedAndAsked(t *testing.T) {
	r, err := echoRecipe(t, "provider: echo, model: echo, budget: {calls: 9}")
	if err != nil {
		t.Fatal(err)
	}
	if kind := r.LLM.Kind(); kind.Name != "echo" || !kind.Metered || kind.Splits {
		t.Errorf("kind %+v", kind)
	}
	s, err := llm.New(r.LLM, llm.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	picked, err := llm.Answer(context.Background(), s, llm.Cloze, []llm.Question{{Question: "Which is longest?", Choices: []string{"a", "abc", "ab"}}})
	if err != nil || picked[0].Index != 1 || s.Usage().Calls != 1 {
		t.Errorf("%+v %+v %v", picked, s.Usage(), err)
	}
}

func TestProvider_RecipeRefusesWhatTheProviderDoesNotTake(t *testing.T) {
	for section, want := range map[string]string{
		"provider: echoo, model: echo":                                  `"echoo"`,
		"provider: echo, model: other, budget: {calls: 1}":              "there is one echo",
		"provider: echo, model: echo, budget: {calls: 0}":               "budget: a provider that may cost money needs a limit",
		"provider: echo, model: echo, url: \"https://h/v1\"":            "url: provider echo does not read it; openai does",
		"provider: overlap, model: character-trigrams, weights: int8":   "weights: provider overlap does not read it; local does",
		"provider: local, model: smollm2-135m-instruct, key_env: A_KEY": "key_env: provider local does not read it; openai, echo does",
	} {
		if _, err := echoRecipe(t, section); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", section, err, want)
		}
	}
}

func TestProvider_ReferenceOfRecipesNamesEveryOne(t *testing.T) {
	defaults := recipe.Default()
	for _, k := range schema.Describe(&defaults) {
		if k.Path != "llm.provider" {
			continue
		}
		if got := strings.Join(k.OneOf, " "); got != "local openai overlap embeddings echo" || !strings.Contains(k.Meaning, "echo = the prompt's own last letter") {
			t.Errorf("%q: %s", got, k.Meaning)
		}
		return
	}
	t.Error("llm.provider is no key")
}
