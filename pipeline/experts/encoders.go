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

// nearness is how near a run's sections come to questions.
type nearness struct {
	encoder retrieve.Encoder
	vectors *retrieve.Vectors
}

// largest is the largest cosine of a section's vector with each question's, 0 at least.
func (n *nearness) largest(ctx context.Context, questions []string) ([]float64, error) {
	vectors, err := n.encoder.Questions(ctx, questions)
	if err != nil {
		return nil, err
	}
	out := make([]float64, len(questions))
	for i, v := range vectors {
		for _, cosine := range n.vectors.Scores(v) {
			out[i] = max(out[i], cosine)
		}
	}
	return out, nil
}

// remembering is an encoder that all runs share, and with it the vectors of questions: those about anything else are the same for all, and each
// question is put to every run.
type remembering struct {
	retrieve.Encoder
	known map[string][]float32
}

// remembered is how many vectors are kept, about.
const remembered = 4096

// Questions encodes those that are not known yet, together.
func (r *remembering) Questions(ctx context.Context, texts []string) ([][]float32, error) {
	if len(r.known)+len(texts) > remembered {
		clear(r.known)
	}
	var open []string
	for _, t := range texts {
		if r.known[t] == nil {
			open = append(open, t)
		}
	}
	vectors, err := r.Encoder.Questions(ctx, open)
	if err != nil {
		return nil, err
	}
	for i, t := range open {
		r.known[t] = vectors[i]
	}
	out := make([][]float32, len(texts))
	for i, t := range texts {
		out[i] = r.known[t]
	}
	return out, nil
}

// near is the first shared encoder of a run beside the vectors that stage find has made of its sections; nil: there is none.
func (e encoders) near(ctx context.Context, folder string, sections int) (*nearness, error) {
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
		if encoder.Dim() != vectors.Dim {
			return nil, fmt.Errorf("experts: vectors of %s have %d values, and the encoder makes %d", name, vectors.Dim, encoder.Dim())
		}
		e[name] = &remembering{encoder, map[string][]float32{}}
	}
	return &nearness{e[name], vectors}, nil
}

func (e encoders) Close() (err error) {
	for _, one := range e {
		err = errors.Join(err, one.Close())
	}
	return err
}
