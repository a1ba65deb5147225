package tokenizer

import (
	"slices"
	"strings"

	"slm/data/tokenizer/unigram"
)

// Unigram is SentencePiece's other model (Kudo 2018): of all ways to cut a text into pieces the likeliest is taken. Spaces are written as under
// Pieces; characters that no piece has become their bytes, or the unknown token.
const Unigram Pattern = "unigram"

// unigramParts is what a file says of a Unigram tokenizer beside its pieces.
type unigramParts struct {
	normal []normalStep
	bytes  bool   // characters that no piece has become their bytes
	cut    bool   // a piece reaches over no space
	words  bool   // white space only parts words
	source string // the file's normalizer and pre_tokenizer, which the digest is of, too
}

// normalStep makes a text normal.
type normalStep func(text string) string

// fewerSpaces writes to in place of two spaces or more.
func fewerSpaces(to string) normalStep {
	return func(text string) string {
		if !strings.Contains(text, "  ") {
			return text
		}
		var b strings.Builder
		for text != "" {
			at := strings.Index(text, "  ")
			if at < 0 {
				break
			}
			b.WriteString(text[:at])
			b.WriteString(to)
			text = strings.TrimLeft(text[at:], " ")
		}
		b.WriteString(text)
		return b.String()
	}
}

// setUnigram makes the model of the tokens. What is found in texts as it stands and what stands for a byte is none of its pieces.
func (t *Tokenizer) setUnigram(s Spec) error {
	if s.parts == nil {
		return refuse("a Unigram tokenizer without its file")
	}
	never := map[int32]bool{}
	for _, a := range t.added {
		never[a.id] = true
	}
	for id, tok := range t.tokens {
		if _, ok := byteOf(tok); ok {
			never[int32(id)] = true
		}
	}
	if t.unknownID < 0 {
		return refuse("no unknown token is named")
	}
	never[t.unknownID] = true
	scores := slices.Clone(s.Scores)
	for len(scores) < len(t.tokens) {
		scores = append(scores, scores[0]) // of a token that is added to the pieces: any of theirs, since the least one counts
	}
	var err error
	if t.model, err = unigram.NewModel(t.tokens, scores, never); err != nil {
		return refuse("%v", err)
	}
	t.parts, t.scores = s.parts, scores
	return nil
}

// appendUnigram appends the ids of valid UTF-8 that holds no added token; first says that it begins a text.
func (t *Tokenizer) appendUnigram(out []int32, text string, first bool) []int32 {
	for _, step := range t.parts.normal {
		text = step(text)
	}
	if t.parts.words {
		for _, word := range strings.FieldsFunc(text, isSpace) {
			out = t.appendMarked(out, word, first)
		}
		return out
	}
	return t.appendMarked(out, text, first)
}

// appendMarked appends the ids of a text whose spaces are still to be marked.
func (t *Tokenizer) appendMarked(out []int32, text string, first bool) []int32 {
	if text == "" {
		return out
	}
	if text = t.marked(text, first); !t.parts.cut {
		return t.appendLikeliest(out, text)
	}
	for text != "" {
		end := len(text)
		if i := strings.Index(text[1:], mark); i >= 0 {
			end = i + 1
		}
		slot, hit := t.cache.find(text[:end])
		if hit != nil {
			out = append(out, hit.ids...)
		} else {
			start := len(out)
			out = t.appendLikeliest(out, text[:end])
			t.cache.keep(slot, text[:end], out[start:])
		}
		text = text[end:]
	}
	return out
}

// appendLikeliest appends the ids of the pieces that are likeliest together.
func (t *Tokenizer) appendLikeliest(out []int32, text string) []int32 {
	for _, p := range t.model.Cut(nil, text) {
		if p.ID >= 0 {
			out = append(out, p.ID)
			continue
		}
		start := len(out)
		for _, b := range []byte(text[p.From:p.To]) {
			id := t.byteID[b]
			if !t.parts.bytes || id < 0 || id == t.unknownID {
				out = append(out[:start], t.unknownID) // one for all of it
				break
			}
			out = append(out, id)
		}
	}
	return out
}
