package knowledge

import (
	"slm/data/form"
	"slm/model/decode"
	"slm/stages/domain"
)

// Places are all that a speaker can name: the corpus's sections, and each part of those that were read in parts.
type Places struct {
	dom     *domain.Domain
	choices *decode.Choices
	at      []located // by the index of a choice
}

// located is a section, or a part of it, counted from 1.
type located struct {
	section  int32
	part, of uint16
}

// NewPlaces lists the places of a domain as a training stage has read it; without a reading no section has parts. O(tokens of all places).
func NewPlaces(dom *domain.Domain, read *domain.Reading) *Places {
	p := &Places{dom: dom}
	var all [][]int32
	for i, s := range dom.Sections.All() {
		place, of := dom.Forms.PlaceOf(s), 1
		if _, ok := dom.Forms.ParsePlace(place); !ok {
			continue
		}
		if read != nil {
			of = read.Parts(i)
		}
		for part := 1; part <= of; part++ {
			all = append(all, dom.Tokenizer.Encode(form.Continuation(dom.Forms.Part(place, part, of))))
			p.at = append(p.at, located{int32(i), uint16(part), uint16(of)})
		}
	}
	p.choices = decode.NewChoices(all)
	return p
}

// place is a choice as text.
func (p *Places) place(choice int) string {
	at := p.at[choice]
	return p.dom.Forms.Part(p.dom.Forms.PlaceOf(p.dom.Sections.At(int(at.section))), int(at.part), int(at.of))
}
