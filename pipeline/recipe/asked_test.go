package recipe

import (
	"os"
	"path/filepath"
	"testing"

	"slm/recipes"
)

func TestLoad_OptionalQuestionsThatAreMissingAreLeftOut(t *testing.T) {
	dir := t.TempDir()
	here := filepath.Join(dir, "here.jsonl")
	if err := os.WriteFile(here, []byte("{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for set, want := range map[string]int{
		"data.asked={file: [" + here + "], optional: true}":                  1,
		"data.asked={file: [" + here + ", " + here + ".x], optional: true}":  0,
		"data.asked={file: [" + here + ", " + here + ".x], optional: false}": 2,
	} {
		r, err := Load(Source{Name: "tiny", Shipped: recipes.Files, Set: []string{set}})
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Data.Asked.File) != want {
			t.Errorf("%s: %v", set, r.Data.Asked.File)
		}
	}
}
