package find

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"

	"slm/data/corpus"
	"slm/data/form"
	"slm/retrieve"
	"slm/stages"
	"slm/stages/search"
)

// block is how many texts are encoded between two saves of partial work.
const block = 64

// piece is a block of vectors in the journal.
type piece struct {
	First  int    `json:"first"`  // text
	Values []byte `json:"values"` // float32, little-endian, one vector behind the other
}

// vectors encodes the sections, and goes on from what an interrupted call has left.
func vectors(ctx context.Context, env *stages.Env, from search.Source, spec search.EncoderSpec) (v *retrieve.Vectors, err error) {
	encoder, err := spec.Open(ctx, from)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, encoder.Close()) }()
	texts, owner := windows(from.Domain.Sections, from.Domain.Forms, spec.Chars)
	work, pieces, err := stages.OpenPartial[piece](filepath.Join(env.Work(stages.Find), spec.Name+".journal"), fmt.Sprint(env.Fingerprint, env.Parents, encoder.Dim()), nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, work.Close()) }()
	v = retrieve.NewVectors(spec.Name, encoder.Dim(), from.Domain.Sections.Len())
	for at := 0; at < len(texts); at += block {
		end := min(at+block, len(texts))
		var made [][]float32
		if i := at / block; i < len(pieces) && pieces[i].First == at {
			made = unpack(pieces[i].Values, encoder.Dim())
		} else {
			if made, err = encoder.Sections(ctx, texts[at:end]); err != nil {
				return nil, fmt.Errorf("find: encode sections by %s: %w", spec.Name, err)
			}
			if err := work.Append(piece{at, pack(made)}); err != nil {
				return nil, err
			}
		}
		if err := v.Append(owner[at:end], made); err != nil {
			return nil, err
		}
		env.Emit(stages.Event{Type: "step", Phase: "vectors, " + spec.Name, Step: end, Of: len(texts)})
	}
	return v, nil
}

func pack(vectors [][]float32) (out []byte) {
	for _, v := range vectors {
		for _, x := range v {
			out = binary.LittleEndian.AppendUint32(out, math.Float32bits(x))
		}
	}
	return out
}

func unpack(values []byte, dim int) (out [][]float32) {
	for ; len(values) >= 4*dim; values = values[4*dim:] {
		v := make([]float32, dim)
		for i := range v {
			v[i] = math.Float32frombits(binary.LittleEndian.Uint32(values[4*i:]))
		}
		out = append(out, v)
	}
	return out
}

// documentForm is what a form of places calls a document, "{title} license" of "{title} license\nSection {number}:": a number means nothing to an
// encoder.
func documentForm(place string) string {
	for _, end := range []string{"\n", "{number}", "{heading}", ":", "："} {
		place, _, _ = strings.Cut(place, end)
	}
	if place = strings.TrimRight(place, " ,;|"); !strings.Contains(place, "{title}") {
		return "{title}"
	}
	return place
}

// windows are the texts that are encoded of the sections, with the section of each: document and heading, and the text or, of a long one, pieces of it
// that overlap by an eighth. chars is the longest in characters; one of a script without spaces counts as two. 0 = any.
func windows(sections corpus.Store, forms form.Set, chars int) (texts []string, owner []int) {
	called := documentForm(forms.Place)
	for i, s := range sections.All() {
		head := strings.ReplaceAll(called, "{title}", s.Title) + ". "
		if s.Heading != "" && !strings.HasPrefix(s.Text, s.Heading) {
			head += s.Heading + ". "
		}
		room := max(chars-width(head), chars/2)
		for rest := s.Text; ; {
			piece := rest
			if chars > 0 {
				piece = cut(rest, room)
			}
			texts, owner = append(texts, head+piece), append(owner, i)
			if len(piece) == len(rest) {
				break
			}
			back := cut(rest, room-room/8)
			if back == "" || len(back) >= len(piece) {
				back = piece
			}
			rest = rest[len(back):]
		}
	}
	return texts, owner
}

// width is the length of a text in characters of a script with spaces.
func width(text string) (n int) {
	for _, r := range text {
		n += wide(r)
	}
	return n
}

func wide(r rune) int {
	if unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul) {
		return 2
	}
	return 1
}

// cut is the beginning of a text that is at most so wide, and at least one character. It ends behind a space where one is near.
func cut(text string, most int) string {
	n, space := 0, 0
	for i, r := range text {
		if n += wide(r); n > most && i > 0 {
			if space > i/2 {
				return text[:space]
			}
			return text[:i]
		}
		if unicode.IsSpace(r) {
			space = i + utf8.RuneLen(r)
		}
	}
	return text
}
