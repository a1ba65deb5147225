package study

import (
	"errors"
	"testing"

	"slm/pipeline/recipe"
	"slm/pipeline/rundir"
	"slm/recipes"
)

func TestExamined_RecipesWithATaskAreRefused(t *testing.T) {
	for set, want := range map[string]error{"stages.task.kind=": nil, "stages.task.kind=classify": rundir.ErrUsage} {
		r, err := recipe.Load(recipe.Source{Name: "tiny", Shipped: recipes.Files, Set: []string{set}})
		if err != nil {
			t.Fatal(err)
		}
		if err := Examined(&r.Recipe); !errors.Is(err, want) {
			t.Errorf("%s: %v", set, err)
		}
	}
}
