package recipe

import (
	"path/filepath"
	"testing"

	"slm/stages"
)

func TestLoad_LearningRateThatNoLayerNamesFollowsFromTheWidth(t *testing.T) {
	dir := write(t, map[string]string{"r.yaml": minimal})
	for _, c := range []struct {
		set     []string
		dp, kit float64
	}{
		{nil, 1.5e-3, 1.5e-4},
		{[]string{"model.width=64"}, 3.8e-3, 3.8e-4},
		{[]string{"model.width=64", "stages.dp.optim.lr=1e-3"}, 1e-3, 3.8e-4},
		{[]string{"stages.dp.optim.name=muon"}, 5e-3, 1.5e-4},
		{[]string{"stages.dp.optim.name=muon", "model.width=512"}, 2.5e-3, 9.4e-5},
		{[]string{"stages.kit.optim.name=muon", "stages.kit.optim.lr=2e-3"}, 1.5e-3, 2e-3},
	} {
		r, err := Load(Source{Name: filepath.Join(dir, "r.yaml"), Set: c.set})
		if err != nil {
			t.Fatal(err)
		}
		if dp, kit := stages.Get[float64](r, "stages.dp.optim.lr"), stages.Get[float64](r, "stages.kit.optim.lr"); dp != c.dp || kit != c.kit {
			t.Errorf("%v: dp %v, kit %v, want %v and %v", c.set, dp, kit, c.dp, c.kit)
		}
	}
}
