package knowledge

import (
	"slices"

	"slm/pipeline/schema"
	"slm/stages/domain"
)

const (
	// mostAuto bounds what auto comes to: the price of a question grows with its passages, and the small model says every token one by one.
	mostAuto = 320
	// autoShare is how many of the sections fit into a passage whole.
	autoShare = 0.95
)

// Limit is the longest passage for a domain, in tokens: the recipe's, or where that is auto, the length that 95 of 100 sections have, between
// DefaultTextTokens and 320. It follows from the domain alone.
func Limit(dom *domain.Domain, tokens int) (int, error) {
	if tokens != schema.Auto {
		return tokens, nil
	}
	rows, err := dom.Tokens()
	if err != nil {
		return 0, err
	}
	lengths := make([]int, dom.Sections.Len())
	for i := range lengths {
		text, err := rows.Text(i)
		if err != nil {
			return 0, err
		}
		lengths[i] = len(text)
	}
	slices.Sort(lengths)
	if len(lengths) == 0 {
		return DefaultTextTokens, nil
	}
	return max(DefaultTextTokens, min(mostAuto, lengths[min(len(lengths)-1, int(autoShare*float64(len(lengths))))])), nil
}
