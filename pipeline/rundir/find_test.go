package rundir

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"slm/stages"
)

func TestStages_OneThatARecipeNeedNotHaveCountsWhereThePlanHasIt(t *testing.T) {
	for plan, want := range map[string]bool{`{"stages":[{"stage":"data"},{"stage":"find"}]}`: true, `{"stages":[{"stage":"data"}]}`: false, `{`: false} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, PlanFile), []byte(plan), 0o644); err != nil {
			t.Fatal(err)
		}
		has := Stages(dir)
		if slices.Contains(has, stages.Find) != want || !slices.Contains(has, stages.Eval) || slices.Contains(Look(dir).Missing, stages.Find) != want {
			t.Errorf("%s: %v", plan, has)
		}
	}
}
