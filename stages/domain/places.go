package domain

import (
	"hash/maphash"
	"iter"
	"sync"

	"slm/data/corpus"
	"slm/data/form"
	"slm/data/tokenizer"
)

// places finds sections by their place: a hash of it and an index for each, not the place.
type places struct {
	once   sync.Once
	seed   maphash.Seed
	first  map[uint64]int32 // hash of a place → the first section that has it
	others map[string]int32 // places whose hash another one had
}

// Section returns the section that a place names, the first in the corpus if there are several, and its index. Of a place that names a part of
// it, the text is what follows from there on.
func (d *Domain) Section(place string) (s corpus.Section, index int, ok bool) {
	if i, ok := d.find(place); ok {
		return d.Sections.At(i), i, true
	}
	whole, k, n, ok := d.Forms.ParsePart(place)
	if !ok {
		return s, 0, false
	}
	i, ok := d.find(whole)
	if !ok {
		return s, 0, false
	}
	s, ok = d.part(d.Sections.At(i), k, n)
	return s, i, ok
}

func (d *Domain) find(place string) (int, bool) {
	if place == "" {
		return 0, false
	}
	d.places.once.Do(d.index)
	if i, ok := d.places.others[place]; ok {
		return int(i), true
	}
	i, ok := d.places.first[maphash.String(d.places.seed, place)]
	return int(i), ok && d.Forms.PlaceOf(d.Sections.At(int(i))) == place
}

func (d *Domain) index() {
	p := &d.places
	p.seed, p.first, p.others = maphash.MakeSeed(), map[uint64]int32{}, map[string]int32{}
	for i, s := range d.Sections.All() {
		place := d.Forms.PlaceOf(s)
		if place == "" {
			continue
		}
		hash := maphash.String(p.seed, place)
		first, taken := p.first[hash]
		if !taken {
			p.first[hash] = int32(i)
			continue
		}
		if _, known := p.others[place]; !known && d.Forms.PlaceOf(d.Sections.At(int(first))) != place {
			p.others[place] = int32(i)
		}
	}
}

// LongestPlace is the counter of the data checkpoint that holds the tokens of the longest place in the corpus.
const LongestPlace = "longest_place"

// usualPlace is the limit of places in a corpus that an older program has prepared.
const usualPlace = 40

// placeTokens is how many tokens a generated place may have where the longest of the corpus has so many.
func placeTokens(tok *tokenizer.Tokenizer, forms form.Set, longest int) int {
	if longest == 0 {
		return usualPlace
	}
	const most = 99999
	return longest + len(tok.Encode(forms.Part("", most, most)))
}

// MeasurePlaces returns the tokens of the longest place of a corpus, and how many places leave a context no room for a text.
func MeasurePlaces(tok *tokenizer.Tokenizer, forms form.Set, sections iter.Seq2[int, corpus.Section], context int) (longest, over int) {
	for _, s := range sections {
		n := len(tok.Encode(form.Continuation(forms.PlaceOf(s))))
		if longest = max(longest, n); n+leastRoom > context {
			over++
		}
	}
	return longest, over
}
