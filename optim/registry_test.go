package optim_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"slm/optim"
	"slm/pipeline/recipe"
	"slm/pipeline/schema"
	"slm/stages"
)

func TestRegister_NameTwicePanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("two optimisers have one name")
		}
	}()
	optim.Register(optim.Spec{Name: "muon"})
}

// signSpec is declared for recipes alone; that such an optimiser trains, saves and resumes is tested in stages/trainer.
var signSpec = optim.Spec{
	Name: "sign", Meaning: "steps of one size", Keys: []string{"weight_decay"},
	Rate: func(width int) float64 { return 0.064 / float64(width) },
}

func TestRegister_RecipesKnowTheOptimiser(t *testing.T) {
	optim.Register(signSpec)
	load := func(set ...string) (*recipe.Loaded, error) {
		file := filepath.Join(t.TempDir(), "r.yaml")
		if err := os.WriteFile(file, []byte("slm: 1\ndata: {corpus: {from: \"builtin:licenses\"}}\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		return recipe.Load(recipe.Source{Name: file, Set: append([]string{"stages.dp.optim.name=sign"}, set...)})
	}
	r, err := load("model.width=64", "stages.dp.optim.weight_decay=0.1")
	if err != nil {
		t.Fatal(err)
	}
	if lr := stages.Get[float64](r, "stages.dp.optim.lr"); lr != 1e-3 {
		t.Errorf("rate %v", lr)
	}
	if _, err := load("stages.dp.optim.betas=[0.8, 0.9]"); err == nil || !strings.Contains(err.Error(), "stages.dp.optim.betas: the optimiser sign does not read it") {
		t.Error(err)
	}
	if _, err := load("stages.kit.optim.name=lion"); err == nil || !strings.Contains(err.Error(), "lion") {
		t.Error(err)
	}
	for _, k := range schema.Describe(&r.Recipe) {
		if k.Path == "stages.dp.optim.name" && (!slices.Equal(k.OneOf, []string{"adamw", "muon", "sign"}) || !strings.Contains(k.Meaning, "sign = steps of one size")) {
			t.Errorf("%+v", k)
		}
	}
}
