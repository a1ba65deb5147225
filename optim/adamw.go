package optim

import (
	"fmt"

	"slm/checkpoint"
	"slm/internal/elementary"
	"slm/model/kernel"
)

var adamWSpec = Spec{
	Name: "adamw", Meaning: "AdamW for all parameters", Keys: []string{"betas", "weight_decay"},
	Rate: func(width int) float64 { return 1.5e-3 * elementary.Pow(256/float64(width), 2.0/3) },
	New: func(params []Param, s Settings, _ kernel.Backend) (Optimizer, error) {
		a, err := NewAdamW(params)
		if err != nil {
			return nil, err
		}
		a.set(s)
		return a, nil
	},
}

func (a *AdamW) set(s Settings) {
	a.Beta1, a.Beta2, a.WeightDecay = s.Betas[0], s.Betas[1], s.WeightDecay
}

// AdamW is Adam with decoupled weight decay (Loshchilov & Hutter, arXiv 1711.05101, algorithm 2), in the order of operations of
// torch.optim.AdamW: decay the weight, update both moments, then step. The four numbers may be changed between steps.
type AdamW struct {
	Beta1, Beta2 float64 // decay of the first and second moment; NewAdamW sets 0.9 and 0.95
	Eps          float64 // added to the root of the second moment; NewAdamW sets 1e-8
	WeightDecay  float64 // per unit of learning rate, for parameters with Decay; NewAdamW sets 0.1

	params []Param
	spans  []span
	m, v   [][]float32 // moments, parallel to params
	step   int64
}

// NewAdamW returns an optimiser over params with moments at zero. Names must differ, because the state is stored by name.
func NewAdamW(params []Param) (*AdamW, error) {
	seen := make(map[string]bool, len(params))
	a := &AdamW{Beta1: 0.9, Beta2: 0.95, Eps: 1e-8, WeightDecay: 0.1, params: params, spans: cut(params)}
	for _, p := range params {
		switch {
		case seen[p.Name]:
			return nil, fmt.Errorf("optim: adamw: two parameters are named %q", p.Name)
		case len(p.W) != len(p.G):
			return nil, fmt.Errorf("optim: adamw: %s has %d weights but %d gradients", p.Name, len(p.W), len(p.G))
		}
		seen[p.Name] = true
		a.m = append(a.m, make([]float32, len(p.W)))
		a.v = append(a.v, make([]float32, len(p.W)))
	}
	return a, nil
}

// Steps is the number of steps taken, also those before a Restore.
func (a *AdamW) Steps() int64 { return a.step }

// Step updates every weight from its gradient with learning rate lr.
func (a *AdamW) Step(lr float64) {
	a.step++
	correct1 := 1 - elementary.Pow(a.Beta1, float64(a.step))
	correct2 := 1 - elementary.Pow(a.Beta2, float64(a.step))
	kernel.Parallel(len(a.spans), func(i int) {
		s := a.spans[i]
		p := a.params[s.param]
		decay := 0.0
		if p.Decay {
			decay = a.WeightDecay
		}
		kernel.AdamW(p.W[s.lo:s.hi], a.m[s.param][s.lo:s.hi], a.v[s.param][s.lo:s.hi], p.G[s.lo:s.hi],
			float32(lr), float32(a.Beta1), float32(a.Beta2), float32(a.Eps), float32(decay), float32(correct1), float32(correct2), 1)
	})
}

// State lists what a resume needs: for each parameter "adamw.m."+name and "adamw.v."+name, and the step count. The tensors are
// views: write them before the next Step.
func (a *AdamW) State() []checkpoint.Tensor {
	// Two halves of 24 bits, since a float32 counts exactly to 2^24 only.
	const half = 1 << 24
	ts := []checkpoint.Tensor{{Name: "adamw.step", Shape: []int{2}, Data: []float32{float32(a.step / half), float32(a.step % half)}}}
	for i, p := range a.params {
		ts = append(ts,
			checkpoint.Tensor{Name: "adamw.m." + p.Name, Shape: []int{len(p.W)}, Data: a.m[i]},
			checkpoint.Tensor{Name: "adamw.v." + p.Name, Shape: []int{len(p.W)}, Data: a.v[i]})
	}
	return ts
}

// Restore copies a state written by State, for the same parameters in any order; tensors of other names are ignored. On an error
// nothing has changed.
func (a *AdamW) Restore(ts []checkpoint.Tensor) error {
	find := finder(ts)
	step, err := find("adamw.step", 2)
	if err != nil {
		return err
	}
	m, v := make([][]float32, len(a.params)), make([][]float32, len(a.params))
	for i, p := range a.params {
		if m[i], err = find("adamw.m."+p.Name, len(p.W)); err != nil {
			return err
		}
		if v[i], err = find("adamw.v."+p.Name, len(p.W)); err != nil {
			return err
		}
	}
	for i := range a.params {
		copy(a.m[i], m[i])
		copy(a.v[i], v[i])
	}
	a.step = int64(step[0])<<24 + int64(step[1])
	return nil
}

// finder looks a tensor of n numbers up by name.
func finder(ts []checkpoint.Tensor) func(name string, n int) ([]float32, error) {
	byName := make(map[string][]float32, len(ts))
	for _, t := range ts {
		byName[t.Name] = t.Data
	}
	return func(name string, n int) ([]float32, error) {
		data, ok := byName[name]
		if !ok {
			return nil, fmt.Errorf("optim: restore: tensor %s is missing", name)
		}
		if len(data) != n {
			return nil, fmt.Errorf("optim: restore: tensor %s has %d numbers, want %d", name, len(data), n)
		}
		return data, nil
	}
}
