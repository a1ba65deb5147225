package tokenizer

import "strings"

// DecodeBytes returns the bytes that ids stand for; special tokens stand for their own text, ids outside the vocabulary for
// nothing. A part of a text may end within a character.
func (t *Tokenizer) DecodeBytes(ids []int32) []byte {
	n := 0
	for _, id := range ids {
		if id >= 0 && int(id) < len(t.plain) {
			n += len(t.plain[id])
		}
	}
	out := make([]byte, 0, n)
	for _, id := range ids {
		if id >= 0 && int(id) < len(t.plain) {
			out = append(out, t.plain[id]...)
		}
	}
	return out
}

// Decode returns the text that ids stand for, with U+FFFD for what is not valid UTF-8 in it.
//
// The space that a text of Pieces begins with under a Prefix is taken off again.
func (t *Tokenizer) Decode(ids []int32) string {
	text := lossy(string(t.DecodeBytes(ids)))
	if t.prefix != NoPrefix {
		text = strings.TrimPrefix(text, " ")
	}
	return text
}
