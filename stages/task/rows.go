package task

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"slm/data/corpus"
	"slm/data/exam"
	"slm/data/taskrow"
	"slm/rng"
	"slm/stages/domain"
)

// ErrRows says that the rows of a task make no classification.
var ErrRows = errors.New("these rows make no task")

// material is what a task is made of.
type material struct {
	labels []string // in the order in which they are first seen
	train  func(epoch int) []taskrow.Row
	held   []taskrow.Row    // dev and test
	known  []corpus.Section // texts whose label is known, as Title: what search goes by
	dumb   int              // documents of which no fragment tells where it is from
}

// material reads the rows of a file, or cuts fragments of the corpus.
func (s *Stage) material(dom *domain.Domain, seed uint64) (*material, error) {
	var m *material
	var err error
	if len(s.cfg.File) > 0 {
		m, err = s.rows(seed)
	} else {
		m, err = s.fragments(dom, seed)
	}
	if err != nil {
		return nil, err
	}
	count := map[string]int{}
	for _, r := range m.held {
		if r.Target != "" && !slices.Contains(m.labels, r.Target) {
			return nil, fmt.Errorf("task: %w: %s has the label %q, and no row for training has it", ErrRows, r.ID, r.Target)
		}
		count[r.Split]++
	}
	switch {
	case len(m.labels) < 2:
		return nil, fmt.Errorf("task: %w: there are %d labels, and it takes two", ErrRows, len(m.labels))
	case count[exam.Test] == 0 || count[exam.Dev] == 0:
		return nil, fmt.Errorf("task: %w: %d rows are for dev and %d for test", ErrRows, count[exam.Dev], count[exam.Test])
	}
	return m, nil
}

// Check reads the task's files, so that a bad row is told before anything is trained.
func (s *Stage) Check(string) error {
	_, err := s.read(0)
	return err
}

func (s *Stage) read(seed uint64) ([]taskrow.Row, error) {
	return taskrow.Read(s.cfg.File, taskrow.From{Fields: s.cfg.Fields, Split: s.cfg.Split, Seed: seed})
}

// rows are those of the task's files.
func (s *Stage) rows(seed uint64) (*material, error) {
	all, err := s.read(seed)
	if err != nil {
		return nil, err
	}
	m := &material{}
	var train []taskrow.Row
	for _, r := range all {
		if r.Split != exam.Train {
			m.held = append(m.held, r)
			continue
		}
		if train = append(train, r); !slices.Contains(m.labels, r.Target) {
			m.labels = append(m.labels, r.Target)
		}
		m.known = append(m.known, corpus.Section{ID: r.ID, Title: r.Target, Text: r.Text})
	}
	m.train = func(int) []taskrow.Row { return slices.Clone(train) }
	return m, nil
}

// fragments are pieces of the corpus's documents, and of those that it leaves out, which belong to none of the labels: every second of these
// documents is for dev, so that what is refused in test is new in every way.
func (s *Stage) fragments(dom *domain.Domain, seed uint64) (*material, error) {
	m := &material{}
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

// shuffled is a pass over the training rows.
func (m *material) shuffled(epoch int, seed uint64) []taskrow.Row {
	rows := m.train(epoch)
	rng.New(seed, "task", "order").At(uint64(epoch)).Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	return rows
}
