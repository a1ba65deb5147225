package tokenizer

import (
	"math"
	"strings"
	"sync"
	"unicode/utf8"
)

// Encode returns the ids of a text. Special tokens in it are not recognised: they are spelt like any other text, so what a
// user writes can never end a document. Not valid UTF-8: see the package comment.
func (t *Tokenizer) Encode(text string) []int32 { return t.encodeFinding(text, nobody) }

// EncodeSpecial returns the ids of a text in which special tokens stand for themselves, as in a filled chat template.
// Of several that match, the leftmost counts, and of these the longest.
func (t *Tokenizer) EncodeSpecial(text string) []int32 { return t.encodeFinding(text, nil) }

// EncodeAround is EncodeSpecial but for special tokens that touch one of the parts [from, to), ascending and apart: there they are spelt.
func (t *Tokenizer) EncodeAround(text string, parts [][2]int) []int32 {
	if !utf8.ValidString(text) { // the parts are where the text stands before it is mended
		parts = [][2]int{{0, len(text) * 3}}
	}
	return t.encodeFinding(text, parts)
}

// nobody is a part that no special token stands outside of.
var nobody = [][2]int{{0, math.MaxInt}}

// encodeFinding cuts out the tokens that a text is searched for, special ones where they touch none of the parts.
func (t *Tokenizer) encodeFinding(text string, parts [][2]int) []int32 {
	text = lossy(text)
	out := make([]int32, 0, len(text)/3+4)
	if len(parts) == 1 && parts[0] == nobody[0] && !t.words {
		return t.appendText(out, text, true)
	}
	from := 0
	for i := 0; i < len(text); {
		for len(parts) > 0 && parts[0][1] <= i {
			parts = parts[1:]
		}
		a := t.addedAt(text, i, parts)
		if a == nil {
			i++
			continue
		}
		before := text[from:i]
		if i += len(a.text); a.lstrip {
			before = strings.TrimRightFunc(before, isSpace)
		}
		if a.rstrip {
			i = len(text) - len(strings.TrimLeftFunc(text[i:], isSpace))
		}
		out = append(t.appendText(out, before, from == 0), a.id)
		from = i
	}
	return t.appendText(out, text[from:], from == 0)
}

// addedAt returns the longest added token that starts at text[i], or nil. No special one touches the first of the parts that end behind i.
func (t *Tokenizer) addedAt(text string, i int, parts [][2]int) *added {
	for _, k := range t.starts[text[i]] { // the longest come first
		a := &t.added[k]
		if a.special && len(parts) > 0 && parts[0][0] < i+len(a.text) {
			continue
		}
		if strings.HasPrefix(text[i:], a.text) {
			return a
		}
	}
	return nil
}

// appendText appends the ids of valid UTF-8; first says that it begins a text.
func (t *Tokenizer) appendText(out []int32, text string, first bool) []int32 {
	if t.normal != "" {
		text = composed(text)
	}
	switch t.pattern {
	case Pieces:
		return t.appendPieces(out, text, first)
	case Unigram:
		return t.appendUnigram(out, text, first)
	}
	if t.cuts != nil {
		return t.appendCut(out, text, t.cuts)
	}
	for i := 0; i < len(text); {
		end := t.pattern.next(text, i)
		out = t.appendWord(out, text[i:end])
		i = end
	}
	return out
}

// appendWord appends the ids of one word.
func (t *Tokenizer) appendWord(out []int32, word string) []int32 {
	if len(word) == 1 {
		if id := t.byteID[word[0]]; id >= 0 {
			out = append(out, id)
		}
		return out
	}
	slot, hit := t.cache.find(word)
	if hit != nil {
		return append(out, hit.ids...)
	}
	start := len(out)
	if t.wholeWords {
		if id, ok := t.ids[inAlphabet(word)]; ok {
			t.cache.keep(slot, word, []int32{id})
			return append(out, id)
		}
	}
	w := words.Get().(*spelling)
	out = w.encode(t, word, out)
	words.Put(w)
	t.cache.keep(slot, word, out[start:])
	return out
}

// words keeps the scratch memory of encoders for reuse.
var words = sync.Pool{New: func() any { return new(spelling) }}

// spelling is a word while it is being merged: a linked list of symbols and a heap of the merges that are possible.
type spelling struct {
	id         []int32  // [n] symbol at each position; positions whose symbol was joined to the left are unused
	prev, next []int32  // [n] neighbours' positions, -1 at the ends
	rank       []int32  // [n] rank of the merge of a symbol with the next, or -1
	heap       []uint64 // min-heap of rank<<32 | position, with stale entries

	text      string // what the symbols are made of, where tokens are known by their text
	from, end []int  // [n] where a symbol stands in it
}

// encode applies the merges to a word: the one of lowest rank first, of equal ones the leftmost. O(n log n).
func (w *spelling) encode(t *Tokenizer, word string, out []int32) []int32 {
	w.clear()
	for k := range len(word) {
		if id := t.byteID[word[k]]; id >= 0 {
			w.push(id, k, k+1)
		}
	}
	w.link(t)
	w.merge(t)
	for i := int32(0); i >= 0 && len(w.id) > 0; i = w.next[i] {
		out = append(out, w.id[i])
	}
	return out
}

func (w *spelling) clear() {
	w.id, w.prev, w.next, w.rank, w.heap = w.id[:0], w.prev[:0], w.next[:0], w.rank[:0], w.heap[:0]
	w.from, w.end = w.from[:0], w.end[:0]
}

// push appends a symbol.
func (w *spelling) push(id int32, from, end int) {
	n := int32(len(w.id))
	w.id, w.prev, w.next, w.rank = append(w.id, id), append(w.prev, n-1), append(w.next, n+1), append(w.rank, -1)
	w.from, w.end = append(w.from, from), append(w.end, end)
}

// link ends the list of symbols and collects the merges that are possible.
func (w *spelling) link(t *Tokenizer) {
	if len(w.id) == 0 {
		return
	}
	w.next[len(w.id)-1] = -1
	for i := range len(w.id) - 1 {
		w.offer(t, int32(i))
	}
}

func (w *spelling) merge(t *Tokenizer) {
	for len(w.heap) > 0 {
		top := w.pop()
		rank, i := int32(top>>32), int32(uint32(top))
		if w.rank[i] != rank {
			continue // one of the two symbols has changed since
		}
		j := w.next[i]
		m, _ := w.joined(t, i, j)
		w.id[i], w.end[i] = m.id, w.end[j]
		w.rank[j] = -1
		w.next[i] = w.next[j]
		if n := w.next[j]; n >= 0 {
			w.prev[n] = i
		}
		w.offer(t, i)
		if p := w.prev[i]; p >= 0 {
			w.offer(t, p)
		}
	}
}

// offer puts the merge of the symbol at i with its neighbour, if there is one, into the heap.
func (w *spelling) offer(t *Tokenizer, i int32) {
	w.rank[i] = -1
	j := w.next[i]
	if j < 0 {
		return
	}
	m, ok := w.joined(t, i, j)
	if !ok {
		return
	}
	w.rank[i] = m.rank
	w.heap = append(w.heap, uint64(m.rank)<<32|uint64(i))
	for k := len(w.heap) - 1; k > 0; {
		up := (k - 1) / 2
		if w.heap[up] <= w.heap[k] {
			break
		}
		w.heap[up], w.heap[k] = w.heap[k], w.heap[up]
		k = up
	}
}

// pop takes the smallest entry from the heap.
func (w *spelling) pop() uint64 {
	h := w.heap
	top, last := h[0], len(h)-1
	h[0] = h[last]
	h = h[:last]
	for k := 0; ; {
		c := 2*k + 1
		if c >= last {
			break
		}
		if c+1 < last && h[c+1] < h[c] {
			c++
		}
		if h[k] <= h[c] {
			break
		}
		h[k], h[c] = h[c], h[k]
		k = c
	}
	w.heap = h
	return top
}

// lossy returns text with every maximal ill-formed sequence replaced by U+FFFD (Unicode §3.9, table 3-8).
func lossy(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	var b strings.Builder
	b.Grow(len(text) + 8)
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		if r == utf8.RuneError && n == 1 {
			n = illFormed(text[i:])
			b.WriteRune(utf8.RuneError)
		} else {
			b.WriteString(text[i : i+n])
		}
		i += n
	}
	return b.String()
}

// illFormed returns the length of the longest beginning of s that starts a well-formed character, at least 1.
func illFormed(s string) int {
	lo, hi, want := byte(0x80), byte(0xBF), 0
	switch c := s[0]; {
	case c >= 0xC2 && c <= 0xDF:
		want = 1
	case c >= 0xE0 && c <= 0xEF:
		want = 2
	case c >= 0xF0 && c <= 0xF4:
		want = 3
	}
	switch s[0] { // the second byte's range is narrower after these
	case 0xE0:
		lo = 0xA0
	case 0xED:
		hi = 0x9F
	case 0xF0:
		lo = 0x90
	case 0xF4:
		hi = 0x8F
	}
	n := 1
	for n <= want && n < len(s) && s[n] >= lo && s[n] <= hi {
		lo, hi = 0x80, 0xBF
		n++
	}
	return n
}
