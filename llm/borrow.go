package llm

import (
	"path/filepath"

	"slm/checkpoint"
)

// lender is a table of replies in another run's checkpoint. Its keys are read when the box is opened, its replies when one of them is asked for:
// among many runs a box needs few of their replies, or none.
type lender struct {
	path    string
	damaged bool
}

// lend takes note of what tables could answer. One that cannot be read answers nothing.
func (s *store) lend(paths []string) {
	type keyed struct {
		Key string `arrow:"key"`
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, path := range paths {
		rows, _, err := checkpoint.ReadTable[keyed](path)
		if err != nil {
			continue
		}
		l := &lender{path: path}
		for _, r := range rows {
			s.lenders[r.Key] = append(s.lenders[r.Key], l)
		}
	}
}

// borrow takes in the replies for keys that others have, each from the first table that has it and is whole. The caller holds the lock.
func (s *store) borrow(keys []string) {
	for _, k := range keys {
		for !s.has(k) && len(s.lenders[k]) > 0 {
			if l := s.lenders[k][0]; !l.damaged {
				s.take(l)
			}
			if !s.has(k) { // the checkpoint was made anew since, or is damaged
				s.lenders[k] = s.lenders[k][1:]
			}
		}
		delete(s.lenders, k)
	}
}

// take reads a table and takes in all replies for which it is the first.
func (s *store) take(l *lender) {
	var entries []entry
	err := checkpoint.VerifyFile(filepath.Split(l.path))
	if err == nil {
		entries, err = readReplies(l.path)
	}
	l.damaged = err != nil
	for _, e := range entries {
		if first := s.lenders[e.Key]; len(first) > 0 && first[0] == l {
			if !s.has(e.Key) {
				s.add(e)
			}
			delete(s.lenders, e.Key)
		}
	}
}
