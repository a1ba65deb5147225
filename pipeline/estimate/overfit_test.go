package estimate

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"slm/model/kernel"
	"slm/pipeline"
	"slm/pipeline/recipe"
	"slm/pipeline/runtest"
	"slm/recipes"
	"slm/stages/trainer"
)

func TestOverfit_OneBatchIsLearntByHeartAndNothingIsWritten(t *testing.T) {
	be, err := kernel.Open("go")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		rate string
		want error
	}{{"stages.dp.optim.lr=2e-2", nil}, {"stages.dp.optim.lr=1e-7", trainer.ErrNotLearnt}} {
		dir := t.TempDir()
		r, err := recipe.Load(recipe.Source{Name: "tiny", Shipped: recipes.Files, Set: append([]string{c.rate, "stages.dp.optim.name=muon"}, runtest.Smaller...)})
		if err != nil {
			t.Fatal(err)
		}
		job, err := pipeline.Build(r, dir, be.Class(), nil, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		p, err := pipeline.New(job, pipeline.Choice{})
		if err != nil {
			t.Fatal(err)
		}
		var losses []float64
		err = OverfitOneBatch(context.Background(), p, r, be, time.Now, func(step int, loss, least float64) {
			if losses = append(losses, loss); len(losses) != step || least < 0 || least > loss+1e-3 {
				t.Errorf("step %d: loss %v, at least %v", step, loss, least)
			}
		})
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v after %d steps, loss %v", c.rate, err, len(losses), losses[len(losses)-1])
		}
		if _, err := os.Stat(filepath.Join(p.Folder(), "dp")); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("there is a checkpoint: %v", err)
		}
	}
}
