package rouge

import (
	"cmp"
	"math"
	"slices"
)

// Index holds texts and finds near copies among them without comparing each with each. A text whose ROUGE-L with another is above a limit shares
// with it at least so many words that one of them is among the other's rarest: only texts that hold one of those are looked at (the prefix
// filter of Chaudhuri et al., 2006), and only those compared whose lengths and words, in whatever order, allow the limit.
type Index struct {
	ids   map[string]int32
	texts [][]int32         // words in their order
	holds map[int32][]int32 // by word, the texts that have it
	seen  []int             // by text, the last search that looked at it
	turn  int
}

// NewIndex is an index without texts.
func NewIndex() *Index { return &Index{ids: map[string]int32{}, holds: map[int32][]int32{}} }

// Len is the number of texts.
func (x *Index) Len() int { return len(x.texts) }

// Add adds a text and returns its number.
func (x *Index) Add(text string) int {
	n := int32(len(x.texts))
	words := x.words(text, true)
	x.texts, x.seen = append(x.texts, words), append(x.seen, 0)
	for _, w := range distinct(words) {
		x.holds[w] = append(x.holds[w], n)
	}
	return int(n)
}

// Above finds the text whose ROUGE-L with the one given is greatest and above a limit between 0 and 1; of equals the first. ok = there is one.
func (x *Index) Above(text string, limit float64) (n int, score float64, ok bool) {
	words := x.words(text, false)
	if len(words) == 0 {
		return 0, 0, false
	}
	x.turn++
	rare := slices.Clone(words)
	slices.SortStableFunc(rare, func(a, b int32) int {
		return cmp.Or(cmp.Compare(len(x.holds[a]), len(x.holds[b])), cmp.Compare(a, b))
	})
	// F > limit means l > limit·(|a|+|b|)/2, and |b| ≥ l, so l > limit·|a|/(2−limit).
	least := int(math.Floor(limit*float64(len(words))/(2-limit)+1e-9)) + 1
	bag := count(words)
	for _, w := range rare[:max(0, len(rare)-least+1)] {
		for _, t := range x.holds[w] {
			if x.seen[t] == x.turn {
				continue
			}
			x.seen[t] = x.turn
			other := x.texts[t]
			if most := measure(shared(bag, other), len(words), len(other)); most <= limit || most < score {
				continue
			}
			f := measure(subsequence(words, other), len(words), len(other))
			if f > limit && (f > score || f == score && int(t) < n) {
				n, score, ok = int(t), f, true
			}
		}
	}
	return n, score, ok
}

// words are the numbers of a text's words. Those that no text has are -1, -2 …, each its own, unless they are to be added.
func (x *Index) words(text string, add bool) []int32 {
	words := Words(text)
	out := make([]int32, len(words))
	fresh := map[string]int32{}
	for i, w := range words {
		id, ok := x.ids[w]
		switch {
		case ok:
		case add:
			id = int32(len(x.ids))
			x.ids[w] = id
		default:
			if id, ok = fresh[w]; !ok {
				id = int32(-1 - len(fresh))
				fresh[w] = id
			}
		}
		out[i] = id
	}
	return out
}

func distinct(words []int32) []int32 {
	out := slices.Clone(words)
	slices.Sort(out)
	return slices.Compact(out)
}

func count(words []int32) map[int32]int {
	bag := make(map[int32]int, len(words))
	for _, w := range words {
		bag[w]++
	}
	return bag
}

// shared is how many words a text has of a bag, each as often as both have it.
func shared(bag map[int32]int, text []int32) (n int) {
	for w, m := range count(text) {
		n += min(m, bag[w])
	}
	return n
}
