// Package rft is reward tuning: the small model answers each training question several times, the black box answers with each of the texts, and the
// model is tuned on the answers that helped most (rejection sampling fine-tuning: RAFT, arXiv 2304.06767; the weights' counterpart of the search in
// bpo, as in Advisor Models, arXiv 2510.02453). Nothing but the reward says which answer is good: not the section that the question was made of.
// Behind that, the best and the worst answer to each question may be a pair of direct preference optimisation (dpo.go).
//
// It stands between kit and what reads the tuned model, and costs black box calls as the search does: samples.arrow says how many.
package rft

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"

	"slm/checkpoint"
	"slm/data/exam"
	"slm/llm"
	"slm/model/decode"
	"slm/rng"
	"slm/stages"
	"slm/stages/domain"
	"slm/stages/knowledge"
	"slm/stages/trainer"
)

// Files of the checkpoint besides those of every training stage.
const (
	SamplesFile = "samples.arrow" // every answer with what it was worth
	RepliesFile = "replies.arrow"
)

// SampleRow is a row of samples.arrow: a text that the small model gave, once for each question.
type SampleRow struct {
	Item   string  `arrow:"item"`
	Sample int32   `arrow:"sample"` // the first that gave this answer; 0 is the most likely
	Place  string  `arrow:"place"`
	Text   string  `arrow:"text"`
	Reward float64 `arrow:"reward"` // margin of the right option in nats a token; by letter 1 or 0
	Right  bool    `arrow:"right"`
	Won    bool    `arrow:"won"`                // the best of the question's right ones; never one without a text, which would teach silence
	None   string  `arrow:"no_answer,optional"` // why the black box gave none
}

// Stage tunes the model of kit.
type Stage struct{ cfg Config }

// New returns the stage.
func New(cfg Config) *Stage { return &Stage{cfg} }

// Name is the stage's folder.
func (s *Stage) Name() string { return stages.RFT }

// Run samples, asks, trains on the winners, and writes the checkpoint.
func (s *Stage) Run(ctx context.Context, env *stages.Env) error {
	dom, err := domain.Open(env.Dir(stages.Data))
	if err != nil {
		return err
	}
	defer func() { _ = dom.Close() }() // mapped for reading
	if s.cfg.Passage, err = knowledge.Limit(dom, s.cfg.Passage); err != nil {
		return err
	}
	params, err := domain.LoadTrained(env.Tuned())
	if err != nil {
		return err
	}
	read, err := dom.ReadAs(env.Dir(stages.DP), params.Config.Context)
	if err != nil {
		return err
	}
	client, err := env.Client(ctx, stages.RFT)
	if err != nil {
		return err
	}
	speaker := knowledge.New(decode.New(params, env.Kernel), dom, knowledge.NewPlaces(dom, read), s.cfg.OneStep)
	speaker.TextTokens = s.cfg.Passage
	items := s.items(dom.Items, env.Seed)
	rows, took, err := s.sample(ctx, env, client, speaker, items)
	if err != nil {
		return err
	}
	won := winners(rows)
	if len(won) == 0 {
		return fmt.Errorf("rft: with none of %d answers the black box is right: there is nothing to tune on", len(rows))
	}
	lesson := &lesson{cfg: s.cfg, dom: dom, read: read, seed: env.Seed, context: params.Config.Context, items: items, won: won}
	sum, err := trainer.Run(ctx, env, trainer.Job{
		Stage: stages.RFT, Model: params, Epoch: lesson.epoch, HeldOut: lesson.heldOut(),
		Epochs: s.cfg.Epochs, Batch: s.cfg.Batch, Shards: s.cfg.Shards, Context: params.Config.Context, Optim: s.cfg.Optim.For(params.Config.Width, rate), Save: s.cfg.Save, Recompute: s.cfg.Recompute,
	})
	if err != nil {
		return err
	}
	dpo, err := s.prefer(ctx, env, lesson, params, rows)
	if err != nil {
		return err
	}
	facts := map[string]string{
		"items": strconv.Itoa(len(items)), "answers": strconv.Itoa(len(rows)), "winners": strconv.Itoa(len(won)),
		"llm_calls": strconv.Itoa(took.calls), "llm_tokens": strconv.Itoa(took.tokens), "split_digest": exam.Digest(dom.Items),
	}
	first, better := gains(rows)
	facts["right_first"], facts["changed"] = strconv.Itoa(first), strconv.Itoa(better)
	if dpo.facts(facts); dpo != nil && dpo.sum != nil {
		sum.HeldOut = dpo.sum.HeldOut // of the weights that the checkpoint has; that before it is in metrics.arrow
	}
	if took.missing.Total() > 0 {
		facts["no_answer"] = took.missing.String()
	}
	return trainer.Commit(env, stages.RFT, params, dom, sum, facts, func(p *checkpoint.Pending) error {
		return errors.Join(checkpoint.WriteTable(p.Path(SamplesFile), rows, nil), env.Replies(p.Path(RepliesFile)), dpo.write(p))
	})
}

// items are the training questions with options that are asked.
func (s *Stage) items(all []exam.Item, seed uint64) []exam.Item {
	items := slices.DeleteFunc(slices.Clone(exam.Only(all, exam.Train)), func(i exam.Item) bool { return len(i.Choices) < 2 })
	if s.cfg.Items > 0 && s.cfg.Items < len(items) {
		rng.New(seed, "rft", "items").Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
		items = items[:s.cfg.Items]
	}
	return items
}

// usage is what the samples took of the black box, whether or not its replies had been stored.
type usage struct {
	calls, tokens int
	missing       llm.Tally
}

// block is a piece of the journal: the answers to the questions from an index on.
type block struct {
	From   int         `json:"from"`
	Rows   []SampleRow `json:"rows"`
	Calls  int         `json:"calls"`
	Tokens int         `json:"tokens"`
}

// blockItems is how many questions are sampled and asked about between two saves.
const blockItems = 16

// sample lets the small model answer and the black box judge, block by block, from where the journal ends.
func (s *Stage) sample(ctx context.Context, env *stages.Env, client llm.Client, speaker *knowledge.Speaker, items []exam.Item) (rows []SampleRow, took *usage, err error) {
	key, err := checkpoint.HashJSON(map[string]any{"fingerprint": env.Fingerprint, "parents": env.Parents})
	if err != nil {
		return nil, nil, err
	}
	journal, done, err := stages.OpenPartial[block](filepath.Join(env.Work(stages.RFT), "samples.journal"), key, client)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, journal.Close()) }()
	took = &usage{}
	for from := 0; from < len(items); from += blockItems {
		part := items[from:min(from+blockItems, len(items))]
		var b block
		if i := slices.IndexFunc(done, func(b block) bool { return b.From == from }); i >= 0 {
			b = done[i]
			remember(speaker, b.Rows)
		} else {
			if b, err = s.judge(ctx, env, client, speaker, part); err != nil {
				return nil, nil, err
			}
			b.From = from
			if err := journal.Append(b); err != nil {
				return nil, nil, err
			}
		}
		took.calls += b.Calls
		took.tokens += b.Tokens
		took.missing.Of += len(b.Rows)
		for _, r := range b.Rows {
			if r.None != "" {
				took.missing.Add("item "+r.Item, &llm.NoAnswer{Reason: llm.Reason(r.None)})
			}
		}
		rows = append(rows, b.Rows...)
		env.Emit(stages.Event{Type: "step", Stage: stages.RFT, Phase: "sample", Step: from + len(part), Of: len(items)})
	}
	return rows, took, took.missing.Err()
}

// remember keeps texts that were generated before: what a place recites must not depend on what is asked together.
func remember(speaker *knowledge.Speaker, rows []SampleRow) {
	for _, r := range rows {
		if r.Place != "" && !speaker.OneStep {
			speaker.Remember(r.Place, r.Text)
		}
	}
}

// judge samples answers to some questions and asks the black box about each that differs.
func (s *Stage) judge(ctx context.Context, env *stages.Env, client llm.Client, speaker *knowledge.Speaker, items []exam.Item) (b block, err error) {
	texts := make([]string, len(items))
	for i, item := range items {
		texts[i] = item.Question
	}
	pieces, err := speaker.Sample(ctx, texts, nil, s.cfg.Samples, env.Seed)
	if err != nil {
		return b, fmt.Errorf("rft: ask the small model: %w", err)
	}
	var questions []llm.Question
	var of []int // the item of each
	for i, item := range items {
		seen := map[[2]string]bool{}
		for n, p := range pieces[i] {
			if what := [2]string{p.Place, p.Text}; !seen[what] {
				seen[what] = true
				b.Rows = append(b.Rows, SampleRow{Item: item.ID, Sample: int32(n), Place: p.Place, Text: p.Text})
				questions = append(questions, llm.Question{Knowledge: p.Text, Question: item.Question, Choices: item.Choices})
				of = append(of, i)
			}
		}
	}
	answers, err := llm.Answer(ctx, client, env.Answer, questions)
	if err != nil {
		return b, fmt.Errorf("rft: ask the black box: %w", err)
	}
	for k, a := range answers {
		r, item := &b.Rows[k], items[of[k]]
		r.Right, r.Reward = a.None == nil && a.Index == item.Answer, reward(env.Answer, item.Answer, a)
		if a.None != nil {
			r.None = string(a.None.Reason)
		}
		b.Calls += a.Calls
		b.Tokens += a.Tokens
	}
	best := map[string]int{}
	for k, r := range b.Rows {
		if w, ok := best[r.Item]; r.Right && r.Text != "" && (!ok || r.Reward > b.Rows[w].Reward) {
			best[r.Item] = k
		}
	}
	for k := range b.Rows {
		w, ok := best[b.Rows[k].Item]
		b.Rows[k].Won = ok && w == k
	}
	return b, nil
}

// winners are the answers that won, by item.
func winners(rows []SampleRow) map[string]SampleRow {
	out := map[string]SampleRow{}
	for _, r := range rows {
		if r.Won {
			out[r.Item] = r
		}
	}
	return out
}

// gains counts the questions that the black box answers right with the most likely answer, and those of which another answer won.
func gains(rows []SampleRow) (first, changed int) {
	for _, r := range rows {
		if r.Sample == 0 && r.Right {
			first++
		}
		if r.Won && r.Sample > 0 {
			changed++
		}
	}
	return first, changed
}
