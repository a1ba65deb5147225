// Package kit is the second training stage: knowledge instruction tuning (BLADE §3.3, arXiv 2403.18365). The model learns to answer
// questions with knowledge, on pairs that the black box itself has found useful, while it goes on reading the corpus: without that replay it
// forgets what it was not asked.
package kit

import (
	"context"
	"fmt"
	"math"
	"slices"

	"slm/checkpoint"
	"slm/data/exam"
	"slm/data/pack"
	"slm/data/pairs"
	"slm/model"
	"slm/rng"
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
}

// Stage tunes the model of dp.
type Stage struct{ cfg Config }

// New returns the stage.
func New(cfg Config) *Stage { return &Stage{cfg} }

// Name is the stage's folder.
func (s *Stage) Name() string { return stages.KIT }

// Run filters the pairs, trains on those kept, and writes the checkpoint.
func (s *Stage) Run(ctx context.Context, env *stages.Env) error {
	dom, err := domain.Open(env.Dir(stages.Data))
	if err != nil {
		return err
	}
	params, err := domain.LoadModel(env.Dir(stages.DP))
	if err != nil {
		return err
	}
	list, err := s.pairs(dom, env.Seed)
	if err != nil {
		return err
	}
	judged, took, err := s.filter(ctx, env, dom, list)
	if err != nil {
		return err
	}
	rows := make([]PairRow, len(list))
	var kept []pairs.Pair
	for i, p := range list {
		v := judged[p.Section]
		if p.Kind == pairs.File {
			v = verdict{true, "from a file: there is no question to test it with"}
		}
		rows[i] = PairRow{p.ID, p.Section, p.Kind, p.Source, p.Question, p.Place, p.Text, v.keep, v.why}
		if v.keep {
			kept = append(kept, p)
		}
	}
	if len(kept) == 0 {
		return fmt.Errorf("kit: the filter dropped all %d pairs: the black box answers none of them right with the knowledge", len(list))
	}
	rate := fmt.Sprintf("%.4f", float64(len(kept))/float64(len(list)))
	env.Log.Info("pairs", "made", len(list), "kept", len(kept))
	sum, err := trainer.Run(ctx, env, s.job(dom, params, kept, env.Seed))
	if err != nil {
		return err
	}
	facts := map[string]string{
		"keep_rate": rate, "pairs": fmt.Sprint(len(list)), "kept": fmt.Sprint(len(kept)), "knowledge": s.cfg.Knowledge,
		"split_digest": exam.Digest(dom.Items),
	}
	if took != nil {
		facts["llm_calls"], facts["llm_tokens"] = fmt.Sprint(took.calls), fmt.Sprint(took.tokens)
	}
	return trainer.Commit(env, stages.KIT, params, dom, sum, facts, func(p *checkpoint.Pending) error {
		if took != nil {
			if err := env.Replies(p.Path(RepliesFile)); err != nil {
				return err
			}
		}
		return checkpoint.WriteTable(p.Path(PairsFile), rows, nil)
	})
}

// Job is what the stage trains if the filter keeps every pair.
func (s *Stage) Job(dom *domain.Domain, params *model.Params, seed uint64) (trainer.Job, error) {
	list, err := s.pairs(dom, seed)
	return s.job(dom, params, list, seed), err
}

func (s *Stage) job(dom *domain.Domain, params *model.Params, kept []pairs.Pair, seed uint64) trainer.Job {
	lesson := &lesson{cfg: s.cfg, dom: dom, pairs: kept, seed: seed, context: params.Config.Context}
	return trainer.Job{
		Stage: stages.KIT, Model: params, Epoch: lesson.epoch, HeldOut: lesson.heldOut(),
		Epochs: s.cfg.Epochs, Batch: s.cfg.Batch, Context: params.Config.Context, Optim: s.cfg.Optim, Save: s.cfg.Save, Recompute: s.cfg.Recompute,
	}
}

// pairs makes the pairs that the recipe asks for.
func (s *Stage) pairs(dom *domain.Domain, seed uint64) ([]pairs.Pair, error) {
	var list []pairs.Pair
	if s.cfg.Pairs.From != "file" {
		for _, p := range pairs.FromSections(exam.TrainSections(dom.Sections, dom.Items), dom.Forms, seed) {
			if slices.Contains(s.cfg.Pairs.Templates, p.Kind) {
				list = append(list, p)
			}
		}
	}
	if s.cfg.Pairs.From != "corpus" {
		more, err := s.cfg.Pairs.Read(dom.Forms, dom.Items)
		if err != nil {
			return nil, err
		}
		list = append(list, more...)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("kit: there is no pair to tune on: every section is held out, or no template fits the corpus")
	}
	return list, nil
}

// lesson makes the examples of an epoch.
type lesson struct {
	cfg     Config
	dom     *domain.Domain
	pairs   []pairs.Pair
	seed    uint64
	context int
}

// epoch is a pass: every pair once, and Replay sections in document form for each. The loss of a pair is on the answer and its end mark only.
func (l *lesson) epoch(epoch int) []pack.Example {
	var out []pack.Example
	for _, p := range l.pairs {
		out = append(out, l.example(p.ID, p.Question, l.reply(p)))
	}
	draw := rng.New(l.seed, "kit", "replay").At(uint64(epoch))
	order := draw.Perm(len(l.dom.Sections))
	for i := range int(math.Round(l.cfg.Replay * float64(len(l.pairs)))) {
		sec := l.dom.Sections[order[i%len(order)]]
		f := l.dom.Forms.DocumentOf(sec, draw.IntN(max(1, len(l.dom.Forms.Document))))
		ex := pack.Encode(l.dom.Tokenizer, sec.ID, f, sec.Text, l.dom.EOS, true)
		ex.Tokens = ex.Tokens[:min(len(ex.Tokens), l.context)]
		out = append(out, ex)
	}
	draw.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// reply is what the model learns to say. In two steps the place is the whole answer: the text is recited from the place alone.
func (l *lesson) reply(p pairs.Pair) string {
	if l.cfg.Knowledge == knowledge.TwoStep && p.Place != "" {
		return l.dom.Forms.Reply(p.Place, "")
	}
	return p.Reply(l.dom.Forms)
}

func (l *lesson) example(id, question, reply string) pack.Example {
	ex := pack.Encode(l.dom.Tokenizer, id, l.dom.Forms.Ask(question), reply, l.dom.EOS, false)
	ex.Tokens = ex.Tokens[:min(len(ex.Tokens), l.context)]
	return ex
}

// heldOut are the dev questions, answered as the pairs are.
func (l *lesson) heldOut() []pack.Example {
	var out []pack.Example
	for _, item := range exam.Only(l.dom.Items, exam.Dev) {
		p := pairs.Pair{Kind: pairs.Number, Place: item.Place, Text: item.Knowledge}
		out = append(out, l.example("held-out/"+item.ID, item.Question, l.reply(p)))
	}
	return out
}
