package experts

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"slm/checkpoint"
	"slm/retrieve"
	"slm/stages"
	"slm/stages/search"
)

// encoders are opened once for all runs. A run's own encoder, and one behind a server, are none of them.
type encoders map[string]retrieve.Encoder

// shared are the encoders that can be asked for any run: all runs have the same, and nothing of them is on another machine.
var shared = []string{retrieve.MiniLMName, retrieve.E5Name}

// near is the first shared encoder of a run beside the vectors that stage find has made of its sections; nil: there is none.
func (e encoders) near(ctx context.Context, folder string, sections int) (retrieve.Scorer, error) {
	dir := filepath.Join(folder, stages.Find)
	if err := checkpoint.Verify(dir); errors.Is(err, checkpoint.ErrMissing) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	fusion, err := search.ReadFusion(dir)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(fusion.Dense, func(name string) bool { return slices.Contains(shared, name) })
	if i < 0 {
		return nil, nil
	}
	name := fusion.Dense[i]
	vectors, err := retrieve.ReadVectors(filepath.Join(dir, search.VectorsFile(name)), sections)
	if err != nil {
		return nil, err
	}
	if e[name] == nil {
		spec, err := search.LookupEncoder(name)
		if err != nil {
			return nil, err
		}
		encoder, err := spec.Open(ctx, search.Source{})
		if err != nil {
			return nil, fmt.Errorf("experts: %w", err)
		}
		e[name] = encoder
	}
	return retrieve.NewDense(e[name], vectors)
}

func (e encoders) Close() (err error) {
	for _, one := range e {
		err = errors.Join(err, one.Close())
	}
	return err
}
