package kit

import (
	"fmt"
	"slices"

	"slm/data/exam"
	"slm/data/pairs"
	"slm/stages/domain"
)

// pairList is a list of pairs that are made when they are asked for.
type pairList struct {
	corpus *pairs.Questions // of the training sections; nil if the recipe asks for none
	read   *domain.Reading
	file   []pairs.Pair
	refs   []pairRef
}

// pairRef is pair n of a section, or of the file when the section is -1.
type pairRef struct{ section, n int32 }

func (l pairList) at(i int) (pairs.Pair, error) {
	if r := l.refs[i]; r.section >= 0 {
		return l.read.Pair(l.corpus, int(r.section), int(r.n))
	}
	return l.file[l.refs[i].n], nil
}

// only is the list of those that a condition holds for.
func (l pairList) only(holds func(pairs.Pair) bool) (pairList, error) {
	out := l
	out.refs = nil
	for i, r := range l.refs {
		p, err := l.at(i)
		if err != nil {
			return out, err
		}
		if holds(p) {
			out.refs = append(out.refs, r)
		}
	}
	return out, nil
}

// pairs makes the pairs that the recipe asks for.
func (s *Stage) pairs(dom *domain.Domain, read *domain.Reading, seed uint64) (list pairList, err error) {
	list.read = read
	if s.cfg.Pairs.From != "file" {
		list.corpus = pairs.Over(dom.Sections, exam.Held(dom.Items), dom.Forms, seed)
		for i := range dom.Sections.Len() {
			for n := range list.corpus.Count(i) {
				if slices.Contains(s.cfg.Pairs.Templates, list.corpus.Kind(i, n)) {
					list.refs = append(list.refs, pairRef{int32(i), int32(n)})
				}
			}
		}
	}
	if s.cfg.Pairs.From != "corpus" {
		if list.file, err = s.cfg.Pairs.Read(dom.Forms, dom.Items); err != nil {
			return list, err
		}
		for n := range list.file {
			list.refs = append(list.refs, pairRef{-1, int32(n)})
		}
	}
	if len(list.refs) == 0 {
		return list, fmt.Errorf("kit: there is no pair to tune on: every section is held out, or no template fits the corpus")
	}
	return list, nil
}
