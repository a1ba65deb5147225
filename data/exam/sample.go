package exam

import (
	"iter"
	"slices"

	"slm/data/corpus"
	"slm/rng"
)

// Most is how many sections an exam is made from. A larger corpus is sampled, so that memory does not grow with it; what
// is no near copy of anything in the sample may then have one in the rest.
const Most = 50_000

// Sample returns at most most sections, chosen by the seed and their ids. It goes through the sequence twice.
func Sample(sections iter.Seq2[corpus.Section, error], most int, seed uint64) ([]corpus.Section, error) {
	var keys []uint64
	for s, err := range sections {
		if err != nil {
			return nil, err
		}
		keys = append(keys, sampleKey(s, seed))
	}
	limit := ^uint64(0)
	if len(keys) > most {
		slices.Sort(keys)
		limit = keys[most] // the first that is left out
	}
	var out []corpus.Section
	for s, err := range sections {
		if err != nil {
			return nil, err
		}
		if limit == ^uint64(0) || sampleKey(s, seed) < limit {
			out = append(out, s)
		}
	}
	return out, nil
}

func sampleKey(s corpus.Section, seed uint64) uint64 {
	return rng.New(seed, "exam", "sample", s.ID).Uint64()
}
