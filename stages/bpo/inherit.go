package bpo

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"slm/checkpoint"
	"slm/data/exam"
	"slm/optim/bayes"
	"slm/stages"
)

// partBefore marks, in items.arrow, the questions that led to what a search inherits and that it does not search on itself, withdrawn ones among them:
// what is withdrawn may come back.
const partBefore = "before"

// inheritance is what the search of the run that is brought up to date leaves to the next one.
type inheritance struct {
	points [][]float64     // its best, the best first
	seen   map[string]bool // questions that led to them, in that search or in one that it inherited from
}

// inherit reads the n best trials of a finished search. Their scores are those of another model, so they are not taken over: the trials are
// made again. why says in words that there is nothing to inherit. seed and space are those of the search that begins: of another seed, or in another space,
// a point means another prompt.
func inherit(dir string, n int, seed uint64, space bayes.Space) (from *inheritance, why string, err error) {
	m, err := checkpoint.Load(dir)
	switch {
	case errors.Is(err, checkpoint.ErrMissing):
		return nil, "it has no search of prompts", nil
	case err == nil && m.Seed != seed:
		return nil, fmt.Sprintf("its seed is %d, and this one's %d", m.Seed, seed), nil
	case err == nil:
		err = checkpoint.Verify(dir)
	}
	if err != nil {
		return nil, "", err
	}
	rows, _, err := checkpoint.ReadTable[TrialRow](filepath.Join(dir, TrialsFile))
	if err != nil {
		return nil, "", err
	}
	items, _, err := checkpoint.ReadTable[ItemRow](filepath.Join(dir, ItemsFile))
	if err != nil {
		return nil, "", err
	}
	knobs, err := readKnobs(dir)
	if err != nil {
		return nil, "", err
	}
	theirs := spaceOf(knobs)
	if knobs == nil && len(rows) > 0 {
		theirs = make(bayes.Space, len(rows[0].Z))
	}
	if !slices.Equal(theirs, space) {
		return nil, "it searched something else (stages.bpo.search, stages.bpo.soft.dim)", nil
	}
	g, err := Model(rows, knobs, seed)
	if err != nil {
		return nil, "", err
	}
	tried := slices.DeleteFunc(rows, func(r TrialRow) bool {
		return r.Arm != armSearch || r.Trial == 0 || r.Refused != "" || r.Fidelity == 0
	})
	byBelief(g, tried, func(r TrialRow) []float64 { return r.Z })
	from = &inheritance{seen: map[string]bool{}}
	for _, r := range tried[:min(n, len(tried))] {
		from.points = append(from.points, r.Z)
	}
	for _, it := range items {
		if it.Part == "search" || it.Part == partBefore {
			from.seen[it.Question] = true
		}
	}
	return from, "", nil
}

// inherit is what this search begins with; nil = nothing.
func (s *Stage) inherit(env *stages.Env, space bayes.Space) (*inheritance, error) {
	folder, ok := s.update.Before()
	if s.cfg.Inherit == 0 || !ok || !s.update.Partial() {
		return nil, nil
	}
	from, why, err := inherit(filepath.Join(folder, stages.BPO), min(s.cfg.Inherit, s.cfg.Init), env.Seed, space)
	if err != nil {
		return nil, fmt.Errorf("stages.bpo.inherit: the search of %s: %w", filepath.Base(folder), err)
	}
	message := fmt.Sprintf("nothing is inherited from %s: %s", filepath.Base(folder), why)
	if why == "" {
		message = fmt.Sprintf("begins with the %d best prompts of %s", len(from.points), filepath.Base(folder))
	}
	env.Emit(stages.Event{Type: "stage", Stage: stages.BPO, Message: message})
	return from, nil
}

// point is that of trial i, from 1 on; nil = it is not inherited.
func (h *inheritance) point(i int) []float64 {
	if h == nil || i > len(h.points) {
		return nil
	}
	return h.points[i-1]
}

// knows reports whether a question led to what is inherited. Neither the choice nor the check may have it.
func (h *inheritance) knows(question string) bool { return h != nil && h.seen[question] }

// others are the questions that led to what is inherited, without those that are searched on, sorted.
func (h *inheritance) others(searched []exam.Item) (rows []ItemRow) {
	if h == nil {
		return nil
	}
	for _, q := range slices.Sorted(maps.Keys(h.seen)) {
		if !slices.ContainsFunc(searched, func(it exam.Item) bool { return it.Question == q }) {
			rows = append(rows, ItemRow{Part: partBefore, Question: q})
		}
	}
	return rows
}
