package trainer

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"slm/checkpoint"
	"slm/model"
	"slm/optim"
	"slm/stages"
	"slm/stages/domain"
	"slm/stages/stagetest"
)

// adapted trains an adapter of the job's model.
func adapted(j *Job) {
	var l model.LoRA
	l.SetDefaults()
	l.Rank, l.Alpha = 2, 4
	j.Model.Adapter = model.NewAdapter(j.Model.Config, l, 5)
	j.Optim.LR = 2e-2
}

func TestAdapter_ResumeIsBitIdenticalAndTheBaseStays(t *testing.T) {
	for _, c := range []struct {
		backend string
		optim   optim.Name
	}{{"go", "adamw"}, {"go", "muon"}, {"onednn-bf16", "adamw"}} {
		t.Run(c.backend+" "+string(c.optim), func(t *testing.T) {
			fresh := func() *training {
				w := newTraining(t, c.backend)
				w.optim = c.optim
				return w
			}
			want, whole := fresh().finish(adapted)
			sameWeights(t, "the frozen weights", want.Base(), model.New(tinyConfig(true), 1))
			if first, last := whole.Metrics[0].Loss, whole.Metrics[len(whole.Metrics)-1].Loss; last >= first {
				t.Errorf("the loss went from %g to %g", first, last)
			}
			w := fresh()
			for k := 1; k < steps; k++ {
				if _, _, err := w.train(k, adapted); err == nil {
					t.Fatal("was not stopped")
				}
			}
			got, sum := w.finish(adapted)
			if err := sameBits(got.Learnt(), want.Learnt()); err != nil {
				t.Error(err)
			}
			sameSummary(t, "stopped at every step", sum, whole)
		})
	}
}

func TestAdapter_SaveHoldsTheAdapterAndItsMomentsAlone(t *testing.T) {
	w := newTraining(t, "go")
	prove := func(j *Job) { adapted(j); j.Save.First = true }
	p, _, err := w.train(3, prove)
	if err == nil {
		t.Fatal("was not stopped")
	}
	dir := filepath.Join(w.Work(stages.DP), "save-000000003")
	m, err := checkpoint.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range m.Files {
		if f.Name == domain.WeightsFile || f.Name == domain.BaseFile {
			t.Errorf("the save has %s", f.Name)
		}
	}
	moments, err := checkpoint.OpenWeights(filepath.Join(dir, optimiserFile))
	if err != nil {
		t.Fatal(err)
	}
	values := 0
	for _, ts := range moments.Tensors {
		values += len(ts.Data)
	}
	if want := 2*int(p.Adapter.Count()) + 2; values != want {
		t.Errorf("the optimiser's state has %d values, want %d", values, want)
	}
	if err := moments.Close(); err != nil {
		t.Fatal(err)
	}
	// A save of another adapter is not used.
	w.Events = nil
	_, sum := w.finish(func(j *Job) {
		adapted(j)
		l := j.Model.Adapter.LoRA
		l.Alpha = 8
		j.Model.Adapter = model.NewAdapter(j.Model.Config, l, 5)
	})
	if told := w.Warnings(); sum.Steps != steps || len(told) == 0 || !strings.Contains(told[0].Message, "another adapter") {
		t.Errorf("%+v", told)
	}
}

func TestCommit_AdapterStandsBesideTheFrozenWeightsWhichTheNextStageLinks(t *testing.T) {
	w := newTraining(t, "go")
	dom := stagetest.Domain(t, stagetest.Spec{Texts: []string{"a text"}})
	p, sum := w.finish(adapted)
	if err := Commit(w.Env, stages.DP, p, dom, sum, nil, nil); err != nil {
		t.Fatal(err)
	}
	w.Parents = map[string]string{stages.DP: "digest"}
	next, err := domain.LoadTrained(w.Dir(stages.DP))
	if err != nil {
		t.Fatal(err)
	}
	if err := sameBits(next.Learnt(), p.Learnt()); err != nil {
		t.Fatal(err)
	}
	if err := Commit(w.Env, stages.KIT, next, dom, sum, nil, nil); err != nil {
		t.Fatal(err)
	}
	a, errA := os.Stat(filepath.Join(w.Dir(stages.DP), domain.BaseFile))
	b, errB := os.Stat(filepath.Join(w.Dir(stages.KIT), domain.BaseFile))
	if errA != nil || errB != nil || !os.SameFile(a, b) {
		t.Errorf("the frozen weights are not one file: %v, %v", errA, errB)
	}
	m, err := checkpoint.Load(w.Dir(stages.KIT))
	if err != nil || m.Counters["trained_parameters"] != p.Adapter.Count() || m.Counters["parameters"] != p.Config.Count() || m.Facts["adapter"] == "" {
		t.Errorf("%+v, %v", m, err)
	}
	merged, err := domain.LoadModel(w.Dir(stages.KIT))
	if err != nil {
		t.Fatal(err)
	}
	want := p.Merged()
	sameWeights(t, "merged", merged, want)
	if slices.Equal(merged.Layers[0].QKV, p.Layers[0].QKV) {
		t.Error("nothing was merged")
	}
}
