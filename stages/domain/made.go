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
	read   map[string]*madeOf // of sections that have been asked about, by id
}

// madeOf is what is kept of a section for the next time: a pass over the corpus is often made again with the same seeds, to be counted or measured.
type madeOf struct {
	reading *question.Reading
	seed    uint64 // of the last questions
	last    []MadeQuestion
}

// mostRead bounds the sections of which something is kept: each is some kilobytes.
const mostRead = 1 << 14

// MadeQuestion is one of them.
type MadeQuestion struct {
	question.Question
	Held string // id of the held-out item that it repeats; empty: it may stand in training
	Near bool   // it is not that question, but a near copy
}

// Made counts the corpus.
func (d *Domain) Made() *Made {
	return &Made{question.Count(d.Sections, nil), d.Guard(), map[string]*madeOf{}}
}

// Guard keeps the held-out questions of both exams, and near copies of them, out of training.
func (d *Domain) Guard() *exam.Guard { return exam.NewGuard(slices.Concat(d.Items, d.Asked)) }

// Of makes the questions of a section, in a list of the caller's. Another seed gives other wordings. It is for one goroutine.
func (m *Made) Of(s corpus.Section, seed uint64) []MadeQuestion {
	of := m.read[s.ID]
	if of == nil {
		if of = (&madeOf{reading: question.Read(s, m.counts)}); len(m.read) < mostRead {
			m.read[s.ID] = of
		}
	}
	if of.last == nil || of.seed != seed {
		list := of.reading.Questions(seed)
		of.seed, of.last = seed, make([]MadeQuestion, len(list))
		for i, q := range list {
			item, near := m.guard.Near(q.Text)
			_, same := m.guard.Holds(q.Text)
			of.last[i] = MadeQuestion{Question: q, Held: item, Near: near && !same}
		}
	}
	return slices.Clone(of.last)
}
