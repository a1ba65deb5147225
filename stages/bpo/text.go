package bpo

import (
	"context"
	_ "embed"
	"math/bits"
	"slices"
	"strings"

	"slm/data/exam"
	"slm/data/form"
	"slm/rng"
)

// Paraphrases of BLADE's instruction to the small model, "generate a document related to the following question", one a line.
var (
	//go:embed paraphrases.en.txt
	english string
	//go:embed paraphrases.zh.txt
	chinese string
)

// paraphrases are the prompts in words that suit the language of the questions.
func paraphrases(items []exam.Item) []string {
	questions := make([]string, len(items))
	for i, it := range items {
		questions[i] = it.Question
	}
	lines := english
	if form.InChinese(questions) {
		lines = chinese
	}
	return strings.Split(strings.TrimSpace(lines), "\n")
}

// halve is successive halving over the paraphrases (Karnin, Koren & Somekh 2013, as TRIPLE uses it for prompts, arXiv 2402.09723): in each of
// ⌈log₂ N⌉ rounds those that are left get budget/(rounds·left) items more, the same for all, and the better half of them stays.
func (s *search) halve(ctx context.Context, a *arm, budget int) error {
	prompts := paraphrases(s.items)
	rng.New(s.seed, "bpo", text).Shuffle(len(prompts), func(i, j int) { prompts[i], prompts[j] = prompts[j], prompts[i] }) // ties go to the earlier
	for i, p := range prompts {
		a.trials = append(a.trials, &trial{index: i + 1, kind: kindText, prompt: p})
	}
	left := slices.Clone(a.trials[1:])
	rounds, n := bits.Len(uint(len(left)-1)), 0
	for r := 0; r < rounds && len(left) > 1; r++ {
		n = min(len(s.items), n+budget/(rounds*len(left)))
		if n == 0 {
			n, left = 1, left[:min(len(left), budget/rounds)] // fewer questions than prompts: those that come first are asked
		}
		for _, t := range left {
			if err := s.extend(ctx, a.name, t, s.items, n); err != nil {
				return err
			}
			s.tell(a, t)
		}
		left = slices.DeleteFunc(left, func(t *trial) bool { return t.refused != "" })
		slices.SortStableFunc(left, func(x, y *trial) int { return byGain(x, y, s.zero, n) })
		left = left[:(len(left)+1)/2]
	}
	a.trials = slices.DeleteFunc(a.trials, func(t *trial) bool { return t != s.zero && t.asked == 0 })
	return nil
}

// byGain puts the larger gain on the first n items first.
func byGain(x, y, zero *trial, n int) int {
	gx, _ := gain(x, zero, n)
	gy, _ := gain(y, zero, n)
	switch {
	case gx > gy:
		return -1
	case gx < gy:
		return 1
	}
	return 0
}
