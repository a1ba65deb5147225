package domain

import (
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"slm/checkpoint"
	"slm/data/corpus"
	"slm/data/form"
	"slm/data/pairs"
	"slm/data/tokenizer"
)

const (
	overlapMost = 32 // tokens that a part has in common with the next
	alignMost   = 8  // tokens by which a part may begin earlier, at a word
	leastRoom   = 16 // tokens of text that a part must leave room for
)

// partOf returns which tokens of a text are read in part k of n, counted from 1; the last part has the end mark. It follows from the text and n
// alone, so that a place which names the part is enough to find it. Parts overlap, and begin at a word if there is one near.
func partOf(tok *tokenizer.Tokenizer, text []int32, k, n int) (from, to int) {
	size := len(text)
	to = size
	if k < n {
		to = min(size, k*size/n+min(overlapMost, size/(4*n)))
	}
	return startOf(tok, text, k, n), to
}

func startOf(tok *tokenizer.Tokenizer, text []int32, k, n int) int {
	at := (k - 1) * len(text) / n
	for i := at; i > 0 && i >= at-min(alignMost, len(text)/(8*n)); i-- {
		if b := tok.DecodeBytes(text[i : i+1]); len(b) > 0 && (b[0] == ' ' || b[0] == '\n') {
			return i
		}
	}
	for i := at; i > 0; i-- {
		if b := tok.DecodeBytes(text[i : i+1]); len(b) > 0 && utf8.RuneStart(b[0]) {
			return i
		}
	}
	return 0
}

// Reading says in how many parts the sections of a domain are read in examples of some length.
type Reading struct {
	dom    *Domain
	tokens *Tokens
	most   int // tokens of an example
	cut    bool
	parts  []atomic.Int32 // of each section; 0 = not counted yet
}

// Read reads the domain's tokens in examples of at most so many. With cut, what does not fit is not read.
func (d *Domain) Read(most int, cut bool) (*Reading, error) {
	tokens, err := d.Tokens()
	if err != nil {
		return nil, err
	}
	return &Reading{d, tokens, most, cut, make([]atomic.Int32, d.Sections.Len())}, nil
}

// Facts of a training stage's manifest, by which the stages behind it read as it did.
const (
	maxFact = "max_section"
	cutFact = "long"
)

// Facts say how sections are read.
func (r *Reading) Facts() map[string]string {
	how := "parts"
	if r.cut {
		how = "cut"
	}
	return map[string]string{maxFact: strconv.Itoa(r.most), cutFact: how}
}

// leftFact is how many tokens of training a stage leaves to the next.
const leftFact = "left_tokens"

// LeaveTokens notes in a checkpoint's facts that the next training stage trains on so many tokens more.
func LeaveTokens(facts map[string]string, tokens int64) {
	facts[leftFact] = strconv.FormatInt(tokens, 10)
}

// LeftTokens is how many tokens the training stage whose checkpoint lies in a folder has left to the next; most leave none.
func LeftTokens(dir string) (int64, error) {
	m, err := checkpoint.Load(dir)
	if err != nil || m.Facts[leftFact] == "" {
		return 0, err
	}
	n, err := strconv.ParseInt(m.Facts[leftFact], 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("domain: %s: %w: %s is %q", dir, checkpoint.ErrCorrupt, leftFact, m.Facts[leftFact])
	}
	return n, nil
}

// ReadAs reads as the training stage whose checkpoint lies in a folder. Older programs cut at the context.
func (d *Domain) ReadAs(dir string, context int) (*Reading, error) {
	m, err := checkpoint.Load(dir)
	if err != nil {
		return nil, err
	}
	most, err := strconv.Atoi(m.Facts[maxFact])
	if err != nil || m.Facts[cutFact] != "parts" {
		return d.Read(context, true)
	}
	return d.Read(most, false)
}

// fits reports whether section i is read whole, in every form.
func (r *Reading) fits(i int) bool {
	for f := range r.dom.Forms.Document {
		if r.tokens.DocumentLen(i, f) > r.most {
			return false
		}
	}
	return true
}

// Cut reports whether a section loses its end.
func (r *Reading) Cut(i int) bool {
	if r.cut {
		return r.tokens.DocumentLen(i, 0) > r.most
	}
	return !r.fits(i) && r.Parts(i) == 1
}

// Parts is the number of parts in which section i is read. It is 1 when the section's names leave no room for its text.
func (r *Reading) Parts(i int) int {
	if n := r.parts[i].Load(); n > 0 {
		return int(n)
	}
	n := r.countParts(i)
	r.parts[i].Store(int32(n))
	return n
}

func (r *Reading) countParts(i int) int {
	if r.cut || r.fits(i) {
		return 1
	}
	text, err := r.tokens.Text(i)
	if err != nil {
		return 1 // reading it tells the error
	}
	s := r.dom.Sections.At(i)
	for n := 2; n < len(text); n++ {
		room := r.most
		for f := range r.dom.Forms.Document {
			room = min(room, r.most-len(r.prompt(s, f, n, n)))
		}
		if room < leastRoom {
			return 1
		}
		if len(text)/n > room {
			n = max(n, len(text)/room-1) // it is more than that
			continue
		}
		if r.all(text, n, room) {
			return n
		}
	}
	return 1
}

// all reports whether all of n parts have room.
func (r *Reading) all(text []int32, n, room int) bool {
	for k := 1; k <= n; k++ {
		if from, to := partOf(r.dom.Tokenizer, text, k, n); to-from > room {
			return false
		}
	}
	return true
}

func (r *Reading) prompt(s corpus.Section, form, part, of int) []int32 {
	return r.dom.Tokenizer.Encode(r.dom.Forms.Part(r.dom.Forms.DocumentOf(s, form), part, of))
}

// Document is part k of n of section i in a document form, counted from 1.
func (r *Reading) Document(i, form, k, n int) ([]int32, error) {
	if n == 1 {
		tokens := r.tokens.Document(i, form)
		return tokens[:min(len(tokens), r.most)], nil
	}
	text, err := r.tokens.Text(i)
	if err != nil {
		return nil, err
	}
	from, to := partOf(r.dom.Tokenizer, text, k, n)
	tokens := append(r.prompt(r.dom.Sections.At(i), form, k, n), text[from:to]...)
	return tokens[:min(len(tokens), r.most)], nil
}

// DocumentLen is the length of Document.
func (r *Reading) DocumentLen(i, form, k, n int) (int, error) {
	if n == 1 {
		return min(r.tokens.DocumentLen(i, form), r.most), nil
	}
	tokens, err := r.Document(i, form, k, n)
	return len(tokens), err
}

// Section is section i.
func (r *Reading) Section(i int) corpus.Section { return r.dom.Sections.At(i) }

// Pair is pair k of section i. A quotation is asked about at the part in which it begins.
func (r *Reading) Pair(from *pairs.Questions, i, k int) (pairs.Pair, error) {
	p := from.Pair(i, k)
	part, of, err := r.partAt(i, p.At)
	if err != nil || part == 1 {
		return p, err
	}
	s, _ := r.dom.part(r.dom.Sections.At(i), part, of)
	p.Place, p.Text = r.dom.Forms.Part(p.Place, part, of), s.Text
	return p, nil
}

// Reply is what follows pair k of section i as its full answer: the place, if there is one, the text from its part on and the end mark.
func (r *Reading) Reply(p pairs.Pair, i int) ([]int32, error) {
	text, err := r.tokens.Text(i)
	if err != nil {
		return nil, err
	}
	part, of, err := r.partAt(i, p.At)
	if err != nil {
		return nil, err
	}
	text = text[startOf(r.dom.Tokenizer, text, part, of):]
	if p.Place == "" {
		return text, nil
	}
	return append(r.dom.Tokenizer.Encode(form.Continuation(p.Place)), text...), nil
}

// partAt is the part of section i in which a byte of its text is read first, and how many there are.
func (r *Reading) partAt(i, at int) (part, of int, err error) {
	of = r.Parts(i)
	if at == 0 || of == 1 {
		return 1, of, nil
	}
	text, err := r.tokens.Text(i)
	if err != nil {
		return 0, 0, err
	}
	whole := r.dom.Sections.At(i).Text
	for part = 1; part < of; part++ {
		if byteOf(r.dom.Tokenizer, whole, text, startOf(r.dom.Tokenizer, text, part+1, of)) > at {
			break
		}
	}
	return part, of, nil
}

// byteOf is the byte of a text at which a token of it begins. The tokens begin with the space that continues a prompt.
func byteOf(tok *tokenizer.Tokenizer, text string, tokens []int32, at int) int {
	before := len(tok.DecodeBytes(tokens[:at])) - len(form.Continuation(text)) + len(text)
	return min(max(0, before), len(text))
}

// part cuts a section's text to what follows from the beginning of part k of n on.
func (d *Domain) part(s corpus.Section, k, n int) (corpus.Section, bool) {
	text := append(d.Tokenizer.Encode(form.Continuation(s.Text)), d.EOS)
	if n > len(text)/leastRoom {
		return s, false
	}
	s.Text = strings.TrimSpace(s.Text[byteOf(d.Tokenizer, s.Text, text, startOf(d.Tokenizer, text, k, n)):])
	return s, s.Text != ""
}
