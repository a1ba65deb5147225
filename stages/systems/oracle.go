package systems

import (
	"context"
	"fmt"
	"slices"

	"slm/stages"
)

// oracle gives the true text: as far as any knowledge can lift this black box.
var oracle = Spec{
	Name: "oracle", Label: "oracle", Gets: "the true text", Kind: Bound,
	Against: []Contrast{{Over: "blade", Topic: Limit}},
	Cost:    func(items int, r *stages.Rates) stages.Cost { return r.AskItems(items, true) },
	Open: func(_ context.Context, r *Resources) (System, error) {
		if len(r.Items) == 0 || slices.ContainsFunc(r.Items, func(q Question) bool { return q.Truth == "" }) {
			return nil, fmt.Errorf("%w: the questions come without a true text", ErrUnavailable)
		}
		return r.Reader(func(_ context.Context, qs []Question) ([]Answer, error) {
			out := make([]Answer, len(qs))
			for i, q := range qs {
				out[i] = Answer{Place: q.Place, Given: placesOf(q.Place), Knowledge: r.Corpus.Head(q.Truth), InCorpus: true}
			}
			return out, nil
		}), nil
	},
}

// placesOf is a list with a place; an empty one without.
func placesOf(place string) []string {
	if place == "" {
		return nil
	}
	return []string{place}
}
