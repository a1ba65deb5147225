package domain

import (
	"math"

	"slm/data/pack"
	"slm/rng"
)

// WithReplay adds share sections in document form to each of some examples, so that what was read before is not forgotten, and shuffles all. No section comes
// again before all have come; of a long one it is a part.
func (r *Reading) WithReplay(examples pack.Examples, share float64, draw *rng.Stream) (pack.Examples, error) {
	order := draw.Perm(r.dom.Sections.Len())
	for i := range int(math.Round(share * float64(len(examples)))) {
		section, form := order[i%len(order)], draw.IntN(max(1, len(r.dom.Forms.Document)))
		part, of := 1, r.Parts(section)
		if of > 1 {
			part += draw.IntN(of)
		}
		tokens, err := r.Document(section, form, part, of)
		if err != nil {
			return nil, err
		}
		examples = append(examples, pack.Example{ID: r.dom.Sections.At(section).ID, Tokens: tokens})
	}
	draw.Shuffle(len(examples), func(i, j int) { examples[i], examples[j] = examples[j], examples[i] })
	return examples, nil
}
