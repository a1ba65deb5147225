package decode

import (
	"cmp"
	"slices"
	"sort"
)

// Choices are continuations of which one is wanted. They are kept sorted, so that those with a common beginning stand together: a trie whose nodes
// are ranges. It takes the tokens and eight bytes a choice.
type Choices struct {
	tokens []int32
	starts []int   // choice i is tokens[starts[i]:starts[i+1]]
	given  []int32 // the number under which choice i was given

	longest int // tokens
}

// NewChoices sorts continuations. Of equal ones the first counts; an empty one cannot be chosen.
func NewChoices(all [][]int32) *Choices {
	order := make([]int32, 0, len(all))
	for i := range all {
		if len(all[i]) > 0 {
			order = append(order, int32(i))
		}
	}
	slices.SortFunc(order, func(a, b int32) int { return cmp.Or(slices.Compare(all[a], all[b]), cmp.Compare(a, b)) })
	order = slices.CompactFunc(order, func(a, b int32) bool { return slices.Equal(all[a], all[b]) })
	c := &Choices{given: order, starts: make([]int, 1, len(order)+1)}
	for _, i := range order {
		c.tokens = append(c.tokens, all[i]...)
		c.starts = append(c.starts, len(c.tokens))
		c.longest = max(c.longest, len(all[i]))
	}
	return c
}

// Len is the number of different choices.
func (c *Choices) Len() int { return len(c.given) }

func (c *Choices) len(i int) int { return c.starts[i+1] - c.starts[i] }

func (c *Choices) token(i, depth int) int32 { return c.tokens[c.starts[i]+depth] }

// reach is the choices [lo,hi), which have their first depth tokens in common and are longer than that.
type reach struct{ lo, hi, depth int }

// all is the beginning that all choices have in common: none.
func (c *Choices) all() reach { return reach{0, c.Len(), 0} }

// each yields the next tokens that some choices may have, with the choices that have them; end is the one that ends there, or -1.
func (c *Choices) each(r reach, yield func(token int32, end int, rest reach)) {
	for lo := r.lo; lo < r.hi; {
		token := c.token(lo, r.depth)
		n := sort.Search(r.hi-lo, func(n int) bool { return c.token(lo+n, r.depth) > token })
		rest, end := reach{lo, lo + n, r.depth + 1}, -1
		if c.len(lo) == rest.depth {
			end = lo
			rest.lo++
		}
		yield(token, end, rest)
		lo += n
	}
}
