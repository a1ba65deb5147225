package tokenizer

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Pieces is SentencePiece's BPE (Kudo and Richardson 2018): a text is not cut into words. A space is written as ▁, tokens are made of characters,
// and a character that is none becomes its bytes, <0x00> to <0xFF>.
const Pieces Pattern = "pieces"

// mark is how Pieces write a space.
const mark = "▁"

// byteOf reads a token that stands for a byte.
func byteOf(token string) (byte, bool) {
	if len(token) != 6 || !strings.HasPrefix(token, "<0x") || token[5] != '>' {
		return 0, false
	}
	v, err := strconv.ParseUint(token[3:5], 16, 8)
	return byte(v), err == nil
}

// spellPiece returns the bytes that a token stands for.
func spellPiece(token string) []byte {
	if b, ok := byteOf(token); ok {
		return []byte{b}
	}
	return []byte(strings.ReplaceAll(token, mark, " "))
}

// appendPieces appends the ids of valid UTF-8 that holds no added token; first says that it begins a text.
func (t *Tokenizer) appendPieces(out []int32, text string, first bool) []int32 {
	if text == "" {
		return out
	}
	w := words.Get().(*spelling)
	defer words.Put(w)
	return w.pieces(t, t.marked(text, first), out)
}

// marked writes the spaces of a text that is not empty as marks, with the one in front that prefix asks for.
func (t *Tokenizer) marked(text string, first bool) string {
	text = strings.ReplaceAll(text, " ", mark)
	if bare := !strings.HasPrefix(text, mark); t.prefix == EachPrefix || bare && (t.prefix == SparePrefix || t.prefix == FirstPrefix && first) {
		text = mark + text
	}
	return text
}

// pieces merges a text's characters. What is left of characters that are no token becomes bytes.
func (w *spelling) pieces(t *Tokenizer, text string, out []int32) []int32 {
	w.clear()
	w.text = text
	for at := 0; at < len(text); {
		_, size := utf8.DecodeRuneInString(text[at:])
		id, ok := t.ids[text[at:at+size]]
		if !ok {
			id = -1
		}
		w.push(id, at, at+size)
		at += size
	}
	w.link(t)
	w.merge(t)
	for i := int32(0); i >= 0 && len(w.id) > 0; i = w.next[i] {
		if w.id[i] >= 0 {
			out = append(out, w.id[i])
			continue
		}
		for _, b := range []byte(text[w.from[i]:w.end[i]]) {
			if id := t.byteID[b]; id >= 0 {
				out = append(out, id)
			}
			if t.byteID[b] == t.unknownID { // one for the whole character
				break
			}
		}
	}
	w.text = ""
	return out
}

// joined is the token that two neighbouring symbols make, and its rank.
func (w *spelling) joined(t *Tokenizer, i, j int32) (merge, bool) {
	if t.byScore == nil {
		m, ok := t.ranks[pairOf(w.id[i], w.id[j])]
		return m, ok
	}
	id, ok := t.ids[w.text[w.from[i]:w.end[j]]]
	if !ok || t.byScore[id] < 0 {
		return merge{}, false
	}
	return merge{rank: t.byScore[id], id: id}, true
}
