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
	for set, want := range map[string]struct {
		files  int
		absent bool
	}{
		"data.asked={file: [" + here + "], optional: true}":                  {1, false},
		"data.asked={file: [" + here + ", " + here + ".x], optional: true}":  {0, true},
		"data.asked={file: [" + here + ", " + here + ".x], optional: false}": {2, false},
		"data.asked={file: [], optional: true}":                              {0, false}, // nobody has named one
	} {
		r, err := Load(Source{Name: "tiny", Shipped: recipes.Files, Set: []string{set}})
		if err != nil {
			t.Fatal(err)
		}
		if asked := r.Data.Asked; len(asked.File) != want.files || asked.Absent != want.absent {
			t.Errorf("%s: %+v", set, asked)
		}
	}
}
