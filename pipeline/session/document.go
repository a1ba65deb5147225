package session

import (
	"context"
	"strings"

	"slm/data/corpus"
	"slm/data/form"
)

// Part is a section of a document, for reading.
type Part struct {
	Place  string `json:"place"`
	Source string `json:"source"`
	Text   string `json:"text"`
	Here   bool   `json:"here,omitempty"` // the one that was asked for
}

// Passage is a section of the corpus at a place that an answer was given (Answer.Given), or the part of it that the place names.
type Passage struct {
	Place  string
	Source string
	Text   string // without its heading
	Head   string // as much of the section as the LLM is given
	About  string // its heading; "" = it has none
}

// Passages are those at some places, in their order. A place that the corpus does not have is left out.
func (s *Session) Passages(ctx context.Context, places []string) (out []Passage, err error) {
	if err := s.turn.take(ctx); err != nil {
		return nil, err
	}
	defer s.turn.give()
	if err := s.load(ctx); err != nil {
		return nil, err
	}
	for _, place := range places {
		sec, _, ok := s.dom.Section(place)
		if !ok {
			continue
		}
		text := sec.Text
		if sec.Heading != "" {
			text = strings.TrimLeft(strings.TrimPrefix(text, sec.Heading), " .:：\n")
		}
		out = append(out, Passage{place, sec.Source, text, s.with.Corpus.Head(sec.Text), sec.Heading})
	}
	return out, nil
}

// around is how many sections of a document are shown on each side of one.
const around = 3

// Document is the section at a source (Answer.Source) with those of its document near it, in order; none = the corpus has no such source.
// A run by itself has no experts.
func (s *Session) Document(ctx context.Context, _, source string) ([]Part, error) {
	if err := s.turn.take(ctx); err != nil {
		return nil, err
	}
	defer s.turn.give()
	if err := s.load(ctx); err != nil {
		return nil, err
	}
	var all []corpus.Section // of its document, as far as it has come
	here := -1
	for _, sec := range s.dom.Sections.All() {
		if len(all) > 0 && !same(all[0], sec) {
			if here >= 0 {
				break
			}
			all = all[:0]
		}
		if sec.Source == source && here < 0 {
			here = len(all)
		}
		if all = append(all, sec); here >= 0 && len(all) > here+around {
			break
		}
	}
	if here < 0 {
		return nil, nil
	}
	var out []Part
	for i := max(0, here-around); i < len(all); i++ {
		out = append(out, Part{form.InLine(s.dom.Forms.PlaceOf(all[i])), all[i].Source, all[i].Text, i == here})
	}
	return out, nil
}

// same reports whether two sections are of one document.
func same(a, b corpus.Section) bool {
	file := func(s corpus.Section) string { return s.Source[:max(0, strings.LastIndexByte(s.Source, ':'))] }
	return a.Title == b.Title && file(a) == file(b)
}
