package bpo

import (
	"fmt"
	"math"

	"slm/checkpoint"
	"slm/data/exam"
	"slm/stages"
)

// Files of the checkpoint.
const (
	PromptFile  = "prompt.arrow"
	TrialsFile  = "trials.arrow"
	RepliesFile = "replies.arrow"
)

// PromptRow is the row of prompt.arrow.
type PromptRow struct {
	Z      []float64 `arrow:"z"`
	Soft   []float32 `arrow:"soft"`   // [tokens,width], in front of the question's embeddings; empty when z = 0 was kept
	Tokens int64     `arrow:"tokens"` // 0 when z = 0 was kept
	Width  int64     `arrow:"width"`
}

// TrialRow is a row of trials.arrow.
type TrialRow struct {
	Trial     int64     `arrow:"trial"` // number within its arm
	Kind      string    `arrow:"kind"`  // zero, sobol, log_ei, random, valid, valid-random
	Z         []float64 `arrow:"z"`
	Fidelity  int64     `arrow:"fidelity"`  // items it was scored on
	Score     float64   `arrow:"score"`     // share of them answered right
	Correct   int64     `arrow:"correct"`   // number of them answered right
	Objective float64   `arrow:"objective"` // mean over them
	Gain      float64   `arrow:"gain"`      // mean objective less that of z = 0 on the same items
	GainSD    float64   `arrow:"gain_sd"`   // standard deviation of that mean
	Calls     int64     `arrow:"calls"`     // that its questions take of the black box
	Paid      int64     `arrow:"paid"`      // of these, for questions that this arm had not asked before with the same knowledge
	Tokens    int64     `arrow:"tokens"`    // of the paid ones, prompts and replies
	Best      bool      `arrow:"best"`      // this soft prompt was taken
	Text      []string  `arrow:"text"`      // place that the small model named for each item; with one step, the text
}

// table lists all trials: the search, the control, and both again on the held-out items.
func (s *search) table(out *outcome) []TrialRow {
	var rows []TrialRow
	add := func(list []*trial, base *trial) {
		for _, t := range list {
			n := len(t.results)
			row := TrialRow{Trial: int64(t.index), Kind: t.kind, Z: t.z, Fidelity: int64(n), Correct: int64(right(t.results)), Objective: objective(t), Best: t == out.winner}
			row.Score = float64(row.Correct) / float64(n)
			var squares float64
			row.Gain, squares = gain(t, base, n)
			row.GainSD = math.Sqrt(squares / float64(max(1, n-1)) / float64(n))
			for _, r := range t.results {
				row.Calls += int64(r.Calls)
				if r.Paid {
					row.Paid += int64(r.Calls)
					row.Tokens += int64(r.Tokens)
				}
				if s.judge.oneStep {
					row.Text = append(row.Text, r.Text)
				} else {
					row.Text = append(row.Text, r.Place)
				}
			}
			rows = append(rows, row)
		}
	}
	add(s.trials, s.zero)
	add(s.control[1:], s.zero)
	add(s.valid, s.valid[0])
	add(s.validR, s.valid[0])
	return rows
}

// commit writes the checkpoint.
func commit(env *stages.Env, cfg Config, s *search, out *outcome, project *Projection) error {
	p, err := checkpoint.Begin(env.Dir(stages.BPO))
	if err != nil {
		return err
	}
	rows := s.table(out)
	write := func() error {
		soft := project.Soft(out.winner.z)
		prompt := PromptRow{Z: out.winner.z, Soft: soft, Tokens: int64(len(soft) / project.Width), Width: int64(project.Width)}
		if err := checkpoint.WriteTable(p.Path(PromptFile), []PromptRow{prompt}, nil); err != nil {
			return err
		}
		if err := checkpoint.WriteTable(p.Path(TrialsFile), rows, nil); err != nil {
			return err
		}
		return env.Replies(p.Path(RepliesFile))
	}
	if err := write(); err != nil {
		_ = p.Abort() // the first error is the one to tell
		return err
	}
	m := env.Manifest(stages.BPO)
	for _, r := range rows {
		m.Counters["llm_questions"] += r.Fidelity
		m.Counters["llm_calls"] += r.Paid
		m.Counters["llm_tokens"] += r.Tokens
	}
	m.Counters["trials"], m.Counters["random_trials"] = int64(len(s.trials)-1), int64(len(s.control)-1)
	m.Counters["items"], m.Counters["held_items"] = int64(len(s.items)), int64(len(s.held))
	m.Counters["winner"] = int64(out.winner.index) // 0 is z = 0
	m.Facts["verdict"] = out.verdict
	if out.control != "" {
		m.Facts["control"] = out.control
	}
	m.Facts["ladder"] = fmt.Sprint(s.ladder)
	m.Facts["exam"] = exam.Digest(append(append([]exam.Item(nil), s.items...), s.held...))
	m.Facts["soft_scale"] = fmt.Sprintf("%g of an embedding's standard deviation, %.4g", cfg.Soft.Scale, project.Sigma)
	if !math.IsNaN(out.correlation) {
		m.Facts["objective_accuracy_correlation"] = fmt.Sprintf("%.3f", out.correlation)
	}
	return p.Commit(m)
}
