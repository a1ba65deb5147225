package bpo

import (
	"fmt"
	"math"

	"slm/checkpoint"
	"slm/data/exam"
	"slm/stages"
	"slm/stages/delivery"
	found "slm/stages/search"
)

// Files of the checkpoint.
const (
	PromptFile  = "prompt.arrow"
	KnobsFile   = "knobs.arrow" // of a search of more than the soft prompt, beside the file of package delivery
	TrialsFile  = "trials.arrow"
	TextsFile   = "texts.arrow"
	ItemsFile   = "items.arrow"
	RepliesFile = "replies.arrow"
)

// PromptRow is the row of prompt.arrow.
type PromptRow struct {
	Z      []float64 `arrow:"z"`
	Soft   []float32 `arrow:"soft"`   // [tokens,width], in front of the question's embeddings; empty when z = 0 was kept
	Tokens int64     `arrow:"tokens"` // 0 when z = 0 was kept
	Width  int64     `arrow:"width"`
}

// commit writes the checkpoint.
func commit(env *stages.Env, cfg Config, s *search, out *outcome, project *Projection, key string) error {
	rows, err := s.table(out)
	if err != nil {
		return err
	}
	p, err := checkpoint.Begin(env.Dir(stages.BPO))
	if err != nil {
		return err
	}
	write := func() error {
		z := s.space.Prompt(out.winner.z)
		soft := project.Soft(z)
		prompt := PromptRow{Z: z, Soft: soft, Tokens: int64(len(soft) / project.Width), Width: int64(project.Width)}
		if err := checkpoint.WriteTable(p.Path(PromptFile), []PromptRow{prompt}, nil); err != nil {
			return err
		}
		if err := checkpoint.WriteTable(p.Path(TrialsFile), rows, nil); err != nil {
			return err
		}
		if err := checkpoint.WriteTable(p.Path(TextsFile), s.texts(), nil); err != nil {
			return err
		}
		if err := checkpoint.WriteTable(p.Path(ItemsFile), s.parts(), nil); err != nil {
			return err
		}
		if s.wide() {
			if err := s.space.Delivery(out.winner.z).Save(p.Path(delivery.File)); err != nil {
				return err
			}
			knobs, err := s.knobs(out.winner)
			if err != nil {
				return err
			}
			if err := checkpoint.WriteTable(p.Path(KnobsFile), knobs, nil); err != nil {
				return err
			}
		}
		if err := found.ExportFound(env, stages.BPO, p.Path); err != nil {
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
		m.Counters["llm_questions"] += r.Asked
		m.Counters["llm_calls"] += r.Paid
		m.Counters["llm_tokens"] += r.Tokens
		if r.Refused != "" {
			m.Counters["refused"]++
		}
	}
	m.Counters["trials"] = int64(len(s.own.trials) - 1)
	if s.from != nil {
		m.Counters["inherited"] = int64(len(s.from.points))
	}
	for _, a := range s.controls {
		m.Counters[base(a.name)+"_trials"] += int64(len(a.trials) - 1)
	}
	m.Counters["items"], m.Counters["choice_items"], m.Counters["check_items"] = int64(len(s.items)), int64(len(s.choice)), int64(len(s.checked))
	m.Counters["winner"] = int64(out.winner.index) // 0 is z = 0
	m.Facts["search"] = key
	if s.judge.missing.Total() > 0 {
		m.Facts["no_answer"] = s.judge.missing.String()
	}
	m.Facts["verdict"] = out.verdict
	m.Facts["selection_bias"] = out.selection.String()
	for _, n := range out.controls {
		m.Facts["control "+n.name] = n.text
	}
	if s.wide() {
		m.Facts["delivery"] = s.space.Words(out.winner.z)
		m.Facts["objective"] = s.cfg.Objective
	}
	m.Facts["ladder"] = fmt.Sprint(s.ladder)
	m.Facts["exam"] = exam.Digest(append(append(append([]exam.Item(nil), s.items...), s.choice...), s.checked...))
	m.Facts["soft_scale"] = fmt.Sprintf("%g of an embedding's standard deviation, %.4g", cfg.Soft.Scale, project.Sigma)
	if !math.IsNaN(out.correlation) {
		m.Facts["objective_accuracy_correlation"] = fmt.Sprintf("%.3f", out.correlation)
	}
	return p.Commit(m)
}
