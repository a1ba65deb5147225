package experts

import (
	"context"
	"errors"
)

// Router picks one of several runs, or two for a question that is about two corpora.
type Router struct {
	Scouts []*Scout

	with encoders
}

// None is the index of no run.
const None = -1

// Routed is where a question goes.
type Routed struct {
	Expert int       // index of the run that takes the question as a whole, or None
	Parts  []Part    // who is asked what: that run; two runs where the question is about two corpora; nobody where no corpus is about it
	Sure   []float64 // by run: the probability that the question is asked of its corpus and not of another thing
	Match  []float64 // by run: how familiar its words are there, from 0 to 1: the bid
}

// Part is what one run is asked of a question.
type Part struct {
	Expert int
	Text   string
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

// Route says where questions go: of the runs that do not refuse a question to the one where its words are most familiar (retrieve.Wording), and to two
// where each half of it goes to another run. Of a question that no run takes as a whole two may still take the halves.
func (r *Router) Route(ctx context.Context, questions []string) ([]Routed, error) {
	out, err := r.bids(ctx, questions)
	if err != nil {
		return nil, err
	}
	cuts, halves := make([][]cut, len(questions)), []string(nil)
	for i, q := range questions {
		if len(r.Scouts) > 1 {
			cuts[i] = cutsOf(q)
		}
		for _, c := range cuts[i] {
			halves = append(halves, c.left, c.right)
		}
	}
	seen, err := r.bids(ctx, halves)
	if err != nil {
		return nil, err
	}
	for i, q := range questions {
		for range cuts[i] {
			if left, right := seen[0], seen[1]; len(out[i].Parts) < 2 && apart(left, right) {
				out[i].Parts = []Part{r.part(left, q), r.part(right, q)}
			}
			seen = seen[2:]
		}
	}
	return out, nil
}

// bids says where texts go, each as a whole. The probability that a question is not from elsewhere would not do as a bid: it is near 1 of every
// corpus that is asked in the same forms. What a run bids depends on that run alone, so that another one beside it can only outbid it.
func (r *Router) bids(ctx context.Context, texts []string) ([]Routed, error) {
	out := make([]Routed, len(texts))
	for i := range out {
		out[i] = Routed{Expert: None, Sure: make([]float64, len(r.Scouts)), Match: make([]float64, len(r.Scouts))}
	}
	for k, s := range r.Scouts {
		seen, err := s.look(ctx, texts)
		if err != nil {
			return nil, err
		}
		for i, of := range seen {
			to := &out[i]
			to.Sure[k], to.Match[k] = s.curve.probability(of), of.familiar
			if !s.curve.refuses(of) && (to.Expert == None || to.Match[k] > to.Match[to.Expert]) {
				to.Expert, to.Parts = k, []Part{{k, texts[i]}}
			}
		}
	}
	return out, nil
}
