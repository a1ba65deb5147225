package exam

import (
	"iter"
	"slices"
	"strings"
	"unicode/utf8"

	"slm/data/corpus/clean"
	"slm/rng"
)

// headNear is the share of common 3-character shingles from which two options look alike to a reader of their first line.
const headNear = 0.5

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
	text = clean.Fold(text) // an option is one line, also of code
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
