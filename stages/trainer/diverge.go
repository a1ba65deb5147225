package trainer

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"slm/checkpoint"
	"slm/data/pack"
	"slm/model"
	"slm/optim"
	"slm/stages"
)

// ErrDiverged says that a loss or a gradient was not finite. The last save stays.
var ErrDiverged = errors.New("training diverged")

// diverged names the step, the layer and the batch at which training broke down. The error has the first examples of the batch, the
// event all of them.
func (s *session) diverged(err error, b pack.Batch) error {
	where := s.blame(b)
	s.env.Emit(stages.Event{Type: "warning", Stage: s.Stage, Step: s.state.Step + 1, Message: fmt.Sprintf("%v at %s; the batch holds: %s", err, where, strings.Join(b.IDs, ", "))})
	ids := b.IDs
	if len(ids) > 8 {
		ids = append(append([]string{}, ids[:8]...), "…")
	}
	return fmt.Errorf("%s: %w at step %d of %d, %s (epoch %d, batch %d: %s): %w; the last save is kept, a lower lr helps most",
		s.Stage, ErrDiverged, s.state.Step+1, s.total, where, s.state.Epoch, s.state.Index, strings.Join(ids, ", "), err)
}

// blame finds where numbers stopped to be finite: in a weight, else in a layer's activations, else in the gradient of a parameter.
func (s *session) blame(b pack.Batch) string {
	if t := unsound(append(s.Model.Learnt(), s.Model.Tensors()...)); t != "" {
		return "weights of " + t
	}
	for n := range s.Model.Config.Layers + 1 {
		if errors.Is(s.lossOf(n, b), model.ErrNotFinite) {
			if n == 0 {
				return "the embedding or the head"
			}
			return fmt.Sprintf("layer%d", n-1)
		}
	}
	grads, err := s.graph.Gradients()
	if err != nil {
		return "an unknown place"
	}
	return firstGradient(Params(grads))
}

// lossOf runs a batch through the first n layers and the head. With n growing, the layer that makes the loss NaN is the last added.
func (s *session) lossOf(n int, b pack.Batch) error {
	part := *s.Model
	part.Config.Layers, part.Layers = n, s.Model.Layers[:n]
	g, err := model.NewGraph(&part, s.env.Kernel, s.graph.Seqs, s.graph.Len, model.Losses)
	if err != nil {
		return err
	}
	_, err = run(g, b, 1)
	return errors.Join(err, g.Close())
}

// firstGradient names the first parameter whose gradient is not finite, seen from the loss: backpropagation carries the fault on to all
// that come after. The embedding, which is first in the list, is last.
func firstGradient(params []optim.Param) string {
	for i := len(params) - 1; i >= 0; i-- {
		if !finite(params[i].G) {
			return "gradient of " + params[i].Name
		}
	}
	return "the gradient's norm"
}

// unsound names the first tensor with a number that is not finite; "" when there is none.
func unsound(tensors []checkpoint.Tensor) string {
	for _, t := range tensors {
		if !finite(t.Data) {
			return t.Name
		}
	}
	return ""
}

func finite(x []float32) bool {
	for _, v := range x {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			return false
		}
	}
	return true
}
