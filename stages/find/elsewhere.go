package find

import (
	"context"
	"fmt"

	"slm/data/question"
	"slm/retrieve"
	"slm/stages/domain"
	"slm/stages/gate"
	"slm/stages/systems"
)

// refusal fits what tells questions that nothing in the corpus is about. Those about anything else are searched for in turn by the retrievers of the
// folds, as those of the corpus are.
func (l looked) refusal(ctx context.Context, dom *domain.Domain, with *systems.Resources, by []retrieve.Retriever) (*gate.Refusal, error) {
	lang := question.LanguageOf(dom.Sections)
	fit, held := question.Elsewhere(lang)
	common := retrieve.CommonTerms(question.FunctionWords(lang), fit)
	var own []gate.Ours
	at := 0
	for _, p := range l.parts {
		for range p.questions {
			own = append(own, gate.Ours{Subject: with.Subject(l.sights[at], common), People: p.people, Made: p.exam == byRule, Fold: l.fold[at]})
			at++
		}
	}
	var seen [2][]gate.Subject
	for half, list := range [][]string{fit, held} {
		for i, q := range list {
			s, err := with.Glance(ctx, by[i%len(by)], q)
			if err != nil {
				return nil, fmt.Errorf("find: questions about anything else: %w", err)
			}
			seen[half] = append(seen[half], with.Subject(s, common))
		}
	}
	return gate.FitRefusal(common, own, seen[0], seen[1])
}
