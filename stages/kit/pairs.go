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
	made   []pairs.Pair // about sections, without their texts
	refs   []pairRef
	ruled  map[string]verdict // why questions by rules go, by pair; nil if the recipe asks for none
	near   int                // of these, near copies of a held-out question
}

// pairRef is pair n of a section, or of the file when the section is -1, or of those that were made.
type pairRef struct {
	section, n int32
	made       bool
}

func (l pairList) at(i int) (pairs.Pair, error) {
	switch r := l.refs[i]; {
	case r.made:
		p := l.made[r.n]
		p.Text = l.read.Section(int(r.section)).Text
		return p, nil
	case r.section >= 0:
		return l.read.Pair(l.corpus, int(r.section), int(r.n))
	default:
		return l.file[r.n], nil
	}
}

// add adds a pair about a section, whose text it is given when it is asked for.
func (l *pairList) add(section int, p pairs.Pair) {
	l.refs = append(l.refs, pairRef{int32(section), int32(len(l.made)), true})
	l.made = append(l.made, p)
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

// pairs makes the pairs that the recipe asks for, but for those that an LLM writes.
func (s *Stage) pairs(dom *domain.Domain, read *domain.Reading, seed uint64) (list pairList, err error) {
	list.read = read
	if s.cfg.Pairs.has(fromCorpus) {
		list.corpus = pairs.Over(dom.Sections, exam.Held(dom.Items), dom.Forms, seed)
		for i := range dom.Sections.Len() {
			for n := range list.corpus.Count(i) {
				if slices.Contains(s.cfg.Pairs.Templates, list.corpus.Kind(i, n)) {
					list.refs = append(list.refs, pairRef{section: int32(i), n: int32(n)})
				}
			}
		}
	}
	if s.cfg.Pairs.has(fromFile) {
		if list.file, err = s.cfg.Pairs.Read(dom.Forms, slices.Concat(dom.Items, dom.Asked)); err != nil {
			return list, err
		}
		for n := range list.file {
			list.refs = append(list.refs, pairRef{section: -1, n: int32(n)})
		}
	}
	if s.cfg.Pairs.has(fromRules) {
		list.rules(dom, s.cfg.Pairs.Rules, seed)
	}
	if s.update.Partial() {
		if err := list.partial(dom, s.update.Replay, seed); err != nil {
			return list, err
		}
	}
	if len(list.refs) == 0 && !s.cfg.Pairs.has(fromLLM) {
		return list, fmt.Errorf("kit: there is no pair to tune on: every section is held out, or no template fits the corpus")
	}
	return list, nil
}
