package task

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"slm/data/exam"
	"slm/data/taskrow"
	"slm/rng"
	"slm/stages/domain"
)

// ErrRows says that the rows of a task are not enough of what its kind takes.
var ErrRows = errors.New("these rows make no task")

// Check reads the task's files, so that a bad row is told before anything is trained.
func (s *Stage) Check(string) error {
	if s.cfg.Kind == Code {
		if _, err := s.on.find(context.Background()); err != nil {
			return err
		}
		_, err := s.functions()
		return err
	}
	_, err := s.read(0)
	return err
}

// read reads the task's files.
func (s *Stage) read(seed uint64) ([]taskrow.Row, error) {
	return taskrow.Read(s.cfg.File, taskrow.From{Fields: s.cfg.Fields, Split: s.cfg.Split, Seed: seed, Last: s.last()})
}

// filed is the material of the task's files, whose passes are all alike, and its rows for training.
func (s *Stage) filed(seed uint64) (m material, train []taskrow.Row, err error) {
	all, err := s.read(seed)
	for _, r := range all {
		if r.Split == exam.Train {
			train = append(train, r)
		} else {
			m.held = append(m.held, r)
		}
	}
	m.train = func(int) []taskrow.Row { return slices.Clone(train) }
	return m, train, err
}

// last is how many sentences at the end of a text are its summary; 0 = the rows have labels.
func (s *Stage) last() int {
	if s.cfg.Kind == Summarise {
		return s.cfg.Summary.Last
	}
	return 0
}

// lesson is the task's data, of which some rows are held out.
func (s *Stage) lesson(dom *domain.Domain, seed uint64) (lesson, error) {
	l, err := kindOf(s.cfg).lesson(s, dom, seed)
	if err != nil {
		return nil, err
	}
	count := map[string]int{}
	for _, r := range l.rows().held {
		count[r.Split]++
	}
	if count[exam.Test] == 0 || count[exam.Dev] == 0 {
		return nil, fmt.Errorf("task: %w: %d rows are for dev and %d for test", ErrRows, count[exam.Dev], count[exam.Test])
	}
	return l, nil
}

// shuffled is a pass over the training rows.
func (m *material) shuffled(epoch int, seed uint64) []taskrow.Row {
	rows := m.train(epoch)
	rng.New(seed, "task", "order").At(uint64(epoch)).Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	return rows
}
