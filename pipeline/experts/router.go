package experts

import (
	"context"
	"errors"
)

// Router picks one of several runs.
type Router struct {
	Scouts []*Scout

	with encoders
}

// None is the index of no run.
const None = -1

// Routed is where a question goes.
type Routed struct {
	Expert int       // index, or None: no corpus is about it
	Sure   []float64 // by run: the probability that the question is asked of its corpus and not of another thing
	Match  []float64 // by run: how familiar its words are there, from 0 to 1: the bid
}

// NewRouter opens the runs in some folders.
func NewRouter(ctx context.Context, folders []string) (*Router, error) {
	r := &Router{with: encoders{}}
	for _, folder := range folders {
		s, err := newScout(ctx, folder, r.with)
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
	return errors.Join(err, r.with.Close())
}

// Route says where questions go: of the runs that do not refuse a question to the one where its words are most familiar (retrieve.Wording). The probability
// that a question is not from elsewhere would not do: it is near 1 of every corpus that is asked in the same forms. What a run bids depends on that
// run alone, so that another one beside it can only outbid it.
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
		for i, of := range seen {
			to := &out[i]
			to.Sure[k], to.Match[k] = s.curve.probability(of), of.familiar
			if !s.curve.refuses(of) && (to.Expert == None || to.Match[k] > to.Match[to.Expert]) {
				to.Expert = k
			}
		}
	}
	return out, nil
}
