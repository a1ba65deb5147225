package optim

import (
	"fmt"
	"math"
	"sync"

	"slm/checkpoint"
	"slm/model/kernel"
)

var muonSpec = Spec{
	Name: "muon", Meaning: "the matrices of the layers move by Muon, the rest by AdamW", Keys: []string{"betas", "weight_decay"},
	Rate: func(width int) float64 { return 5e-3 * 256 / float64(width) },
	New: func(params []Param, s Settings, be kernel.Backend) (Optimizer, error) {
		o, err := NewMuon(params, be)
		if err != nil {
			return nil, err
		}
		o.Adam.set(s)
		return o, nil
	},
}

// Muon turns the momentum of a matrix into the nearest matrix with equal singular values, so that rare directions move as far as common
// ones (Jordan 2024). Its step has the root mean square of AdamW's, 0.2 (Liu et al. 2025, arXiv 2502.16982, eq. 4), so one learning rate
// serves both: parameters that are not matrices of the network go to AdamW.
type Muon struct {
	Momentum float64 // decay of the momentum, which is Nesterov's; NewMuon sets 0.95
	Adam     *AdamW  // of the other parameters; its WeightDecay is the matrices' as well

	matrices []Param
	parts    []part
	m        [][]float32 // momentum, parallel to matrices
	ortho    orthogonaliser
	steps    sync.Pool // *[]float32, the step of a part

	rank  int   // of this process, where several share a step
	owner []int // of each part; nil = all are this process's
}

// part is one matrix in a parameter that may hold several.
type part struct{ param, row, rows int }

// NewMuon returns an optimiser with momentum at zero. Products run on be, in bf16 if it has that.
func NewMuon(params []Param, be kernel.Backend) (*Muon, error) {
	o := &Muon{Momentum: 0.95, ortho: newOrthogonaliser(be)}
	var rest []Param
	for _, p := range params {
		if len(p.Rows) == 0 {
			rest = append(rest, p)
			continue
		}
		row := 0
		for _, rows := range p.Rows {
			o.parts = append(o.parts, part{len(o.matrices), row, rows})
			row += rows
		}
		if row < 1 || len(p.W)%row != 0 || len(p.W) != len(p.G) {
			return nil, fmt.Errorf("optim: muon: %s has %d weights and %d gradients in %d rows", p.Name, len(p.W), len(p.G), row)
		}
		o.matrices = append(o.matrices, p)
		o.m = append(o.m, make([]float32, len(p.W)))
	}
	var err error
	o.Adam, err = NewAdamW(rest)
	return o, err
}

// Steps is the number of steps taken.
func (o *Muon) Steps() int64 { return o.Adam.Steps() }

// Step updates every weight from its gradient with learning rate lr.
func (o *Muon) Step(lr float64) {
	o.Adam.Step(lr)
	kernel.Parallel(len(o.parts), func(i int) {
		at := o.parts[i]
		p, cols := o.matrices[at.param], o.columns(i)
		lo, hi := o.span(i)
		o.update(p.W[lo:hi], p.G[lo:hi], o.m[at.param][lo:hi], at.rows, cols, p.Decay, lr, o.mine(i))
	})
}

// update moves a matrix. Without its weights only the momentum is kept up to date.
func (o *Muon) update(w, g, m []float32, rows, cols int, decays bool, lr float64, weights bool) {
	buf, ok := o.steps.Get().(*[]float32)
	if !ok {
		buf = new([]float32)
	}
	defer o.steps.Put(buf)
	x := kernel.Grow(buf, len(w))
	keep, mix := float32(o.Momentum), float32(1-o.Momentum)
	for i, v := range g {
		m[i] = float32(keep*m[i]) + float32(mix*v)
		x[i] = float32(keep*m[i]) + float32(mix*v)
	}
	if !weights {
		return
	}
	o.ortho.run(x, rows, cols)
	step := float32(lr * 0.2 * math.Sqrt(float64(max(rows, cols))))
	shrink := float32(1)
	if decays {
		shrink = float32(1 - float64(lr*o.Adam.WeightDecay))
	}
	for i, v := range x {
		w[i] = float32(shrink*w[i]) - float32(step*v)
	}
}

func rowsOf(p Param) (n int) {
	for _, rows := range p.Rows {
		n += rows
	}
	return n
}

// State lists "muon.m."+name for the matrices, and AdamW's state.
func (o *Muon) State() []checkpoint.Tensor {
	ts := o.Adam.State()
	for i, p := range o.matrices {
		ts = append(ts, checkpoint.Tensor{Name: "muon.m." + p.Name, Shape: []int{len(p.W)}, Data: o.m[i]})
	}
	return ts
}

// Restore copies a state written by State, for the same parameters. On an error nothing has changed.
func (o *Muon) Restore(ts []checkpoint.Tensor) error {
	find := finder(ts)
	saved := make([][]float32, len(o.matrices))
	for i, p := range o.matrices {
		var err error
		if saved[i], err = find("muon.m."+p.Name, len(p.W)); err != nil {
			return err
		}
	}
	if err := o.Adam.Restore(ts); err != nil {
		return err
	}
	for i := range saved {
		copy(o.m[i], saved[i])
	}
	return nil
}
