package domain

import (
	"slices"

	"slm/data/corpus"
	"slm/data/exam"
	"slm/data/question"
)

// Made asks about the sections of a domain by rules (package question), also about those whose own questions an exam holds out: what a section is
// about is known from reading it. What an exam holds out, or a near copy of it, is told from the rest (exam.Guard).
type Made struct {
	counts *question.Corpus
	guard  *exam.Guard
	read   map[string]*question.Reading // of sections that have been asked about, by id
}

// mostRead bounds the sections whose readings are kept for the next time: each is some kilobytes.
const mostRead = 1 << 14

// MadeQuestion is one of them.
type MadeQuestion struct {
	question.Question
	Held string // id of the held-out item that it repeats; empty: it may stand in training
	Near bool   // it is not that question, but a near copy
}

// Made counts the corpus.
func (d *Domain) Made() *Made {
	return &Made{question.Count(d.Sections, nil), d.Guard(), map[string]*question.Reading{}}
}

// Guard keeps the held-out questions of both exams, and near copies of them, out of training.
func (d *Domain) Guard() *exam.Guard { return exam.NewGuard(slices.Concat(d.Items, d.Asked)) }

// Of makes the questions of a section. Another seed gives other wordings. It is for one goroutine.
func (m *Made) Of(s corpus.Section, seed uint64) []MadeQuestion {
	r := m.read[s.ID]
	if r == nil {
		if r = question.Read(s, m.counts); len(m.read) < mostRead {
			m.read[s.ID] = r
		}
	}
	list := r.Questions(seed)
	out := make([]MadeQuestion, len(list))
	for i, q := range list {
		item, near := m.guard.Near(q.Text)
		_, same := m.guard.Holds(q.Text)
		out[i] = MadeQuestion{Question: q, Held: item, Near: near && !same}
	}
	return out
}
