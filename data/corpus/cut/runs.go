package cut

import (
	"regexp"
	"slices"
)

// run is a sequence of marks that number the sections of a text.
type run []mark

// starts bounds how many places are tried as the first section of a run, fewer in texts with very many, and margins at how many indentations.
const (
	starts    = 16
	margins   = 8
	manyMarks = 50_000
)

// numberedMarks finds the sections of a text that are numbered in sequence, or none if there are fewer than MinNumbered. Numbers without a word
// in front count only if bare says so.
//
// A text is first read as numbered from 0 or 1 on. Where no style numbers it so, it may be a part of one, which begins higher.
func numberedMarks(text string, bare bool) []mark {
	c := newCandidates(text)
	for _, first := range []int{1, highest} {
		if r := c.run(bare, first); len(r) >= MinNumbered {
			return r
		}
	}
	return nil
}

// highest is a number that no section has.
const highest = 1 << 30

// candidates are the places of a text that look like section numbers, by the pattern of a style. Each style looks once.
type candidates struct {
	text  string
	found map[*regexp.Regexp][]mark
	ends  []int // where an appendix begins
}

func newCandidates(text string) *candidates {
	c := &candidates{text: text, found: map[*regexp.Regexp][]mark{}}
	for _, at := range appendix.FindAllStringIndex(text, -1) {
		c.ends = append(c.ends, at[0])
	}
	return c
}

func (c *candidates) of(s style) []mark {
	all, ok := c.found[s.pattern]
	if !ok {
		all = s.find(c.text)
		c.found[s.pattern] = all
	}
	return all
}

// run is that of the first style of words with enough marks, else the longest of bare numbers; first is the highest number that it may begin with.
func (c *candidates) run(bare bool, first int) run {
	for _, s := range words {
		if r := c.longest(s, first); len(r) >= MinNumbered && (first == 1 || c.early(r)) {
			return r
		}
	}
	if !bare {
		return nil
	}
	var best run
	for _, s := range plain {
		if r := c.longest(s, first); len(r) > len(best) && (first == 1 || c.early(r)) {
			best = r
		}
	}
	for _, s := range []style{romanStyle, decimalStyle} {
		r := c.longest(s, first)
		if r.sections() < MinNumbered || !c.early(r) {
			continue
		}
		if len(best) < MinNumbered || r.widest(len(c.text)) < best.widest(len(c.text)) && !r.below(best) {
			best = r
		}
	}
	return best
}

// longest returns the longest run of a style's numbers in sequence that begins at first or below. Lists inside a section restart at 1 and are
// mostly indented otherwise, or closer: so runs at one indentation are tried before mixed ones, those that stand apart first. Of runs of the same
// length the one that leaves the smallest largest piece is taken, the lead-in counted (a summary numbered 1 to 7 in front of sections 1 to 15
// loses so).
func (c *candidates) longest(s style, first int) run {
	all := c.of(s)
	if first > 1 {
		all = slices.DeleteFunc(slices.Clone(all), func(m mark) bool { return !m.front })
	}
	most := max(2, min(starts, manyMarks/max(1, len(all))))
	var best run
	widest := 0
	try := func(accept func(mark) bool) {
		tried := 0
		for i := 0; i < len(all) && tried < most; i++ {
			if all[i].value > first || !accept(all[i]) {
				continue
			}
			tried++
			r := c.jump(s, s.chain(all[i:], accept), all, accept)
			if w := r.widest(len(c.text)); len(r) > len(best) || len(r) == len(best) && w < widest {
				best, widest = r, w
			}
		}
	}
	for _, apart := range []bool{true, false} {
		indents := map[int]bool{}
		for _, m := range all {
			if m.value <= first && !indents[m.indent] && len(indents) < margins {
				indents[m.indent] = true
				try(func(x mark) bool { return x.indent == m.indent && (x.apart || !apart) })
			}
		}
		if len(best) >= MinNumbered {
			widest = 0 // another must be longer
		}
	}
	widest = 0
	try(func(mark) bool { return true })
	return best
}

// early reports whether a run begins where the text does, or a page behind: what is numbered far behind is a list or a table.
func (c *candidates) early(r run) bool { return r[0].start <= max(lastMost, len(c.text)/4) }

// sections is how many of the marks begin a section, and do not only head some.
func (r run) sections() int {
	n := 0
	for _, m := range r {
		if !m.part {
			n++
		}
	}
	return n
}

// widest is the length of the longest piece that a run of marks cuts, bytes.
func (r run) widest(end int) int {
	widest, last := 0, 0
	for _, m := range r {
		widest, last = max(widest, m.start-last), m.start
	}
	return max(widest, end-last)
}

// below reports whether a run numbers the parts of another's sections: most of its 3.1 stand in the other's 3.
func (r run) below(other run) bool {
	inside, at := 0, -1
	for _, m := range r {
		for at+1 < len(other) && other[at+1].start <= m.start {
			at++
		}
		if at >= 0 && other[at].value == m.value && m.sub {
			inside++
		}
	}
	return inside*2 > len(r)
}

// chain takes the numbers that follow each other, from the first mark on.
func (s style) chain(all []mark, accept func(mark) bool) run {
	out := run{all[0]}
	for _, m := range all[1:] {
		if accept(m) && s.follows(out[len(out)-1], m) {
			out = append(out, m)
		}
	}
	return out
}

// follows reports whether a mark may stand behind another: it has the next number, the one after it where a word stands in front, or is inserted
// behind it.
func (s style) follows(last, m mark) bool {
	switch m.value - last.to {
	case 0:
		return m.sub && (!m.ordered || last.key.less(m.key))
	case 1:
		return true
	case 2:
		return s.skips
	}
	return false
}
