package domain

import (
	"hash/maphash"
	"sync"

	"slm/data/corpus"
)

// places finds sections by their place: a hash of it and an index for each, not the place.
type places struct {
	once   sync.Once
	seed   maphash.Seed
	first  map[uint64]int32 // hash of a place → the first section that has it
	others map[string]int32 // places whose hash another one had
}

// Find returns the index of the section that a place names, the first in the corpus if there are several.
func (d *Domain) Find(place string) (int, bool) {
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

// Section returns the section that a place names.
func (d *Domain) Section(place string) (corpus.Section, bool) {
	i, ok := d.Find(place)
	if !ok {
		return corpus.Section{}, false
	}
	return d.Sections.At(i), true
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
