package tokenizer

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Spec is what a tokenizer is made of, as files of weights hold it.
type Spec struct {
	Tokens  []string // by id; in byte-level BPE spelt in the byte alphabet
	Merges  []string // "left right" by rank; of Pieces, Scores may stand in their place
	Special []string // control tokens: EncodeSpecial alone finds them
	Words   []string // tokens that every text is searched for before it is cut
	Pattern Pattern
	Start   string // what a text begins with; "" = nothing

	// WholeWords: a word that is a token is that token, whatever the merges say.
	WholeWords bool
	// Normal is the form that text is brought to first: "" or "NFC".
	Normal string

	// Of Pieces only: a token's score, and what stands in front of a text.
	Scores []float64
	Prefix Prefix
	// Unknown stands for characters that are neither a token nor bytes; "" drops them.
	Unknown string

	parts *unigramParts // of Unigram only, which a file alone describes
}

// Prefix says where a space is put in front of a text, under the pattern Pieces.
type Prefix string

// The values of Prefix.
const (
	NoPrefix    Prefix = ""
	EachPrefix  Prefix = "each"  // at the text's beginning, and behind each token that is found in it
	SparePrefix Prefix = "spare" // the same, unless a space stands there
	FirstPrefix Prefix = "first" // at the text's beginning, unless a space stands there
)

// New makes a tokenizer.
func New(s Spec) (*Tokenizer, error) {
	if s.Pattern == Pieces && s.Merges == nil && len(s.Scores) != len(s.Tokens) {
		return nil, refuse("%d scores for %d tokens", len(s.Scores), len(s.Tokens))
	}
	if s.Normal != "" && s.Normal != "NFC" {
		return nil, refuse("normal form %q", s.Normal)
	}
	ids, err := index(s.Tokens)
	if err != nil {
		return nil, err
	}
	merges := make([][2]string, len(s.Merges))
	for i, m := range s.Merges {
		left, right, ok := strings.Cut(m, " ")
		if !ok {
			return nil, fmt.Errorf("tokenizer: merge %d: %q is not two tokens with a space between: %w", i, m, ErrFormat)
		}
		merges[i] = [2]string{left, right}
	}
	var add []added
	for _, list := range [][]string{s.Special, s.Words} {
		for _, text := range list {
			id, ok := ids[text]
			if !ok {
				return nil, fmt.Errorf("tokenizer: special token %q is not in the vocabulary: %w", text, ErrFormat)
			}
			add = append(add, added{id: id, text: text, special: len(add) < len(s.Special)})
		}
	}
	return build(s, ids, merges, add)
}

// build makes a tokenizer of checked parts; merges stands in the place of s.Merges.
func build(s Spec, ids map[string]int32, merges [][2]string, add []added) (*Tokenizer, error) {
	t, err := assemble(s.Tokens, ids, merges, add, s.Unknown, s.Pattern)
	if err != nil {
		return nil, err
	}
	t.wholeWords, t.normal, t.prefix, t.start = s.WholeWords, s.Normal, s.Prefix, -1
	if s.Start != "" {
		id, ok := ids[s.Start]
		if !ok {
			return nil, refuse("the start token %q is not in the vocabulary", s.Start)
		}
		t.start = id
	}
	switch {
	case s.Pattern == Unigram:
		return t, t.setUnigram(s)
	case s.Pattern == Pieces && s.Merges == nil && s.Scores != nil:
		return t, t.setScores(s.Scores)
	}
	return t, nil
}

// setScores makes ranks of scores: the token of the highest one is made first. What is found in texts as it stands is never made by merging.
func (t *Tokenizer) setScores(scores []float64) error {
	order := slices.Clone(scores)
	slices.Sort(order)
	order = slices.Compact(order)
	t.byScore = make([]int32, len(scores))
	for id, s := range scores {
		if math.IsNaN(s) {
			return refuse("the score of token %d is no number", id)
		}
		at, _ := slices.BinarySearch(order, s)
		t.byScore[id] = int32(len(order) - 1 - at)
	}
	for _, a := range t.added {
		t.byScore[a.id] = -1
	}
	for id, tok := range t.tokens {
		if _, ok := byteOf(tok); ok {
			t.byScore[id] = -1
		}
	}
	return nil
}

// Start is the token that every text begins with, and whether there is one.
func (t *Tokenizer) Start() (int32, bool) { return t.start, t.start >= 0 }
