package eval

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"slm/data/exam"
	"slm/result"
	"slm/retrieve"
	"slm/rng"
	"slm/stages"
	"slm/stages/domain"
	"slm/stages/search"
	"slm/stages/systems"
	"slm/stat"
)

// nowhere is a section that no retriever finds: a right place that the corpus does not have.
const nowhere = -1

// retrieval measures the run's retrievers on the items of which right places are known.
func (s *Stage) retrieval(ctx context.Context, env *stages.Env, with *systems.Resources, dom *domain.Domain, items []exam.Item) (out []result.Retrieval, err error) {
	var asked []retrieve.Asked
	for _, it := range items {
		q := retrieve.Asked{Question: it.Question}
		for _, place := range it.Right() {
			at := nowhere
			if _, i, ok := dom.Section(place); ok {
				at = i
			}
			q.Sections = append(q.Sections, at)
		}
		if len(q.Sections) > 0 {
			asked = append(asked, q)
		}
	}
	if len(asked) == 0 {
		return nil, nil
	}
	for _, name := range slices.Sorted(maps.Keys(with.Retrievers)) {
		if name == search.Dense {
			continue // the first encoder, which is there under its own name too
		}
		ranks, err := retrieve.Ranks(ctx, with.Retrievers[name], asked)
		if err != nil {
			return nil, fmt.Errorf("eval: search by %s: %w", name, err)
		}
		q, err := retrieve.Measure(name, asked, ranks, stat.Options{Resamples: s.cfg.Intervals.N, Stream: rng.New(env.Seed, "eval", "retrieval")})
		if err != nil {
			return nil, err
		}
		out = append(out, result.Retrieval{
			Retriever: name, Questions: q.Questions, Recall1: result.Range(q.Recall1), Recall3: result.Range(q.Recall3), Recall5: result.Range(q.Recall5),
			Recall20: result.Range(q.Recall20), MRR: result.Range(q.MRR), NDCG10: result.Range(q.NDCG10),
		})
	}
	return out, nil
}
