package rft

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"

	"slm/checkpoint"
	"slm/data/pack"
	"slm/model"
	"slm/rng"
	"slm/stages"
	"slm/stages/trainer"
)

// Files of direct preference optimisation.
const (
	PreferencesFile = "preferences.arrow" // the pairs
	DPOFile         = "dpo.arrow"         // its steps, as metrics.arrow has those on the winners
)

// PreferenceRow is a row of preferences.arrow: the best and the worst answer to a question, by their numbers among its samples, and their
// log-probabilities in nats under the reference and under the tuned model.
type PreferenceRow struct {
	Item              string  `arrow:"item"`
	Chosen            int32   `arrow:"chosen"`
	Rejected          int32   `arrow:"rejected"`
	Gap               float64 `arrow:"gap"` // of their rewards
	ReferenceChosen   float64 `arrow:"reference_chosen"`
	ReferenceRejected float64 `arrow:"reference_rejected"`
	TunedChosen       float64 `arrow:"tuned_chosen"`
	TunedRejected     float64 `arrow:"tuned_rejected"`
}

// margins are log π(chosen) − log π(rejected) under the reference and under the tuned model.
func (r PreferenceRow) margins() (reference, tuned float64) {
	return r.ReferenceChosen - r.ReferenceRejected, r.TunedChosen - r.TunedRejected
}

// preferences are the pairs of a run and what came of them.
type preferences struct {
	rows []PreferenceRow
	sum  *trainer.Summary
}

// pairs are the best and the worst answer to each question, where their rewards differ and they are other tokens. An answer without a text is never the
// best: preferred, it would teach silence. What the black box did not reply to has no reward.
func (l *lesson) pairs(samples []SampleRow) (pairs []pack.Pair, rows []PreferenceRow) {
	of := map[string][]SampleRow{}
	for _, r := range samples {
		if r.None == "" {
			of[r.Item] = append(of[r.Item], r)
		}
	}
	for _, item := range l.items {
		var best, worst *SampleRow
		for i := range of[item.ID] {
			r := &of[item.ID][i]
			if r.Text != "" && (best == nil || r.Reward > best.Reward) {
				best = r
			}
			if worst == nil || r.Reward < worst.Reward {
				worst = r
			}
		}
		if best == nil || best.Reward <= worst.Reward {
			continue
		}
		pair := pack.Pair{Chosen: l.example(item, best.Place, best.Text), Rejected: l.example(item, worst.Place, worst.Text)}
		if pair.Trained(l.context) && !slices.Equal(pair.Chosen.Tokens, pair.Rejected.Tokens) {
			pairs = append(pairs, pair)
			rows = append(rows, PreferenceRow{Item: item.ID, Chosen: best.Sample, Rejected: worst.Sample, Gap: best.Reward - worst.Reward})
		}
	}
	return pairs, rows
}

// rowStep is what the length of a row is a multiple of.
const rowStep = 64

// rowLength is that of the shortest rows which hold every answer.
func rowLength(pairs []pack.Pair, context int) int {
	longest := 1
	for _, p := range pairs {
		longest = max(longest, len(p.Chosen.Tokens)-1, len(p.Rejected.Tokens)-1)
	}
	return min(context, (longest+rowStep-1)/rowStep*rowStep)
}

// prefer tunes params, which have learnt the winners, by direct preference optimisation (Rafailov et al. 2023, arXiv 2305.18290). The reference is the
// model as it stands here, as in the paper, where the policy starts as its reference: a model tuned on the preferred answers (§6, Preferred-FT), and
// with epochs: 0 the model of kit, which gave the samples (§4).
func (s *Stage) prefer(ctx context.Context, env *stages.Env, l *lesson, params *model.Params, samples []SampleRow) (*preferences, error) {
	if s.cfg.DPO.Epochs == 0 {
		return nil, nil
	}
	pairs, rows := l.pairs(samples)
	out := &preferences{rows: rows}
	if len(pairs) == 0 {
		env.Emit(stages.Event{Type: "warning", Stage: stages.RFT, Message: "no two answers to a question have another reward: there are no preferences to tune on"})
		return out, nil
	}
	length := rowLength(pairs, l.context)
	reference, err := s.reference(ctx, env, params, pairs, length)
	if err != nil {
		return nil, err
	}
	for i, r := range reference {
		pairs[i].Reference = r[0] - r[1]
	}
	if out.sum, err = trainer.Run(ctx, env, trainer.Job{
		Stage: stages.RFT, Phase: "dpo", Model: params, HeldOut: l.heldOut(), Prefer: &trainer.Preferences{Beta: s.cfg.DPO.Beta, Epoch: shuffled(pairs, env.Seed)},
		Epochs: s.cfg.DPO.Epochs, Batch: s.cfg.Batch, Shards: s.cfg.Shards, Context: length, Optim: s.cfg.DPO.Optim.For(params.Config.Width, s.dpoRate), Save: s.cfg.Save, Recompute: s.cfg.Recompute,
	}); err != nil {
		return nil, err
	}
	tuned, err := trainer.LogProbs(ctx, env, params, pairs, length)
	if err != nil {
		return nil, fmt.Errorf("rft: after dpo: %w", err)
	}
	for i := range rows {
		r := &rows[i]
		r.ReferenceChosen, r.ReferenceRejected, r.TunedChosen, r.TunedRejected = reference[i][0], reference[i][1], tuned[i][0], tuned[i][1]
	}
	return out, nil
}

// shuffled gives the pairs in another order in each epoch.
func shuffled(pairs []pack.Pair, seed uint64) func(epoch int) ([]pack.Pair, error) {
	return func(epoch int) ([]pack.Pair, error) {
		out := make([]pack.Pair, len(pairs))
		for i, from := range rng.New(seed, "rft", "dpo").At(uint64(epoch)).Perm(len(pairs)) {
			out[i] = pairs[from]
		}
		return out, nil
	}
}

// reference are the log-probabilities of the pairs before any step on them: worked out once, and kept in the work folder.
func (s *Stage) reference(ctx context.Context, env *stages.Env, params *model.Params, pairs []pack.Pair, length int) (out [][2]float64, err error) {
	key, err := checkpoint.HashJSON(map[string]any{"fingerprint": env.Fingerprint, "parents": env.Parents})
	if err != nil {
		return nil, err
	}
	journal, done, err := stages.OpenPartial[[][2]float64](filepath.Join(env.Work(stages.RFT), "reference.journal"), key, nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, journal.Close()) }()
	if len(done) > 0 && len(done[0]) == len(pairs) {
		return done[0], nil
	}
	if out, err = trainer.LogProbs(ctx, env, params, pairs, length); err != nil {
		return nil, fmt.Errorf("rft: the reference of dpo: %w", err)
	}
	return out, journal.Append(out)
}

// facts tell the manifest what was preferred: the mean margins are log π(chosen) − log π(rejected) in nats, and the accuracy is the share of pairs whose
// implicit reward β·log π/π_ref prefers the chosen answer. They are of the pairs that were trained on.
func (p *preferences) facts(facts map[string]string) {
	if p == nil {
		return
	}
	facts["pairs"] = strconv.Itoa(len(p.rows))
	if p.sum == nil {
		return
	}
	before, after, right, n := 0.0, 0.0, 0.0, float64(len(p.rows))
	for _, r := range p.rows {
		reference, tuned := r.margins()
		before, after = before+reference/n, after+tuned/n
		if tuned > reference {
			right += 1 / n
		}
	}
	number := func(x float64) string { return strconv.FormatFloat(x, 'g', 6, 64) }
	facts["margin_before"], facts["margin_after"], facts["reward_accuracy"] = number(before), number(after), number(right)
	facts["dpo_steps"], facts["dpo_loss"] = strconv.FormatInt(p.sum.Steps, 10), number(p.sum.Metrics[len(p.sum.Metrics)-1].Loss)
}

// write adds the pairs and the steps to a checkpoint.
func (p *preferences) write(to *checkpoint.Pending) error {
	if p == nil || p.sum == nil {
		return nil
	}
	return errors.Join(checkpoint.WriteTable(to.Path(PreferencesFile), p.rows, nil), checkpoint.WriteTable(to.Path(DPOFile), p.sum.Metrics, nil))
}
