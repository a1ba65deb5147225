package trainer

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"slm/checkpoint"
	"slm/model"
	"slm/model/kernel"
	"slm/optim"
)

func init() { optim.Register(signSpec) } // the one line that an optimiser takes

// signSpec moves every weight by the rate against the sign of its momentum. It exists in tests alone.
var signSpec = optim.Spec{
	Name: "sign", Meaning: "steps of one size", Keys: []string{"weight_decay"},
	Rate: func(width int) float64 { return 0.064 / float64(width) },
	New: func(params []optim.Param, s optim.Settings, _ kernel.Backend) (optim.Optimizer, error) {
		o := &sign{params: params, decay: float32(s.WeightDecay)}
		for _, p := range params {
			o.m = append(o.m, make([]float32, len(p.W)))
		}
		return o, nil
	},
}

type sign struct {
	params []optim.Param
	m      [][]float32
	decay  float32
	steps  int64
}

func (o *sign) Steps() int64 { return o.steps }

func (o *sign) Step(lr float64) {
	o.steps++
	for i, p := range o.params {
		for j, g := range p.G {
			o.m[i][j] = 0.9*o.m[i][j] + 0.1*g
			step := float32(lr)
			if o.m[i][j] < 0 {
				step = -step
			}
			p.W[j] -= step + float32(lr)*o.decay*p.W[j]
		}
	}
}

func (o *sign) State() []checkpoint.Tensor {
	ts := []checkpoint.Tensor{{Name: "sign.step", Shape: []int{1}, Data: []float32{float32(o.steps)}}}
	for i, p := range o.params {
		ts = append(ts, checkpoint.Tensor{Name: "sign.m." + p.Name, Shape: []int{len(p.W)}, Data: o.m[i]})
	}
	return ts
}

func (o *sign) Restore(ts []checkpoint.Tensor) error {
	at := func(name string) int {
		return slices.IndexFunc(ts, func(t checkpoint.Tensor) bool { return t.Name == name })
	}
	for i, p := range o.params {
		k := at("sign.m." + p.Name)
		if k < 0 {
			return fmt.Errorf("sign: %s is missing", p.Name)
		}
		copy(o.m[i], ts[k].Data)
	}
	o.steps = int64(ts[at("sign.step")].Data[0])
	return nil
}

func TestOptim_RegisteredOneTrainsSavesAndResumes(t *testing.T) {
	fresh := func() *training {
		w := newTraining(t, "go")
		w.optim = "sign"
		return w
	}
	want, whole := fresh().finish(nil)
	if first, last := whole.Metrics[0].Loss, whole.Metrics[len(whole.Metrics)-1].Loss; !(last < first) {
		t.Errorf("the loss goes from %v to %v", first, last)
	}
	adam, _ := newTraining(t, "go").finish(nil)
	if slices.Equal(adam.Embed, want.Embed) {
		t.Error("AdamW has trained")
	}
	w := fresh()
	w.interrupt(3)
	got, sum := w.finish(nil)
	if w.FirstStep() != 4 {
		t.Errorf("went on with step %d", w.FirstStep())
	}
	sameWeights(t, "resumed", got, want)
	sameSummary(t, "resumed", sum, whole)
}

func TestOptim_NameThatIsNotRegisteredIsRefused(t *testing.T) {
	w := newTraining(t, "go")
	job := tinyJob(model.New(tinyConfig(true), 1))
	job.Optim.Name = "lion"
	if _, err := Run(context.Background(), w.Env, job); err == nil || !strings.Contains(err.Error(), `no optimiser "lion", but adamw, muon, sign`) {
		t.Error(err)
	}
}
