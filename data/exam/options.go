package exam

import (
	"cmp"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"

	"slm/data/corpus/clean"
	"slm/rng"
)

// headNear is the share of common 3-character shingles from which two options look alike to a reader of their first line.
const headNear = 0.5

// Where wrong options are from.
const (
	Document = "document" // the same document first, of them those like the right one in kind and length; then the documents whose titles are near
	Any      = "any"      // any section
)

const (
	// permuted is the largest pool whose whole order is drawn for every question. In a larger one that is most of the work of an exam, and a few
	// draws find options: one drawn twice is like itself, and falls away so.
	permuted = 10_000
	// mostOwn is how many sections of a document are compared with the right one; of more, so many draws.
	mostOwn = 500
	// nearTitles is how many documents before and after the question's, by title, are near.
	nearTitles = 4
	// lengthStep is how many characters lengths may differ by and count as the same.
	lengthStep = 10
)

// choice is the options of a question: the right one first.
type choice []candidate

// texts are the options.
func (c choice) texts() []string {
	out := make([]string, len(c))
	for i := range c {
		out[i] = c[i].head
	}
	return out
}

// picker draws wrong options.
type picker struct {
	pool   []candidate
	opt    Options
	titles []string         // sorted
	of     map[string][]int // title → its candidates
}

func newPicker(pool []candidate, opt Options) *picker {
	p := &picker{pool: pool, opt: opt, of: map[string][]int{}}
	for i, c := range pool {
		if p.of[c.section.Title] == nil {
			p.titles = append(p.titles, c.section.Title)
		}
		p.of[c.section.Title] = append(p.of[c.section.Title], i)
	}
	slices.Sort(p.titles)
	return p
}

// choose takes as options of pool[right] the first others of its order that are not alike. Each shield, which is a condition, gets the first option
// that meets it, if there is one. Fewer than Choices come back where there are no more.
func (p *picker) choose(right int, shields ...func(head string) bool) choice {
	out, seen := choice{p.pool[right]}, []map[string]struct{}{grams(p.pool[right].head)}
	add := func(i int, want func(string) bool) bool {
		if i == right || want != nil && !want(p.pool[i].head) {
			return false
		}
		g := grams(p.pool[i].head)
		if slices.ContainsFunc(seen, func(s map[string]struct{}) bool { return alike(s, g) }) {
			return false
		}
		out, seen = append(out, p.pool[i]), append(seen, g)
		return true
	}
	for _, want := range shields {
		if slices.ContainsFunc(out[1:].texts(), want) || len(out) == p.opt.Choices {
			continue
		}
		for i := range p.order(right) {
			if add(i, want) {
				break
			}
		}
	}
	for i := range p.order(right) {
		if len(out) == p.opt.Choices {
			break
		}
		add(i, nil)
	}
	return out
}

// order yields candidates in the order in which they are tried as wrong options, by a stream of the section's own.
func (p *picker) order(right int) iter.Seq[int] {
	of := p.pool[right].section
	all := order(len(p.pool), rng.New(p.opt.Seed, "exam", "options", of.ID))
	if p.opt.Distractors == Any {
		return all
	}
	return func(yield func(int) bool) {
		draw := rng.New(p.opt.Seed, "exam", "own", of.ID)
		for _, i := range p.like(right, p.of[of.Title], draw) {
			if !yield(i) {
				return
			}
		}
		at, _ := slices.BinarySearch(p.titles, of.Title)
		var near []int
		for _, t := range slices.Concat(p.titles[max(0, at-nearTitles):at], p.titles[at+1:min(len(p.titles), at+1+nearTitles)]) {
			near = append(near, p.of[t]...)
		}
		for _, i := range p.like(right, near, draw) {
			if !yield(i) {
				return
			}
		}
		all(yield)
	}
}

// like sorts candidates by how they look beside pool[right]: those of its kind first, then by the difference in length; by chance among equals.
func (p *picker) like(right int, among []int, draw *rng.Stream) []int {
	shuffled := make([]int, 0, min(len(among), mostOwn))
	for i := range order(len(among), draw) {
		if len(shuffled) == mostOwn {
			break
		}
		shuffled = append(shuffled, among[i])
	}
	one := p.pool[right]
	far := func(i int) int {
		c := p.pool[i]
		d := max(c.runes-one.runes, one.runes-c.runes) / lengthStep
		if c.kind != one.kind {
			d += p.opt.Chars // behind all of its kind
		}
		return d
	}
	slices.SortStableFunc(shuffled, func(a, b int) int { return cmp.Compare(far(a), far(b)) })
	return shuffled
}

// order yields n indices by chance.
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
