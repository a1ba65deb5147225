package bpo

import (
	"encoding/json"
	"path/filepath"
	"slices"

	"slm/llm"
	"slm/stages"
)

// entry is a piece of the journal: a block of results, or why there are none.
type entry struct {
	Arm     string    `json:"arm,omitempty"`
	Trial   int       `json:"trial"`
	From    int       `json:"from"` // position of the block's first item in the arm's order
	Z       []float64 `json:"z,omitempty"`
	Prompt  string    `json:"prompt,omitempty"`
	Results []result  `json:"results,omitempty"`
	Refused string    `json:"refused,omitempty"`
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
	log    *stages.Partial[entry]
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

// openJournal opens the journal in a folder. One that belongs to another search is thrown away.
func openJournal(dir, key string, client llm.Client) (*journal, error) {
	log, entries, err := stages.OpenPartial[entry](filepath.Join(dir, "trials.journal"), key, client)
	if err != nil {
		return nil, err
	}
	j := &journal{log: log}
	for _, e := range entries {
		j.take(e)
	}
	return j, nil
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
	if err := j.log.Append(e); err != nil {
		return err
	}
	j.take(e)
	return nil
}

func (j *journal) close() error { return j.log.Close() }
