package experiment

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"crypto/sha256"

	"slm/checkpoint"
	"slm/result"
)

// Member is a finished run as a unit of a variant.
type Member struct {
	Variant string
	Folder  string
}

// ErrItems says that units did not answer the same questions.
var ErrItems = errors.New("experiment: the runs did not answer the same questions")

// ErrTwice says that a variant has two runs with one seed: a repetition tells nothing of how seeds differ.
var ErrTwice = errors.New("experiment: a variant has two runs with the same seed")

// shown is how many examples a message has.
const shown = 5

// FromRuns reads the evaluations of finished runs as an experiment. Variants come in the order of their first members. Errors: ErrTwice, ErrItems with the
// questions that are not the same, or what is wrong with a run's evaluation.
func FromRuns(name string, members []Member) (*Experiment, error) {
	e := &Experiment{V: Version, Name: name}
	asked := map[[2]string]string{} // digest of each question, by exam and item
	seen := map[string]bool{}
	for _, m := range members {
		unit, rows, err := readRun(m)
		if err != nil {
			return nil, err
		}
		if !seen[m.Variant] {
			seen[m.Variant] = true
			e.Variants = append(e.Variants, Variant{Name: m.Variant})
		}
		for _, u := range e.Units {
			if u.Variant == unit.Variant && u.Seed == unit.Seed {
				return nil, fmt.Errorf("%w, %d: %s and %s (NAME=RUN gives a run another variant)", ErrTwice, u.Seed, u.Run, unit.Run)
			}
		}
		e.Units = append(e.Units, unit)
		for _, r := range rows {
			q := questionOf(r)
			at := [2]string{q.Exam, q.Item}
			if asked[at] == "" {
				asked[at] = q.Digest
				e.Questions = append(e.Questions, q)
			} else if asked[at] != q.Digest {
				return nil, fmt.Errorf("%w: %s asks %q in other words or with other options than %s (data.seed holds the exam while the seed varies)", ErrItems, m.Folder, q.Item, e.Units[0].Run)
			}
			e.Rows = append(e.Rows, NewRow(m.Variant, unit.Seed, r))
		}
	}
	if err := e.same(); err != nil {
		return nil, err
	}
	return e, e.check()
}

// same demands that every unit that went well has answered every question.
func (e *Experiment) same() error {
	type unit struct {
		variant string
		seed    uint64
	}
	has := map[unit]map[[2]string]bool{}
	for _, r := range e.Rows {
		u := unit{r.Variant, r.Seed}
		if has[u] == nil {
			has[u] = map[[2]string]bool{}
		}
		has[u][[2]string{r.Exam, r.Item}] = true
	}
	for _, u := range e.Units {
		if u.Failed != "" {
			continue
		}
		var missing []string
		for _, q := range e.Questions {
			if !has[unit{u.Variant, u.Seed}][[2]string{q.Exam, q.Item}] {
				missing = append(missing, q.Item)
			}
		}
		if n := len(missing); n > 0 {
			return fmt.Errorf("%w: %s did not answer %d of %d: %q … (data.seed holds the exam while the seed varies)", ErrItems, cmp.Or(u.Run, u.unit()), n, len(e.Questions), missing[:min(n, shown)])
		}
	}
	return nil
}

// readRun reads a run's evaluation, what it cost and its learning curves.
func readRun(m Member) (Unit, []result.Row, error) {
	dir := filepath.Join(m.Folder, "eval")
	manifest, err := checkpoint.Load(dir)
	if err != nil {
		return Unit{}, nil, fmt.Errorf("experiment: %s has no evaluation: %w", m.Folder, err)
	}
	sum, rows, err := result.Read(dir)
	if err != nil {
		return Unit{}, nil, err
	}
	u := Unit{Variant: m.Variant, Seed: manifest.Seed, Run: m.Folder, Digest: manifest.Digest(), LLM: sum.LLM, Style: sum.Style}
	u.Wording = Wording(m.Folder)
	if u.Cost, err = costOf(m.Folder); err != nil {
		return Unit{}, nil, err
	}
	u.Curves, err = curvesOf(m.Folder)
	return u, rows, err
}

// Wording is a digest of the words of a run around question, knowledge and options; "" where it keeps none.
func Wording(run string) string {
	forms, err := os.ReadFile(filepath.Join(run, "data", "forms.json"))
	if err != nil {
		return ""
	}
	digest := sha256.Sum256(forms)
	return hex.EncodeToString(digest[:8])
}

// costOf adds up what a run took. What nothing tells of stays nil.
func costOf(folder string) (c Cost, err error) {
	for _, stage := range []string{"dp", "kit", "rft"} {
		if m, err := checkpoint.Load(filepath.Join(folder, stage)); err == nil {
			if n, ok := m.Counters["tokens"]; ok {
				if c.Tokens == nil {
					c.Tokens = new(int64)
				}
				*c.Tokens += n
			}
		}
	}
	type paid struct {
		USD float64 `arrow:"usd"`
	}
	replies, _, err := checkpoint.ReadTable[paid](filepath.Join(folder, "eval", "replies.arrow"))
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return c, fmt.Errorf("experiment: replies of %s: %w", folder, err)
	default:
		calls, usd := int64(len(replies)), 0.0
		for _, r := range replies {
			usd += r.USD
		}
		c.Calls, c.USD = &calls, &usd
	}
	c.Seconds, err = secondsOf(filepath.Join(folder, "events.jsonl"))
	return c, err
}

// secondsOf is the time that the stages of a run took, by its events; nil where there are none.
func secondsOf(path string) (*float64, error) {
	var total *float64
	err := EachEvent(path, func(line []byte) {
		var event struct {
			Type    string  `json:"type"`
			Seconds float64 `json:"seconds"`
		}
		if !bytes.Contains(line, []byte(`"checkpoint"`)) || json.Unmarshal(line, &event) != nil || event.Type != "checkpoint" || event.Seconds == 0 {
			return // verify tells of a damaged line
		}
		if total == nil {
			total = new(float64)
		}
		*total += event.Seconds
	})
	return total, err
}
