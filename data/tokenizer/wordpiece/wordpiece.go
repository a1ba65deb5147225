// Package wordpiece cuts text into the tokens of BERT models (Devlin et al. 2019; Wu et al. 2016, §4.1), with the ids that Hugging Face's
// library gives: letters lower-cased and without accents, Chinese characters and punctuation each by itself, and each word cut into the longest
// pieces that the vocabulary has.
package wordpiece

import (
	"errors"
	"unicode/utf8"
)

// ErrFormat is wrapped by every error about a tokenizer that is malformed or cannot be expressed here.
var ErrFormat = errors.New("not a WordPiece tokenizer that can be used")

// Tokenizer is an immutable vocabulary. All methods may be called from many goroutines at once.
type Tokenizer struct {
	tokens        []string         // [V] by id
	first         map[string]int32 // pieces that begin a word → id
	rest          map[string]int32 // pieces that continue one, without their ## → id
	longest       int              // bytes of the longest piece
	unknown       int32
	before, after int32 // [CLS] and [SEP]
}

// longestWord is the number of characters from which on a word is unknown as a whole, less one.
const longestWord = 100

// prefix stands in front of pieces that continue a word.
const prefix = "##"

// Vocab returns the number of tokens; ids are 0 … Vocab()-1.
func (t *Tokenizer) Vocab() int { return len(t.tokens) }

// Token returns a token as the vocabulary spells it, or "" for an id outside it.
func (t *Tokenizer) Token(id int32) string {
	if id < 0 || int(id) >= len(t.tokens) {
		return ""
	}
	return t.tokens[id]
}

// Encode returns the ids of [CLS], the text and [SEP], at most most ≥ 2 in all: what goes beyond is cut off before [SEP]. Special tokens that
// the text spells out are text. Bytes that are no UTF-8 are passed over.
func (t *Tokenizer) Encode(text string, most int) []int32 {
	ids := append(make([]int32, 0, min(most, len(text)/3+8)), t.before)
	for word := range words(normal(text)) {
		if len(ids) >= most {
			break
		}
		ids = t.cut(ids, word)
	}
	return append(ids[:min(len(ids), max(most-1, 1))], t.after)
}

// cut appends the ids of a word: the longest piece that it begins with, then the longest that continues it, and so on; the unknown token when a
// part is in no piece.
func (t *Tokenizer) cut(ids []int32, word string) []int32 {
	if utf8.RuneCountInString(word) > longestWord {
		return append(ids, t.unknown)
	}
	pieces, begin := t.first, len(ids)
	for len(word) > 0 {
		end := min(len(word), t.longest)
		for end > 0 {
			if end == len(word) || utf8.RuneStart(word[end]) {
				if id, ok := pieces[word[:end]]; ok {
					ids = append(ids, id)
					break
				}
			}
			end--
		}
		if end == 0 {
			return append(ids[:begin], t.unknown)
		}
		word, pieces = word[end:], t.rest
	}
	return ids
}
