package bpo

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path/filepath"

	"slm/checkpoint"
	"slm/llm"
	"slm/stages"
)

// revision is raised when the same settings and data give other trials than before.
const revision = 2

// searchKey says what decides trial i of a search: all but how many there are, and what stands beside them.
func searchKey(env *stages.Env, s *search, info llm.Info) string {
	name := ""
	if env.Kernel != nil {
		name = string(env.Kernel.Class())
	}
	b, _ := json.Marshal([]any{ // strings and numbers always encode
		revision, s.cfg.Soft, s.cfg.Init, s.ladder, s.cfg.Acquire, s.cfg.Passage, s.judge.oneStep, s.seed, s.digests(), env.Parents, env.Answer, name, info,
	})
	if s.wide() {
		more, _ := json.Marshal([]any{s.cfg.Search, s.cfg.Objective, s.cfg.Price})
		b = append(b, more...)
	}
	if s.from != nil {
		more, _ := json.Marshal(s.from.points)
		b = append(b, more...)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// warmStart looks among the runs beside this one for the longest finished search that began like this one, and takes over what the small model
// said there. The points are proposed again and the black box's replies come from its store, so this search ends in the same bytes as one
// that starts from nothing; it only takes less time. Where the kernel is not batch-invariant, a text might come out differently in the controls
// of a longer search: only the trials of the search, whose batches are the same, are taken there. Where a delivery is searched, the small model is
// asked again.
func warmStart(env *stages.Env, s *search, key string) error {
	if s.wide() {
		return nil
	}
	dir, trials := "", int64(0)
	for _, run := range env.Beside {
		bpo := filepath.Join(run, stages.BPO)
		m, err := checkpoint.Load(bpo)
		if err == nil && m.Facts["search"] == key && m.Counters["trials"] > trials && checkpoint.Verify(bpo) == nil {
			dir, trials = bpo, m.Counters["trials"]
		}
	}
	if dir == "" {
		return nil
	}
	rows, _, err := checkpoint.ReadTable[TrialRow](filepath.Join(dir, TrialsFile))
	if err != nil {
		return fmt.Errorf("bpo: go on from a finished search: %w", err)
	}
	texts, _, err := checkpoint.ReadTable[TextRow](filepath.Join(dir, TextsFile))
	if err != nil {
		return fmt.Errorf("bpo: go on from a finished search: %w", err)
	}
	whole := env.Kernel != nil && env.Kernel.Traits().BatchInvariant
	s.log.old = finished(rows, texts, s.judge.oneStep, whole)
	env.Emit(stages.Event{Type: "stage", Stage: stages.BPO, Message: fmt.Sprintf("goes on from the %d trials of %s", trials, filepath.Base(filepath.Dir(dir)))})
	return nil
}

// finished is what the small model said in a search that has ended, trial by trial.
func finished(rows []TrialRow, texts []TextRow, oneStep, whole bool) map[slot]*record {
	recited := make(map[string]string, len(texts))
	for _, t := range texts {
		recited[t.Place] = t.Text
	}
	old := map[slot]*record{}
	for _, r := range rows {
		if r.Arm != armSearch && !whole {
			continue
		}
		rec := &record{z: r.Z, prompt: r.Prompt}
		for _, said := range r.Text {
			if oneStep {
				rec.results = append(rec.results, result{Text: said})
			} else {
				rec.results = append(rec.results, result{Place: said, Text: recited[said]})
			}
		}
		old[slot{r.Arm, int(r.Trial)}] = rec
	}
	return old
}
