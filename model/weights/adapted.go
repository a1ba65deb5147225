package weights

import (
	"iter"

	"slm/model"
)

// Adapted is a model with an adapter merged into it: each tensor is that of the source, with what the adapter adds.
func Adapted(of Source, c model.Config, a *model.Adapter) Source {
	return &adapted{of, c, a}
}

// adapted offers no Blocks: a matrix that was changed is not the file's.
type adapted struct {
	Source
	config  model.Config
	adapter *model.Adapter
}

// End implements Ending.
func (a *adapted) End() (string, error) {
	if e, ok := a.Source.(Ending); ok {
		return e.End()
	}
	return "", nil
}

func (a *adapted) Tensors() iter.Seq2[Tensor, error] {
	changes := a.adapter.Changes(a.config)
	return func(yield func(Tensor, error) bool) {
		for t, err := range a.Source.Tensors() {
			if low, ok := changes[t.Name]; ok && err == nil {
				read := t.Read
				t.Read = func(into []float32) error {
					err := read(into)
					if err == nil {
						low.AddToAll(into)
					}
					return err
				}
			}
			if !yield(t, err) {
				return
			}
		}
	}
}

var _ Ending = (*adapted)(nil)
