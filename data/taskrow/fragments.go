package taskrow

import (
	"hash/fnv"
	"slices"
	"strings"
	"unicode"

	"slm/rng"
)

// Fragments says how pieces of documents are cut and edited.
type Fragments struct {
	Train int     `yaml:"train" min:"1" max:"10000" doc:"fragments of each document in a pass of training; other ones in each pass"`
	Dev   int     `yaml:"dev" min:"1" max:"10000" doc:"fragments of each document for choices"`
	Test  int     `yaml:"test" min:"1" max:"10000" doc:"fragments of each document that are only counted"`
	None  int     `yaml:"none" min:"1" max:"10000" doc:"fragments of each document of data.corpus.except, of which every second one is for dev"`
	Least int     `yaml:"least" min:"1" max:"10000" doc:"words of the shortest fragment"`
	Most  int     `yaml:"most" min:"1" max:"10000" doc:"words of the longest fragment"`
	Edits float64 `yaml:"edits" min:"0" max:"1" doc:"share of the words that are left out, changed for another word of the documents, followed by another one, or exchanged with the next"`
}

// Document is a text with its title, in words as they stand.
type Document struct {
	Title string
	Words []string
}

// Cutter cuts fragments of documents. It is a pure function of its seed.
type Cutter struct {
	how   Fragments
	seed  uint64
	docs  []Document
	known int                // of docs, those whose words edits take
	folds [][]string         // by document, the words as they are compared
	holds map[uint64][]int32 // by a hash of shingle words in a row, the documents that have them
}

// shingle is how many words in a row are looked up.
const shingle = 8

// draws is how often a fragment that tells nothing is drawn again.
const draws = 20

// NewCutter makes a cutter of documents, each with at least one word. Edits take their words from the first known of them. O(words).
func NewCutter(docs []Document, known int, how Fragments, seed uint64) *Cutter {
	c := &Cutter{how: how, seed: seed, docs: docs, known: known, holds: map[uint64][]int32{}}
	for i, d := range docs {
		fold := make([]string, len(d.Words))
		for k, w := range d.Words {
			fold[k] = folded(w)
		}
		c.folds = append(c.folds, fold)
		for at := range max(0, len(fold)-shingle+1) {
			key := key(fold[at : at+shingle])
			if in := c.holds[key]; len(in) == 0 || in[len(in)-1] != int32(i) {
				c.holds[key] = append(in, int32(i))
			}
		}
	}
	return c
}

// key is the hash of some words in a row.
func key(words []string) uint64 {
	h := fnv.New64a()
	for _, w := range words {
		_, _ = h.Write([]byte(w)) // to memory
		_, _ = h.Write([]byte{' '})
	}
	return h.Sum64()
}

// folded is a word as it is compared: letters and digits, without case.
func folded(word string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, word)
}

// Cut is fragment i of a document for a purpose. ok = false: of 20 that were drawn, each stands word for word in another document too, so that nobody
// can tell which of the two it is from.
func (c *Cutter) Cut(doc int, purpose string, i int) (text string, ok bool) {
	d := c.docs[doc]
	draw := rng.New(c.seed, "task", "fragment", d.Title, purpose).At(uint64(i))
	for range draws {
		n := c.how.Least + draw.IntN(c.how.Most-c.how.Least+1)
		n = min(n, len(d.Words))
		from := draw.IntN(len(d.Words) - n + 1)
		if !c.elsewhere(doc, from, n) {
			return strings.Join(c.edit(d.Words[from:from+n], draw), " "), true
		}
	}
	return "", false
}

// elsewhere reports whether words of a document all stand in one other document too, by eight in a row; fewer are not told from others.
func (c *Cutter) elsewhere(doc, from, n int) bool {
	count := n - shingle + 1
	if count < 1 {
		return false
	}
	times := map[int32]int{}
	for at := from; at < from+count; at++ {
		for _, other := range c.holds[key(c.folds[doc][at:at+shingle])] {
			if int(other) != doc {
				times[other]++
			}
		}
	}
	for _, n := range times {
		if n == count {
			return true
		}
	}
	return false
}

// edit changes words at random: each with the probability Edits.
func (c *Cutter) edit(words []string, draw *rng.Stream) []string {
	out := make([]string, 0, len(words)+8)
	other := func() string {
		from := c.docs[draw.IntN(c.known)].Words
		return from[draw.IntN(len(from))]
	}
	for k := 0; k < len(words); k++ {
		if draw.Float64() >= c.how.Edits {
			out = append(out, words[k])
			continue
		}
		switch draw.IntN(4) {
		case 0: // left out
		case 1:
			out = append(out, other())
		case 2:
			out = append(out, words[k], other())
		case 3:
			if k+1 < len(words) {
				out = append(out, words[k+1])
			}
			out = append(out, words[k])
			k++
		}
	}
	if len(out) == 0 {
		return slices.Clone(words)
	}
	return out
}
