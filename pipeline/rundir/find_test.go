package rundir

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"slm/stages"
)

func TestStages_ThoseOfThePlanOrTheUsualOnes(t *testing.T) {
	for plan, want := range map[string][]string{
		`{"stages":[{"stage":"data"},{"stage":"find"}]}`: {stages.Data, stages.Find},
		`{"stages":[{"stage":"data"},{"stage":"dp"}]}`:   {stages.Data, stages.DP},
		`{`: {stages.Data, stages.DP, stages.KIT, stages.BPO, stages.Eval},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, PlanFile), []byte(plan), 0o644); err != nil {
			t.Fatal(err)
		}
		if has := Stages(dir); !slices.Equal(has, want) || !slices.Equal(Look(dir).Missing, want) {
			t.Errorf("%s: %v", plan, has)
		}
	}
}
