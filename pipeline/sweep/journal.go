package sweep

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"

	"slm/checkpoint"
	"slm/pipeline/rundir"
)

// journalFile holds the trials that have ended, one a frame behind a frame that says which sweep they are of.
const journalFile = "trials.wal"

// frame is a frame of the journal.
type frame struct {
	Sweep   string  `json:"sweep,omitempty"`
	Round   int     `json:"round,omitempty"` // how many trials are proposed together
	Trial   *Trial  `json:"trial,omitempty"`
	Seconds float64 `json:"seconds,omitempty"` // that it took, by the call in which it ended
}

// journal is what is known of a sweep's trials.
type journal struct {
	file    *checkpoint.Journal
	trials  map[int64]Trial
	seconds map[int64]float64
}

// openJournal opens the journal of a sweep. How many trials were proposed together from its beginning on stands for what is wanted now, since proposals depend on it.
func openJournal(folder, sweep string, round *int) (j *journal, err error) {
	file, frames, err := checkpoint.OpenJournal(filepath.Join(folder, journalFile))
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, file.Close())
		}
	}()
	j = &journal{file: file, trials: map[int64]Trial{}, seconds: map[int64]float64{}}
	for i, text := range frames {
		var f frame
		if err := json.Unmarshal(text, &f); err != nil || (i == 0) != (f.Trial == nil) {
			return nil, fmt.Errorf("sweep: %s: %w", filepath.Join(folder, journalFile), checkpoint.ErrCorrupt)
		}
		switch {
		case i > 0:
			j.trials[f.Trial.Trial], j.seconds[f.Trial.Trial] = *f.Trial, f.Seconds
		case f.Sweep != sweep:
			return nil, fmt.Errorf("%w: %s holds another sweep (other keys, objective, seeds, tokens, recipe or kernel): --name starts one of its own", rundir.ErrUsage, folder)
		default:
			*round = f.Round
		}
	}
	if len(frames) > 0 {
		return j, nil
	}
	return j, j.append(frame{Sweep: sweep, Round: *round})
}

func (j *journal) append(f frame) error {
	text, err := json.Marshal(f)
	if err == nil {
		err = j.file.Append(text)
	}
	if err != nil {
		return fmt.Errorf("sweep: journal: %w", err)
	}
	return nil
}

// keep stores a trial that has ended: it is on disk when keep returns.
func (j *journal) keep(t Trial, seconds float64) error {
	j.trials[t.Trial], j.seconds[t.Trial] = t, seconds
	return j.append(frame{Trial: &t, Seconds: seconds})
}
