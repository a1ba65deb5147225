package task

import (
	"fmt"
	"slices"
	"strings"

	"slm/data/corpus"
	"slm/data/exam"
	"slm/data/taskrow"
	"slm/stages/domain"
)

// fragments are pieces of the corpus's documents, and of those that it leaves out, which belong to none of the labels: every second of these
// documents is for dev, so that what is refused in test is new in every way.
func (s *Stage) fragments(dom *domain.Domain, seed uint64) (*labelled, error) {
	m := &labelled{}
	var sections []corpus.Section
	for _, sec := range dom.Sections.All() {
		sections = append(sections, sec)
	}
	docs := documents(sections)
	known := len(docs)
	if len(s.corpus.Except) > 0 {
		opt := s.corpus
		opt.Only, opt.Except, opt.Whole, opt.Numbered, opt.Near = s.corpus.Except, nil, nil, false, 0
		left, _, err := corpus.Collect(opt)
		if err != nil {
			return nil, fmt.Errorf("task: what data.corpus.except leaves out: %w", err)
		}
		docs = append(docs, documents(left)...)
	}
	c := taskrow.NewCutter(docs, known, s.cfg.Fragments, seed)
	held := func(doc int, split string, n int, label string) {
		for i := range n {
			if text, ok := c.Cut(doc, split, i); ok {
				m.held = append(m.held, taskrow.Row{ID: fmt.Sprintf("%s/%s/%d", docs[doc].Title, split, i), Text: text, Target: label, Split: split})
			}
		}
	}
	var of []int // document of each label
	for i, d := range docs[:known] {
		if _, ok := c.Cut(i, exam.Train, 0); !ok {
			m.dumb++
			continue
		}
		m.labels, of = append(m.labels, d.Title), append(of, i)
		held(i, exam.Dev, s.cfg.Fragments.Dev, d.Title)
		held(i, exam.Test, s.cfg.Fragments.Test, d.Title)
	}
	for i := known; i < len(docs); i++ {
		held(i, []string{exam.Dev, exam.Test}[(i-known)%2], s.cfg.Fragments.None, "")
	}
	m.known = slices.DeleteFunc(sections, func(sec corpus.Section) bool { return !slices.Contains(m.labels, sec.Title) })
	m.train = func(epoch int) (rows []taskrow.Row) {
		for label, doc := range of {
			for k := range s.cfg.Fragments.Train {
				i := epoch*s.cfg.Fragments.Train + k
				if text, ok := c.Cut(doc, exam.Train, i); ok {
					rows = append(rows, taskrow.Row{ID: fmt.Sprintf("%s/%s/%d", m.labels[label], exam.Train, i), Text: text, Target: m.labels[label], Split: exam.Train})
				}
			}
		}
		return rows
	}
	return m, nil
}

// documents joins the sections of each title, in the order of the corpus.
func documents(sections []corpus.Section) (docs []taskrow.Document) {
	at := map[string]int{}
	for _, sec := range sections {
		words := strings.Fields(sec.Text)
		if len(words) == 0 {
			continue
		}
		i, ok := at[sec.Title]
		if !ok {
			i = len(docs)
			at[sec.Title], docs = i, append(docs, taskrow.Document{Title: sec.Title})
		}
		docs[i].Words = append(docs[i].Words, words...)
	}
	return docs
}
