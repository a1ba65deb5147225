package systems

import (
	"context"
	"fmt"

	"slm/stages"
)

// Checked is the system that ask answers with.
const Checked = "checked"

// checked gives only what the run can stand for: the corpus's text at a place of which the small model is sure, else of the section that
// the question itself names, else a passage of which the search is sure, else nothing.
var checked = Spec{
	Name: Checked, Label: "small model or search, checked", Gets: "text at a sure place, else a sure hit, else nothing", Kind: Text, Small: true, Needs: stages.DP, Optional: true,
	Against: []Contrast{{Over: "blade", Topic: Additional, Subject: "Checking", Does: "Knowledge from places that the small model is sure of, or from search", Than: "all that it generates"}},
	Cost:    func(items int, r *stages.Rates) stages.Cost { return r.AskItems(items, true) },
	Open: func(_ context.Context, r *Resources) (System, error) {
		speaker, err := r.needSpeaker()
		if err == nil && !r.Places {
			err = fmt.Errorf("%w: the small model of this run names no places", ErrUnavailable)
		}
		return r.Reader(func(ctx context.Context, qs []Question) ([]Answer, error) { return r.check(ctx, speaker, qs) }), err
	},
}

// The probabilities from which a place is taken for the right one. Of search more is asked: that a passage was found says less than that a model
// which has read the corpus names its place.
const (
	sureFrom = 0.5
	goodFrom = 0.7
)

// check takes what can be stood for.
func (r *Resources) check(ctx context.Context, speaker string, qs []Question) ([]Answer, error) {
	pieces, err := r.pieces(ctx, speaker, qs)
	if err != nil {
		return nil, err
	}
	sure, err := r.surePlaces(ctx, speaker, qs, pieces)
	if err != nil {
		return nil, err
	}
	out := make([]Answer, len(qs))
	for i, p := range pieces {
		a := &out[i]
		a.Named, a.Confidence = p.Place, sure[i]
		own, known := r.Corpus.At(p.Place)
		switch {
		case !known || r.doubted(qs[i], p.Place, sure[i]):
			if err := r.fallBack(ctx, qs[i], a); err != nil {
				return nil, err
			}
		case p.Verified:
			r.use(a, own, Recited)
			a.Knowledge = r.Corpus.Head(p.Text)
		default:
			r.use(a, own, Cited)
		}
	}
	return out, nil
}

// doubted says that the small model may well be wrong about a place: it is too unsure of it or, where nobody knows how sure it is, the question itself names another.
func (r *Resources) doubted(q Question, place string, sure *float64) bool {
	if sure != nil {
		return *sure < sureFrom
	}
	section, ok := r.Corpus.Named(q.Text)
	return ok && r.Corpus.Passage(section).Place != place
}

// use gives an answer a passage of the corpus.
func (r *Resources) use(a *Answer, p Passage, from Origin) {
	a.Place, a.Source, a.Given, a.Knowledge, a.InCorpus, a.Origin = p.Place, p.Source, placesOf(p.Place), r.Corpus.Head(p.Text), true, from
}

// fallBack takes the section that the question itself names, else a passage by search, if the search is sure of it.
func (r *Resources) fallBack(ctx context.Context, q Question, a *Answer) error {
	if section, ok := r.Corpus.Named(q.Text); ok {
		r.use(a, r.Corpus.Passage(section), Asked)
		return nil
	}
	if r.Search == nil {
		return nil
	}
	c, err := r.calibrated(ctx, "search", mostFound, func(ctx context.Context, qs []Question) (out []guess, err error) {
		for _, q := range qs {
			g := guess{}
			if _, ok := r.Corpus.Named(q.Text); !ok { // else it is not searched for
				if g, _, err = r.found(ctx, q.Text); err != nil {
					return nil, err
				}
			}
			out = append(out, g)
		}
		return out, nil
	})
	if err != nil {
		return err
	}
	g, section, err := r.found(ctx, q.Text)
	if err != nil {
		return err
	}
	if p := c.of(g); p != nil && *p >= goodFrom {
		r.use(a, r.Corpus.Passage(section), Found)
		a.Hit = p
	}
	return nil
}

// found is the best hit of a search, and what is seen of it: by how much its score is above the next, and what the question names.
func (r *Resources) found(ctx context.Context, question string) (g guess, section int, err error) {
	hits, err := r.Search.Search(ctx, question, 2)
	if err != nil || len(hits) == 0 {
		return guess{}, -1, err
	}
	lead := hits[0].Score
	if len(hits) > 1 {
		lead -= hits[1].Score
	}
	place := r.Corpus.Passage(hits[0].Section).Place
	return guess{place, append([]float64{lead}, r.Corpus.Names(question, place).seen()...)}, hits[0].Section, nil
}
