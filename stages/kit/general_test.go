package kit

import (
	"path/filepath"
	"strings"
	"testing"

	"slm/checkpoint"
	"slm/model"
	"slm/stages"
	"slm/stages/domain"
	"slm/stages/stagetest"
)

func TestJob_GeneralTextIsAddedForEachPair(t *testing.T) {
	env := stagetest.Env(t)
	stagetest.WriteData(t, env, newDomain(t))
	rows := []domain.GeneralRow{{Source: "made:1", Tokens: make([]int32, 3000)}}
	if err := checkpoint.WriteTable(filepath.Join(env.Dir(stages.Data), domain.GeneralFile), rows, nil); err != nil {
		t.Fatal(err)
	}
	dom, err := domain.Open(env.Dir(stages.Data))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = dom.Close() }()
	pairs := 0
	for _, share := range []float64{0, 0.5} {
		c := brief()
		c.Replay, c.General = 0, share
		job, err := New(c).Job(dom, model.New(stagetest.Shape(dom), 1), 128, false, 1)
		if err != nil {
			t.Fatal(err)
		}
		epoch, err := job.Epoch(0)
		general := 0
		for _, x := range stagetest.Examples(t, epoch, err) {
			if strings.HasPrefix(x.ID, "general/") {
				general++
			}
		}
		if share == 0 {
			pairs = epoch.Len()
		}
		if want := int(share*float64(pairs) + 0.5); general != want || epoch.Len() != pairs+want {
			t.Errorf("general %v: %d windows for %d pairs, %d examples", share, general, pairs, epoch.Len())
		}
	}
}
