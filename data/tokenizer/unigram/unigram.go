// Package unigram cuts text into the pieces of a Unigram model (Kudo 2018, arXiv 1804.10959) as SentencePiece and XLM-RoBERTa do: characters are
// made normal one by one, each word gets a mark in front, and of all ways to cut it into pieces the likeliest is taken.
package unigram

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

// ErrFormat is wrapped by every error about a vocabulary that cannot be used.
var ErrFormat = errors.New("not a Unigram vocabulary that can be used")

// mark stands in front of a word.
const mark = "\u2581"

// unknownPenalty is how much less likely an unknown character is than the least likely piece, in nats, as in SentencePiece.
const unknownPenalty = 10

// Vocabulary is what a model consists of.
type Vocabulary struct {
	Pieces                 []string        // [V] by id
	Scores                 []float32       // [V], log-probabilities
	Normal                 map[rune]string // what becomes of characters that do not stay as they are
	Before, After, Unknown int32           // ids of the tokens around a text, and of what no piece has
	Special                []int32         // other ids that no text becomes
}

// Tokenizer is an immutable vocabulary. All methods may be called from many goroutines at once.
type Tokenizer struct {
	Vocabulary
	ids     map[string]int32
	longest int     // bytes of the longest piece
	unknown float64 // score of a character that no piece has
}

// New checks a vocabulary and takes it over.
func New(v Vocabulary) (*Tokenizer, error) {
	if len(v.Pieces) == 0 || len(v.Pieces) != len(v.Scores) {
		return nil, fmt.Errorf("%w: %d pieces and %d scores", ErrFormat, len(v.Pieces), len(v.Scores))
	}
	t := &Tokenizer{Vocabulary: v, ids: make(map[string]int32, len(v.Pieces))}
	special := map[int32]bool{}
	for _, id := range append([]int32{v.Before, v.After, v.Unknown}, v.Special...) {
		if id < 0 || int(id) >= len(v.Pieces) {
			return nil, fmt.Errorf("%w: the special token %d of %d", ErrFormat, id, len(v.Pieces))
		}
		special[id] = true
	}
	least := math.Inf(1)
	for i, p := range v.Pieces {
		score := float64(v.Scores[i])
		if math.IsNaN(score) || math.IsInf(score, 0) {
			return nil, fmt.Errorf("%w: piece %d has the score %v", ErrFormat, i, score)
		}
		least = math.Min(least, score)
		if special[int32(i)] || p == "" {
			continue
		}
		if other, ok := t.ids[p]; ok {
			return nil, fmt.Errorf("%w: the pieces %d and %d are both %q", ErrFormat, other, i, p)
		}
		t.ids[p], t.longest = int32(i), max(t.longest, len(p))
	}
	t.unknown = least - unknownPenalty
	return t, nil
}

// Vocab returns the number of tokens; ids are 0 … Vocab()-1.
func (t *Tokenizer) Vocab() int { return len(t.Pieces) }

// Encode returns the ids of the text between the two that stand around it, at most most ≥ 2 in all: what goes beyond is cut off before the last.
// Special tokens that the text spells out are text. Neighbouring characters that no piece has become one unknown token.
func (t *Tokenizer) Encode(text string, most int) []int32 {
	ids := append(make([]int32, 0, min(most, len(text)/3+8)), t.Before)
	for _, word := range strings.FieldsFunc(t.normal(text), func(r rune) bool { return r == ' ' }) {
		if len(ids) >= most {
			break
		}
		ids = append(ids, t.cut(mark+word)...)
	}
	return append(ids[:min(len(ids), max(most-1, 1))], t.After)
}

// normal makes the characters normal. Bytes that are no UTF-8 are passed over.
func (t *Tokenizer) normal(text string) string {
	var b strings.Builder
	for _, r := range text {
		if n, ok := t.Normal[r]; ok {
			b.WriteString(n)
		} else if r != utf8.RuneError {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// cut is the likeliest way to cut a word; of two that are equally likely, the one whose last piece begins first. O(characters · longest piece).
func (t *Tokenizer) cut(word string) []int32 {
	type way struct {
		score float64
		id    int32
		from  int
	}
	best := make([]way, len(word)+1) // by the byte where a beginning ends
	for i := range best {
		best[i].score = math.Inf(-1)
	}
	best[0].score = 0
	for i := range word { // where a character begins
		for end := i + 1; end <= min(len(word), i+t.longest); end++ {
			if end < len(word) && !utf8.RuneStart(word[end]) {
				continue
			}
			if id, ok := t.ids[word[i:end]]; ok {
				if s := best[i].score + float64(t.Scores[id]); s > best[end].score {
					best[end] = way{s, id, i}
				}
			}
		}
		_, size := utf8.DecodeRuneInString(word[i:])
		if s := best[i].score + t.unknown; s > best[i+size].score {
			best[i+size] = way{s, t.Unknown, i}
		}
	}
	var back []int32
	for end := len(word); end > 0; end = best[end].from {
		if id := best[end].id; id != t.Unknown || len(back) == 0 || back[len(back)-1] != id {
			back = append(back, id)
		}
	}
	for i, j := 0, len(back)-1; i < j; i, j = i+1, j-1 {
		back[i], back[j] = back[j], back[i]
	}
	return back
}
