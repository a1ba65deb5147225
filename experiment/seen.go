package experiment

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"slm/checkpoint"
	"slm/data/exam"
	"slm/data/pairs"
)

// ErrSeen says that a question was seen in training.
var ErrSeen = errors.New("experiment: questions that are compared were seen in training")

// Seen is a question that a stage of a run was trained or chosen on.
type Seen struct {
	Item  string `json:"item"`
	Run   string `json:"run"`
	Stage string `json:"stage"`
	How   string `json:"how"` // digest: the same question and options; text: the same question; near: a near copy of it
}

// FindSeen looks for the experiment's questions among all that its runs were trained or chosen on: training and development questions of their exams, by
// digest and by text, and the pairs of kit, by text and, where they were not made from templates, as near copies. Questions that dp makes by rules stand in no
// file; the stage itself keeps them off the exam's (exam.Guard). Units whose run is not known, or not there, are passed over; they are the second result.
func (e *Experiment) FindSeen() (out []Seen, unknown []Unit, err error) {
	digests, held := map[string]string{}, make([]exam.Item, 0, len(e.Questions))
	for _, q := range e.Questions {
		digests[q.Digest] = q.Item
		held = append(held, exam.Item{ID: q.Item, Question: q.Question, Split: exam.Test})
	}
	guard := exam.NewGuard(held)
	for _, u := range e.Units {
		if u.Failed != "" {
			continue
		}
		run := u.Run
		if !filepath.IsAbs(run) {
			run = filepath.Join(e.Root, run)
		}
		if _, err := os.Stat(run); u.Run == "" || errors.Is(err, fs.ErrNotExist) {
			unknown = append(unknown, u)
			continue
		}
		items, err := exam.Load(filepath.Join(run, "data", "exam.arrow"))
		if err != nil {
			return nil, nil, fmt.Errorf("experiment: what %s was trained on: %w", u.Run, err)
		}
		for _, m := range items {
			if m.Split == exam.Test {
				continue
			}
			answer := int32(m.Answer)
			if item, ok := digests[digestOf(m.Question, m.Choices, answer)]; ok {
				out = append(out, Seen{item, u.Run, "data", "digest"})
			} else if item, ok := guard.Holds(m.Question); ok {
				out = append(out, Seen{item, u.Run, "data", "text"})
			}
		}
		type pair struct {
			Kind     string `arrow:"kind"`
			Question string `arrow:"question"`
			Kept     bool   `arrow:"kept"`
		}
		taught, _, err := checkpoint.ReadTable[pair](filepath.Join(run, "kit", "pairs.arrow"))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, nil, fmt.Errorf("experiment: what %s was trained on: %w", u.Run, err)
		}
		for _, p := range taught {
			if !p.Kept {
				continue
			}
			if item, ok := guard.Holds(p.Question); ok {
				out = append(out, Seen{item, u.Run, "kit", "text"})
			} else if slices.Contains([]string{pairs.File, pairs.Written, pairs.Ruled}, p.Kind) {
				if item, ok := guard.Near(p.Question); ok {
					out = append(out, Seen{item, u.Run, "kit", "near"})
				}
			}
		}
	}
	return out, unknown, nil
}
