package task

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"slm/checkpoint"
	"slm/data/corpus"
	"slm/model/decode"
	"slm/stages/domain"
)

// Classify is the kind of task whose answers are labels.
//
// Labels are chosen by constrained decoding: the most likely of all labels with its end mark, so that nothing else can be said and no label is
// hidden by one that begins like it. Controls are a search for the nearest known text and the commonest label; the small model and the search together are
// another way to classify, in which the small model has to show that it adds something.
const Classify = "classify"

var classification = kind{name: Classify, file: LabelsFile, lesson: newLabelled, read: readAs[Labels]}

// labelled is texts with their labels.
type labelled struct {
	material
	labels []string         // in the order in which they are first seen
	known  []corpus.Section // texts whose label is known, as Title: what search goes by
	dumb   int              // documents of which no fragment tells where it is from
}

// newLabelled reads the rows of a file, or cuts fragments of the corpus.
func newLabelled(s *Stage, dom *domain.Domain, seed uint64) (lesson, error) {
	var m *labelled
	var err error
	if len(s.cfg.File) > 0 {
		m, err = s.labelled(seed)
	} else {
		m, err = s.fragments(dom, seed)
	}
	if err != nil {
		return nil, err
	}
	for _, r := range m.held {
		if r.Target != "" && !slices.Contains(m.labels, r.Target) {
			return nil, fmt.Errorf("task: %w: %s has the label %q, and no row for training has it", ErrRows, r.ID, r.Target)
		}
	}
	if len(m.labels) < 2 {
		return nil, fmt.Errorf("task: %w: there are %d labels, and it takes two", ErrRows, len(m.labels))
	}
	return m, nil
}

// labelled are the rows of the task's files.
func (s *Stage) labelled(seed uint64) (*labelled, error) {
	rows, train, err := s.filed(seed)
	if err != nil {
		return nil, err
	}
	m := &labelled{material: rows}
	for _, r := range train {
		if !slices.Contains(m.labels, r.Target) {
			m.labels = append(m.labels, r.Target)
		}
		m.known = append(m.known, corpus.Section{ID: r.ID, Title: r.Target, Text: r.Text})
	}
	return m, nil
}

func (m *labelled) rows() *material { return &m.material }

// reserve is the length of the longest label.
func (m *labelled) reserve(dom *domain.Domain) int { return longest(dom, m.labels) }

// longest is how many tokens the longest label takes.
func longest(dom *domain.Domain, labels []string) (most int) {
	for _, l := range labels {
		most = max(most, len(answer(dom, l)))
	}
	return most
}

// test classifies the held-out rows.
func (m *labelled) test(ctx context.Context, t *trial) (*outcome, error) {
	answers, c, err := m.answers(ctx, t.env, newReader(decode.New(t.params, t.env.Kernel), t.asks, m.labels))
	if err != nil {
		return nil, err
	}
	figures, err := labelsOf(m.labels, answers, t.env.Seed)
	if err != nil {
		return nil, err
	}
	figures.Ask, figures.Curve, figures.Together.Nearest, figures.Together.Curve = t.cfg.Ask, c.model, c.nearest, c.both
	facts := map[string]string{"labels": strconv.Itoa(len(m.labels)), "test": strconv.Itoa(figures.Test), "none": strconv.Itoa(figures.None)}
	if m.dumb > 0 {
		facts["left_out"] = fmt.Sprintf("%d documents whose fragments stand in others too", m.dumb)
	}
	return &outcome{figures, facts, func(p *checkpoint.Pending) error {
		return errors.Join(checkpoint.WriteTable(p.Path(AnswersFile), answers, nil), checkpoint.WriteTable(p.Path(KnownFile), knownRows(m.known), nil))
	}}, nil
}
