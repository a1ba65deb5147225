package bpo

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"slm/checkpoint"
	"slm/data/exam"
	"slm/stages"
)

// entry is a frame of the journal: its first says what the search belongs to, each other one holds a block of results.
type entry struct {
	Key     string    `json:"key,omitempty"`
	Arm     string    `json:"arm,omitempty"`
	Trial   int       `json:"trial"`
	From    int       `json:"from"` // position of the block's first item in the arm's order
	Z       []float64 `json:"z,omitempty"`
	Results []result  `json:"results,omitempty"`
}

// place of a block in the search.
type slot struct {
	arm         string
	trial, from int
}

// journal is what a search has found so far. The table of trials is all that a search needs to go on. The zero value keeps it in
// memory only.
type journal struct {
	file   *checkpoint.Journal
	blocks map[slot]entry
}

// journalKey says what a journal belongs to: another recipe, model or order of items is another search.
func journalKey(env *stages.Env, s *search) string {
	b, _ := json.Marshal([]any{env.Fingerprint, env.Parents, env.Seed, exam.Digest(s.items), exam.Digest(s.held)}) // strings and numbers always encode
	return string(b)
}

// openJournal opens the journal in a folder. One that belongs to another search is thrown away.
func openJournal(dir, key string) (*journal, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("bpo: keep trials: %w", err)
	}
	path := filepath.Join(dir, "trials.journal")
	file, frames, err := checkpoint.OpenJournal(path)
	if err != nil {
		return nil, fmt.Errorf("bpo: keep trials: %w", err)
	}
	j := &journal{file: file}
	if j.replay(frames, key) {
		return j, nil
	}
	if len(frames) > 0 {
		if err := errors.Join(file.Close(), os.Remove(path)); err != nil {
			return nil, fmt.Errorf("bpo: throw away the trials of another search: %w", err)
		}
		if j.file, _, err = checkpoint.OpenJournal(path); err != nil {
			return nil, fmt.Errorf("bpo: keep trials: %w", err)
		}
	}
	j.blocks = nil
	if err := j.write(entry{Key: key}); err != nil {
		return nil, errors.Join(err, j.file.Close())
	}
	return j, nil
}

// replay takes over frames and reports whether they belong to this search.
func (j *journal) replay(frames [][]byte, key string) bool {
	for i, f := range frames {
		var e entry
		if json.Unmarshal(f, &e) != nil || (i == 0) != (e.Key != "") || i == 0 && e.Key != key {
			return false
		}
		if i > 0 {
			j.take(e)
		}
	}
	return len(frames) > 0
}

func (j *journal) take(e entry) {
	if j.blocks == nil {
		j.blocks = map[slot]entry{}
	}
	j.blocks[slot{e.Arm, e.Trial, e.From}] = e
}

// append keeps a block: on disk when it returns, if there is a file.
func (j *journal) append(e entry) error {
	if err := j.write(e); err != nil {
		return err
	}
	j.take(e)
	return nil
}

func (j *journal) write(e entry) error {
	if j.file == nil {
		return nil
	}
	b, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("bpo: keep trials: %w", err)
	}
	if err := j.file.Append(b); err != nil {
		return fmt.Errorf("bpo: keep trials: %w", err)
	}
	return nil
}

func (j *journal) close() error {
	if j.file == nil {
		return nil
	}
	return j.file.Close()
}
