package systems

import (
	"context"
	"fmt"

	"slm/result"
	"slm/stages"
)

// cite gives the corpus's own text at the place that the small model names. Where the corpus has no such place there is no knowledge.
var cite = Spec{
	Name: "cite", Label: "cite", Gets: "the corpus’s text at the named place", Kind: Text, Small: true, Needs: stages.DP,
	Against: []Contrast{{Over: "blade", Topic: Citing, Subject: "Citing", Does: "The corpus’s own text at the named place", Than: "the generated text"}},
	Note: func(rows []result.Row) string {
		unknown := 0
		for _, r := range rows {
			if !r.Verified {
				unknown++
			}
		}
		if unknown == 0 {
			return ""
		}
		return fmt.Sprintf("cite: the corpus does not have %d of the %d places that the small model named; there the LLM was asked without knowledge.", unknown, len(rows))
	},
	Cost: func(items int, r *stages.Rates) stages.Cost { return r.AskItems(items, true) },
	Open: func(_ context.Context, r *Resources) (System, error) {
		speaker, err := r.needSpeaker()
		if err == nil && r.Corpus == nil {
			err = fmt.Errorf("%w: there is no corpus to cite", ErrUnavailable)
		}
		return r.Reader(func(ctx context.Context, qs []Question) ([]Answer, error) { return r.citeAt(ctx, speaker, qs) }), err
	},
}

// citeAt is the corpus's text at the places that a small model names.
func (r *Resources) citeAt(ctx context.Context, speaker string, qs []Question) ([]Answer, error) {
	pieces, err := r.pieces(ctx, speaker, qs)
	if err != nil {
		return nil, err
	}
	out := make([]Answer, len(pieces))
	for i, p := range pieces {
		out[i].Place = p.Place
		if own, ok := r.Corpus.At(p.Place); ok {
			out[i].Given, out[i].Knowledge, out[i].InCorpus = placesOf(p.Place), r.Corpus.Head(own.Text), true
		}
	}
	return out, r.judge(ctx, speaker, qs, pieces, out)
}
