// Package kit is the second training stage: knowledge instruction tuning (BLADE §3.3, arXiv 2403.18365). The model learns to answer
// questions with knowledge, on pairs that the black box itself has found useful, while it goes on reading the corpus: without that replay it
// forgets what it was not asked.
package kit

import (
	"context"
	"errors"
	"fmt"

	"slm/checkpoint"
	"slm/data/exam"
	"slm/data/pairs"
	"slm/model"
	"slm/stages"
	"slm/stages/domain"
	"slm/stages/knowledge"
	"slm/stages/trainer"
)

// Files of the checkpoint besides those of every training stage.
const (
	PairsFile   = "pairs.arrow"   // every pair with why it was kept or dropped
	RepliesFile = "replies.arrow" // the black box's answers behind that; not there if it was not asked
)

// PairRow is a row of pairs.arrow.
type PairRow struct {
	ID       string `arrow:"id"`
	Section  string `arrow:"section"`
	Kind     string `arrow:"kind"`
	Source   string `arrow:"source"`
	Question string `arrow:"question"`
	Place    string `arrow:"place"`
	Text     string `arrow:"text"`
	Kept     bool   `arrow:"kept"`
	Why      string `arrow:"why"`
	Answer   string `arrow:"answer,optional"` // short, by the LLM that wrote the question
	Rule     string `arrow:"rule,optional"`   // that made the question, with its kind
}

// Stage tunes the model of dp.
type Stage struct {
	cfg    Config
	update domain.Update // of one that goes on, pairs are about what differs, and some of the rest
}

// New returns the stage.
func New(cfg Config) *Stage { return &Stage{cfg: cfg} }

// Name is the stage's folder.
func (s *Stage) Name() string { return stages.KIT }

// Run filters the pairs, trains on those kept, and writes the checkpoint.
func (s *Stage) Run(ctx context.Context, env *stages.Env) error {
	dom, err := domain.Open(env.Dir(stages.Data))
	if err != nil {
		return err
	}
	defer func() { _ = dom.Close() }() // mapped for reading
	if s.cfg.Passage, err = knowledge.Limit(dom, s.cfg.Passage); err != nil {
		return err
	}
	params, err := domain.LoadTrained(env.Dir(stages.DP))
	if err != nil {
		return err
	}
	read, err := dom.ReadAs(env.Dir(stages.DP), params.Config.Context)
	if err != nil {
		return err
	}
	list, err := s.pairs(dom, read, env.Seed)
	if err != nil {
		return err
	}
	judged, took, err := s.filter(ctx, env, dom, list)
	if err != nil {
		return err
	}
	wrote, err := s.write(ctx, env, dom, &list)
	if err != nil {
		return err
	}
	judged.written, judged.ruled = wrote.verdicts(), list.ruled
	kept, err := list.only(func(p pairs.Pair) bool { return judged.of(p).keep })
	if err != nil {
		return err
	}
	if len(kept.refs) == 0 {
		return fmt.Errorf("kit: the filter dropped all %d pairs: the black box answers none of them right with the knowledge", len(list.refs))
	}
	rate := fmt.Sprintf("%.4f", float64(len(kept.refs))/float64(len(list.refs)))
	env.Log.Info("pairs", "made", len(list.refs), "kept", len(kept.refs))
	job, lesson, err := s.job(dom, params, kept, env.Seed)
	if err != nil {
		return err
	}
	if job.More, err = domain.LeftTokens(env.Dir(stages.DP)); err != nil {
		return err
	}
	sum, err := trainer.Run(ctx, env, job)
	if err != nil {
		return err
	}
	facts := map[string]string{
		"keep_rate": rate, "pairs": fmt.Sprint(len(list.refs)), "kept": fmt.Sprint(len(kept.refs)), "knowledge": s.cfg.Knowledge,
		"split_digest": exam.Digest(dom.Items),
	}
	list.ruledFacts(facts)
	lesson.general.Facts(facts, lesson.windows())
	took = wrote.add(took, facts)
	if took != nil {
		facts["llm_calls"], facts["llm_tokens"] = fmt.Sprint(took.calls), fmt.Sprint(took.tokens)
		if took.missing.Total() > 0 {
			facts["no_answer"] = took.missing.String()
		}
	}
	return trainer.Commit(env, stages.KIT, params, dom, sum, facts, func(p *checkpoint.Pending) error {
		if took != nil && s.asks() {
			if err := env.Replies(p.Path(RepliesFile)); err != nil {
				return err
			}
		}
		return errors.Join(s.commitWritten(env, p, list, wrote), writePairs(p.Path(PairsFile), list, judged, wrote))
	})
}

// writePairs writes every pair with its verdict.
func writePairs(path string, list pairList, judged verdicts, wrote *written) error {
	w, err := checkpoint.NewTableWriter[PairRow](path, nil)
	if err != nil {
		return err
	}
	for i := range list.refs {
		p, err := list.at(i)
		if err != nil {
			return errors.Join(err, w.Abort())
		}
		v := judged.of(p)
		if err := w.Append(PairRow{p.ID, p.Section, p.Kind, p.Source, p.Question, p.Place, p.Text, v.keep, v.why, wrote.answer(list.refs[i]), p.Rule}); err != nil {
			return err
		}
	}
	return w.Close()
}

// Job is what the stage trains if the filter keeps every pair. Sections are read as stage dp does with the same limit; most is its longest example
// in tokens, and cut says that it reads no more of a section.
func (s *Stage) Job(dom *domain.Domain, params *model.Params, most int, cut bool, seed uint64) (trainer.Job, error) {
	read, err := dom.Read(most, cut)
	if err != nil {
		return trainer.Job{}, err
	}
	list, err := s.pairs(dom, read, seed)
	if err != nil {
		return trainer.Job{}, err
	}
	job, _, err := s.job(dom, params, list, seed)
	return job, err
}

func (s *Stage) job(dom *domain.Domain, params *model.Params, kept pairList, seed uint64) (trainer.Job, *lesson, error) {
	general, err := dom.General(s.cfg.General, params.Config.Context)
	if err != nil {
		return trainer.Job{}, nil, err
	}
	lesson := &lesson{cfg: s.cfg, dom: dom, read: kept.read, pairs: kept, seed: seed, context: params.Config.Context, general: general}
	return trainer.Job{
		Stage: stages.KIT, Model: params, Epoch: lesson.epoch, HeldOut: lesson.heldOut(),
		Epochs: s.cfg.Epochs, Batch: s.cfg.Batch, Shards: s.cfg.Shards, Context: params.Config.Context, Optim: s.cfg.Optim.For(params.Config.Width, trainer.RefiningRate), Save: s.cfg.Save, Recompute: s.cfg.Recompute,
	}, lesson, nil
}
