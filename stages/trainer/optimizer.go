package trainer

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unsafe"

	"slm/checkpoint"
	"slm/internal/ranks"
	"slm/model"
	"slm/model/kernel"
	"slm/optim"
)

// Params lists a model's parameters with their gradients as an optimiser takes them. Norms never decay.
func Params(grads []model.Gradient) []optim.Param {
	params := make([]optim.Param, len(grads))
	for i, g := range grads {
		params[i] = optim.Param{Name: g.Name, W: g.W, G: g.G, Rows: g.Rows, Decay: !strings.HasSuffix(g.Name, "norm")}
	}
	return params
}

// New makes the optimiser of params. Its products, if it has any, run on be.
func (o Optim) New(params []optim.Param, be kernel.Backend) (optim.Optimizer, error) {
	spec, err := optim.Find(string(o.Name))
	if err != nil {
		return nil, err
	}
	return spec.New(params, optim.Settings{Betas: o.Betas, WeightDecay: o.WeightDecay}, be)
}

// learner is what a step needs of a process: every rank has one, with the same weights and moments.
type learner struct {
	*gatherer
	rule     Optim
	be       kernel.Backend
	team     *ranks.Team
	optim    optim.Optimizer
	grads    []optim.Param       // with the gradients' memory as the optimiser has it
	restored []checkpoint.Tensor // moments of a save, until the optimiser is made
}

// params lists the parameters with their gradients; the optimiser is made at the first step, when the gradients have their place. It
// keeps that place, so a graph that moved its gradients later would train on old ones: that is an error.
func (l *learner) params() ([]optim.Param, error) {
	grads, err := l.graph.Gradients()
	if err != nil {
		return nil, err
	}
	params := Params(grads)
	if l.optim != nil {
		return params, l.inPlace(params)
	}
	o, err := l.rule.New(params, l.be)
	if err != nil {
		return nil, err
	}
	if l.restored != nil {
		if err := o.Restore(l.restored); err != nil {
			return nil, err
		}
		l.restored = nil
	}
	if shared, ok := o.(optim.Shared); ok && l.team != nil {
		shared.Share(l.team.Rank(), l.team.Size())
	}
	l.optim, l.grads = o, params
	return params, nil
}

// update takes the optimiser's step, with the other ranks where they share it; a rate of 0 leaves it out.
func (l *learner) update(ctx context.Context, lr float64) error {
	if lr == 0 {
		return nil
	}
	l.optim.Step(lr)
	defer l.graph.Refresh()
	shared, ok := l.optim.(optim.Shared)
	if !ok || l.team == nil {
		return nil
	}
	var list []ranks.Message
	l.team.Others(func(r int) {
		for _, w := range shared.Owned(l.team.Rank()) {
			list = append(list, ranks.Message{Peer: r, Data: ranks.Bytes(w)})
		}
		for _, w := range shared.Owned(r) {
			list = append(list, ranks.Message{Peer: r, Receive: true, Data: ranks.Bytes(w)})
		}
	})
	if err := l.team.Exchange(ctx, list...); err != nil {
		return fmt.Errorf("%w: %w", errHalf, err)
	}
	return nil
}

// errHalf says that a step was taken by some ranks' weights and not by others': what is in memory is not to be saved.
var errHalf = errors.New("the step is not complete")

// inPlace checks that the gradients lie where the optimiser reads them.
func (l *learner) inPlace(params []optim.Param) error {
	for i, p := range params {
		if at := l.grads[i]; unsafe.SliceData(p.G) != unsafe.SliceData(at.G) || unsafe.SliceData(p.W) != unsafe.SliceData(at.W) || len(p.G) != len(at.G) {
			return fmt.Errorf("the gradient of %s has moved since the optimiser was made", p.Name)
		}
	}
	return nil
}
