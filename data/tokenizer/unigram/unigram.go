// Package unigram cuts text into the pieces of a Unigram model (Kudo 2018, arXiv 1804.10959) as SentencePiece does: of all ways to cut it the
// likeliest is taken (Model). Tokenizer does what XLM-RoBERTa's does around that: characters are made normal one by one, and each word gets a mark
// in front.
package unigram

import (
	"errors"
	"fmt"
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
	model *Model
}

// New checks a vocabulary and takes it over.
func New(v Vocabulary) (*Tokenizer, error) {
	never := map[int32]bool{}
	for _, id := range append([]int32{v.Before, v.After, v.Unknown}, v.Special...) {
		if id < 0 || int(id) >= len(v.Pieces) {
			return nil, fmt.Errorf("%w: the special token %d of %d", ErrFormat, id, len(v.Pieces))
		}
		never[id] = true
	}
	scores := make([]float64, len(v.Scores))
	for i, s := range v.Scores {
		scores[i] = float64(s)
	}
	model, err := NewModel(v.Pieces, scores, never)
	return &Tokenizer{v, model}, err
}

// Vocab returns the number of tokens; ids are 0 … Vocab()-1.
func (t *Tokenizer) Vocab() int { return len(t.Pieces) }

// Encode returns the ids of the text between the two that stand around it, at most most ≥ 2 in all: what goes beyond is cut off before the last.
// Special tokens that the text spells out are text. Neighbouring characters that no piece has become one unknown token.
func (t *Tokenizer) Encode(text string, most int) []int32 {
	ids := append(make([]int32, 0, min(most, len(text)/3+8)), t.Before)
	var parts []Part
	for _, word := range strings.FieldsFunc(t.normal(text), func(r rune) bool { return r == ' ' }) {
		if len(ids) >= most {
			break
		}
		parts = t.model.Cut(parts[:0], mark+word)
		for _, p := range parts {
			if p.ID < 0 {
				p.ID = t.Unknown
			}
			ids = append(ids, p.ID)
		}
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
