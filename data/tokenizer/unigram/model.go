package unigram

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"unicode/utf8"
)

// Model knows the pieces that text is cut into, and how likely each is. All methods may be called from many goroutines at once.
type Model struct {
	scores  []float64 // by id, log-probabilities
	trie    trie
	unknown float64 // score of a character that no piece has
}

// NewModel makes a model of pieces [V] and their scores [V]. No text becomes the pieces whose ids are in never, nor an empty one.
func NewModel(pieces []string, scores []float64, never map[int32]bool) (*Model, error) {
	if len(pieces) == 0 || len(pieces) != len(scores) {
		return nil, fmt.Errorf("%w: %d pieces and %d scores", ErrFormat, len(pieces), len(scores))
	}
	least := math.Inf(1)
	var keys []key
	for i, p := range pieces {
		if math.IsNaN(scores[i]) || math.IsInf(scores[i], 0) {
			return nil, fmt.Errorf("%w: piece %d has the score %v", ErrFormat, i, scores[i])
		}
		least = math.Min(least, scores[i])
		if p != "" && !never[int32(i)] {
			keys = append(keys, key{p, int32(i)})
		}
	}
	slices.SortFunc(keys, key.compare)
	for i := 1; i < len(keys); i++ {
		if keys[i].text == keys[i-1].text {
			return nil, fmt.Errorf("%w: the pieces %d and %d are both %q", ErrFormat, keys[i-1].id, keys[i].id, keys[i].text)
		}
	}
	return &Model{scores: scores, trie: newTrie(keys), unknown: least - unknownPenalty}, nil
}

// Part is a piece of a text, or neighbouring characters that no piece has.
type Part struct {
	ID       int32 // -1: no piece
	From, To int   // bytes of the text
}

// Cut appends the parts of valid UTF-8 that are likeliest together; of two ways that are equally likely, the one whose last piece begins first.
// It takes O(characters · longest piece) and 24 bytes of memory a byte.
func (m *Model) Cut(parts []Part, text string) []Part {
	type way struct {
		score float64
		id    int32
		from  int
	}
	best := make([]way, len(text)+1) // by the byte where a beginning ends
	for i := range best {
		best[i].score = math.Inf(-1)
	}
	best[0].score = 0
	for i := 0; i < len(text); {
		_, size := utf8.DecodeRuneInString(text[i:])
		node := int32(0)
		for end := i; end < len(text); {
			if node = m.trie.step(node, text[end]); node < 0 {
				break
			}
			end++
			if id := m.trie.ids[node]; id >= 0 {
				if s := best[i].score + m.scores[id]; s > best[end].score {
					best[end] = way{s, id, i}
				}
			}
		}
		if s := best[i].score + m.unknown; s > best[i+size].score {
			best[i+size] = way{s, -1, i}
		}
		i += size
	}
	first := len(parts)
	for end := len(text); end > 0; {
		w := best[end]
		if last := len(parts) - 1; w.id < 0 && last >= first && parts[last].ID < 0 {
			parts[last].From = w.from
		} else {
			parts = append(parts, Part{w.id, w.from, end})
		}
		end = w.from
	}
	slices.Reverse(parts[first:])
	return parts
}

// key is a piece with its id.
type key struct {
	text string
	id   int32
}

func (k key) compare(other key) int { return bytes.Compare([]byte(k.text), []byte(other.text)) }

// trie finds the pieces that a text begins with. Node 0 is the root; a node's children stand side by side.
type trie struct {
	labels []byte  // by node, the byte that leads to it
	first  []int32 // by node, its first child; those of the next node follow
	ids    []int32 // by node, the piece that ends there, or -1
}

// newTrie builds a trie of sorted keys, each there once.
func newTrie(keys []key) trie {
	type span struct{ lo, hi, depth int }
	t := trie{labels: []byte{0}}
	for queue := []span{{0, len(keys), 0}}; len(queue) > 0; queue = queue[1:] {
		s, id := queue[0], int32(-1)
		if s.lo < s.hi && len(keys[s.lo].text) == s.depth {
			id = keys[s.lo].id
			s.lo++
		}
		t.ids, t.first = append(t.ids, id), append(t.first, int32(len(t.labels)))
		for lo := s.lo; lo < s.hi; {
			label, hi := keys[lo].text[s.depth], lo+1
			for hi < s.hi && keys[hi].text[s.depth] == label {
				hi++
			}
			t.labels = append(t.labels, label)
			queue = append(queue, span{lo, hi, s.depth + 1})
			lo = hi
		}
	}
	t.first = append(t.first, int32(len(t.labels)))
	return t
}

// step returns the child of a node that a byte leads to, or -1.
func (t *trie) step(node int32, b byte) int32 {
	from, to := t.first[node], t.first[node+1]
	if i := bytes.IndexByte(t.labels[from:to], b); i >= 0 {
		return from + int32(i)
	}
	return -1
}
