package experts

import (
	"context"
	"errors"

	"slm/model/kernel"
)

// Router picks one of several runs.
type Router struct{ Scouts []*Scout }

// None is the index of no run.
const None = -1

// Routed is where a question goes.
type Routed struct {
	Expert int       // index, or None: no corpus is about it
	Sure   []float64 // by run: the probability that the question is asked of its corpus and not of another thing
	Match  []float64 // by run: how much of the question is its corpus's, from 0 to 3
}

// NewRouter opens the runs in some folders. kernels gives the arithmetic of each.
func NewRouter(ctx context.Context, folders []string, kernels func(folder string) (kernel.Backend, error)) (*Router, error) {
	r := &Router{}
	for _, folder := range folders {
		be, err := kernels(folder)
		if err != nil {
			return nil, errors.Join(err, r.Close())
		}
		s, err := NewScout(ctx, folder, be)
		if err != nil {
			return nil, errors.Join(err, r.Close())
		}
		r.Scouts = append(r.Scouts, s)
	}
	return r, nil
}

// Close closes the runs.
func (r *Router) Close() (err error) {
	for _, s := range r.Scouts {
		err = errors.Join(err, s.Close())
	}
	return err
}

// Route says where questions go: of the runs that do not refuse a question to the one whose corpus has most of it, by the shares of its subject that stand
// anywhere and in one section, and the probability of a byte. The probability that a question is not from elsewhere would not do: it is near 1 of every
// corpus that is asked in the same forms. What a run bids depends on that run alone, so that another one beside it can only outbid it.
func (r *Router) Route(ctx context.Context, questions []string) ([]Routed, error) {
	out := make([]Routed, len(questions))
	for i := range out {
		out[i] = Routed{Expert: None, Sure: make([]float64, len(r.Scouts)), Match: make([]float64, len(r.Scouts))}
	}
	for k, s := range r.Scouts {
		seen, err := s.look(ctx, questions)
		if err != nil {
			return nil, err
		}
		for i, subject := range seen {
			to := &out[i]
			to.Sure[k], to.Match[k] = s.Refusal.Probability(subject), subject.Known+subject.Best+subject.Near
			if !s.Refusal.Refuses(subject) && (to.Expert == None || to.Match[k] > to.Match[to.Expert]) {
				to.Expert = k
			}
		}
	}
	return out, nil
}
