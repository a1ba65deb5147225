package prep

import (
	"regexp"

	"slm/data/corpus"
	"slm/data/exam"
	"slm/data/form"
	"slm/data/question"
	"slm/rng"
)

// counted is how package cut names a part of a long section that no term tells apart.
var counted = regexp.MustCompile(` \(\d+ of \d+\)$`)

// ruled makes the second exam from the corpus by rules (package question): of each section at most one question, of a kind drawn from those that the
// section has. Clozes are left out, and topics that are no heading: people do not ask so. What two sections would be asked in the same words,
// or from the same sentence or heading, names neither, and is left out too. Without parts, so are topics with a number in brackets.
func ruled(sections []corpus.Section, forms form.Set, parts bool, seed uint64) []exam.Item {
	counts := question.Count(corpus.Slice(sections), nil)
	made := make([][]question.Question, len(sections))
	of := map[string]int{} // sections by question, and by what it is made from
	for i, s := range sections {
		seen := map[string]bool{}
		for _, q := range question.Of(s, counts, seed) {
			if q.Kind == question.Cloze || q.Rule == "phrase" || !parts && q.Rule == "heading" && counted.MatchString(s.Heading) {
				continue
			}
			made[i] = append(made[i], q)
			for _, key := range []string{exam.Fold(q.Text), exam.Fold(q.From)} {
				if !seen[key] {
					seen[key] = true
					of[key]++
				}
			}
		}
	}
	var items []exam.Item
	for i, s := range sections {
		var kinds []string
		by := map[string][]question.Question{}
		for _, q := range made[i] {
			if of[exam.Fold(q.Text)] > 1 || of[exam.Fold(q.From)] > 1 {
				continue
			}
			if by[q.Kind] == nil {
				kinds = append(kinds, q.Kind)
			}
			by[q.Kind] = append(by[q.Kind], q)
		}
		if len(kinds) == 0 {
			continue
		}
		draw := rng.New(seed, "asked", s.ID)
		list := by[kinds[draw.IntN(len(kinds))]]
		items = append(items, exam.Item{
			ID: exam.RuledID(s.ID), Exam: exam.Asked, Section: s.ID, Question: list[draw.IntN(len(list))].Text, Answer: -1,
			Place: forms.PlaceOf(s), Knowledge: s.Text,
		})
	}
	return items
}
