package exam

import (
	"iter"
	"slices"
	"strings"
	"unicode/utf8"

	"slm/data/corpus"
	"slm/data/corpus/minhash"
	"slm/data/form"
	"slm/rng"
)

// headNear is the share of common 3-character shingles from which two options look alike to a reader of their first line.
const headNear = 0.5

// candidate is a section that can be examined.
type candidate struct {
	section corpus.Section
	head    string
}

// examined returns the sections, by id, that have a place of their own and no near copy in the corpus: neither the whole text nor
// its head, which is all that an option shows.
func examined(sections []corpus.Section, forms form.Set, opt Options) []candidate {
	places := map[string]int{}
	for _, s := range sections {
		places[forms.ExamOf(s)]++
	}
	unique := uniqueTexts(sections, opt)
	var pool []candidate
	for i, s := range sections {
		if unique[i] && places[forms.ExamOf(s)] == 1 {
			pool = append(pool, candidate{s, head(s.Text, opt.Chars)})
		}
	}
	slices.SortFunc(pool, func(a, b candidate) int { return strings.Compare(a.section.ID, b.section.ID) })
	return pool
}

// uniqueTexts marks the sections that no other section is a near copy of, by text or by head. Pairs come from an index by MinHash
// and are settled by exact similarity.
func uniqueTexts(sections []corpus.Section, opt Options) []bool {
	unique := make([]bool, len(sections))
	for i, s := range sections {
		unique[i] = utf8.RuneCountInString(s.Text) >= min(opt.Chars, 40)
	}
	for _, text := range []func(corpus.Section) string{
		func(s corpus.Section) string { return s.Text },
		func(s corpus.Section) string { return head(s.Text, opt.Chars) },
	} {
		index := minhash.NewIndex(opt.Near)
		for i, s := range sections {
			m := minhash.Of(text(s))
			index.Candidates(m, func(j int) {
				if (unique[i] || unique[j]) && minhash.Jaccard(text(s), text(sections[j]), 5) >= opt.Near {
					unique[i], unique[j] = false, false
				}
			})
			index.Add(m)
		}
	}
	return unique
}

// distractors draws wrong options for pool[right] from the other sections, by a stream of the section's own.
func distractors(pool []candidate, right int, opt Options) []string {
	heads, chosen := []string{}, []map[string]struct{}{grams(pool[right].head)}
	for i := range order(len(pool), rng.New(opt.Seed, "exam", "options", pool[right].section.ID)) {
		if len(chosen) == opt.Choices {
			break
		}
		if i == right {
			continue
		}
		g := grams(pool[i].head)
		if !slices.ContainsFunc(chosen, func(c map[string]struct{}) bool { return alike(c, g) }) {
			heads, chosen = append(heads, pool[i].head), append(chosen, g)
		}
	}
	return heads
}

// permuted is the largest pool whose whole order is drawn for every question. In a larger one that is most of the work of an exam, and a few
// draws find options: one drawn twice is like itself, and falls away so.
const permuted = 10_000

// order yields n indices in the order in which they are tried as wrong options.
func order(n int, stream *rng.Stream) iter.Seq[int] {
	if n <= permuted {
		return slices.Values(stream.Perm(n))
	}
	return func(yield func(int) bool) {
		for range n {
			if !yield(stream.IntN(n)) {
				return
			}
		}
	}
}

// head is the beginning of a text, cut at a word at most chars characters from its start.
func head(text string, chars int) string {
	if utf8.RuneCountInString(text) <= chars {
		return text
	}
	runes := []rune(text)
	cut := string(runes[:chars])
	if at := strings.LastIndexByte(cut, ' '); runes[chars] != ' ' && 2*at >= len(cut) {
		cut = cut[:at] // a script without spaces is cut where it stands
	}
	return strings.TrimRight(cut, " ")
}

// grams is the set of 3-character shingles of a text in lower case.
func grams(text string) map[string]struct{} {
	runes := []rune(strings.ToLower(text))
	set := make(map[string]struct{}, len(runes))
	for i := 0; i == 0 || i+3 <= len(runes); i++ {
		set[string(runes[i:min(i+3, len(runes))])] = struct{}{}
	}
	return set
}

// alike reports whether the Jaccard similarity of two heads is at least headNear, or one holds most of the other.
func alike(a, b map[string]struct{}) bool {
	both := 0
	for g := range a {
		if _, ok := b[g]; ok {
			both++
		}
	}
	return float64(both) >= headNear*float64(len(a)+len(b)-both)
}
