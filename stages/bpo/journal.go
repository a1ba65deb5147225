package bpo

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"slm/checkpoint"
	"slm/stages"
)

// entry is a frame of the journal: its first says what the search belongs to, each other one holds a block of results, or why there are none.
type entry struct {
	Key     string    `json:"key,omitempty"`
	Arm     string    `json:"arm,omitempty"`
	Trial   int       `json:"trial"`
	From    int       `json:"from"` // position of the block's first item in the arm's order
	Z       []float64 `json:"z,omitempty"`
	Prompt  string    `json:"prompt,omitempty"`
	Results []result  `json:"results,omitempty"`
	Refused string    `json:"refused,omitempty"`
	Used    int       `json:"used,omitempty"` // replies that had been used when the block was done
}

// slot is a trial's place in the search.
type slot struct {
	arm   string
	trial int
}

// record is what the journal knows of a trial.
type record struct {
	z       []float64
	prompt  string
	results []result
	refused string
}

// journal is what a search has found so far. The table of trials is all that a search needs to go on. The zero value keeps it in
// memory only.
type journal struct {
	file   *checkpoint.Journal
	used   func() int // replies used so far; nil: nobody counts
	trials map[slot]*record
	old    map[slot]*record // of a finished search that this one continues: what the small model has said
}

// at is what the journal knows of a trial, or nil.
func (j *journal) at(arm string, trial int) *record { return j.trials[slot{arm, trial}] }

// said is what the small model has said to a block of items in the search that this one continues, or nil. It counts only for the same prompt.
func (j *journal) said(arm string, t *trial, from, to int) []said {
	r := j.old[slot{arm, t.index}]
	if r == nil || len(r.results) < to || r.prompt != t.prompt || !slices.Equal(r.z, t.z) {
		return nil
	}
	out := make([]said, to-from)
	for i, q := range r.results[from:to] {
		out[i] = said{q.Place, q.Text}
	}
	return out
}

// journalKey says what a journal belongs to: another recipe, model or order of items is another search.
func journalKey(env *stages.Env, s *search) string {
	b, _ := json.Marshal([]any{env.Fingerprint, env.Parents, env.Seed, s.digests()}) // strings and numbers always encode
	return string(b)
}

// openJournal opens the journal in a folder. One that belongs to another search is thrown away, and so are blocks that were built on more replies
// than there are now.
func openJournal(dir, key string, used func() int) (*journal, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("bpo: keep trials: %w", err)
	}
	path := filepath.Join(dir, "trials.journal")
	file, frames, err := checkpoint.OpenJournal(path)
	if err != nil {
		return nil, fmt.Errorf("bpo: keep trials: %w", err)
	}
	j := &journal{file: file, used: used}
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
	j.trials = nil
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
		if i > 0 && e.Used <= j.replies() {
			j.take(e)
		}
	}
	return len(frames) > 0
}

func (j *journal) replies() int {
	if j.used == nil {
		return 0
	}
	return j.used()
}

func (j *journal) take(e entry) {
	if j.trials == nil {
		j.trials = map[slot]*record{}
	}
	at := slot{e.Arm, e.Trial}
	r := j.trials[at]
	if r == nil {
		r = &record{}
		j.trials[at] = r
	}
	r.z, r.prompt, r.refused = e.Z, e.Prompt, e.Refused
	r.results = append(r.results[:min(e.From, len(r.results))], e.Results...)
}

// append keeps a block: on disk when it returns, if there is a file.
func (j *journal) append(e entry) error {
	e.Used = j.replies()
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
