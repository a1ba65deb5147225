// Package bpo is the third stage: Bayesian prompted optimisation (BLADE §3.4, arXiv 2403.18365). It searches the soft prompt in front of
// the question that makes the small model's knowledge most useful to the black box, which is seen through its answers alone.
//
// It differs from the paper's code on purpose. The soft tokens have the scale of the embeddings instead of some ten to thirty times that.
// The objective is the margin of the right option, against the same question without a soft prompt, instead of right or wrong. The
// process has the prior of Hvarfner et al. and is climbed by noisy LogEI. Trials go up a ladder of items and stop early. The best are scored again
// on questions that the search has not seen, and the best of those is checked on others still; z = 0, which is no soft prompt at all, stays
// unless it is beaten. Random search, a Sobol sequence, CMA-ES and prompts in words with as many questions stand beside it.
package bpo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"slm/data/exam"
	"slm/llm"
	"slm/model/decode"
	"slm/stages"
	"slm/stages/delivery"
	"slm/stages/domain"
	"slm/stages/knowledge"
	found "slm/stages/search"
)

// ErrItems says that there are too few development questions to search on and to choose on.
var ErrItems = errors.New("bpo: too few development questions")

// Stage searches the soft prompt.
type Stage struct {
	cfg     Config
	oneStep bool          // the small model generates its text straight from the question
	update  domain.Update // the run that this one brings up to date
}

// New returns the stage. oneStep is true when the recipe generates knowledge in one step.
func New(cfg Config, oneStep bool) *Stage { return &Stage{cfg: cfg, oneStep: oneStep} }

// Name is the stage's folder.
func (s *Stage) Name() string { return stages.BPO }

// Check counts the development items, before anything is trained.
func (s *Stage) Check(data string) error {
	items, err := exam.Load(filepath.Join(data, domain.ExamFile))
	if err != nil {
		return err
	}
	return s.cfg.Enough(len(s.cfg.dev(items)))
}

// Enough says why so many development items are too few to search on; nil if they are not.
func (c Config) Enough(dev int) error {
	if search, _, _ := c.Final.deal(dev); search < 1 {
		return fmt.Errorf("%w: %d cannot be dealt into some to search on, some to choose on and some to check on (data.exam.split.dev)", ErrItems, dev)
	}
	return nil
}

// Run searches, chooses and writes the checkpoint. Every block of answers is in the journal before the next is asked for.
func (s *Stage) Run(ctx context.Context, env *stages.Env) error {
	dom, err := domain.Open(env.Dir(stages.Data))
	if err != nil {
		return err
	}
	defer func() { _ = dom.Close() }() // mapped for reading
	if s.cfg.Passage, err = knowledge.Limit(dom, s.cfg.Passage); err != nil {
		return err
	}
	params, err := domain.LoadModel(env.Tuned())
	if err != nil {
		return err
	}
	client, err := env.Client(ctx, stages.BPO)
	if err != nil {
		return err
	}
	read, err := dom.ReadAs(env.Dir(stages.DP), params.Config.Context)
	if err != nil {
		return err
	}
	speaker := knowledge.New(decode.New(params, env.Kernel), dom, knowledge.NewPlaces(dom, read), s.oneStep)
	project := project(s.cfg.Soft, params, env.Seed)
	dev, scores := s.cfg.dev(slices.Concat(dom.Items, dom.Asked)), env.Answer == llm.Cloze
	from, err := s.inherit(env, s.cfg.space(dev, scores).Dims())
	if err != nil {
		return err
	}
	st, err := newSearch(s.cfg, dev, scores, env.Seed, from)
	if err != nil {
		return err
	}
	speaker.TextTokens = st.space.Delivery(nil).Room
	st.emit, st.now = env.Emit, env.Now
	if c, ok := client.(interface{ Usage() llm.Usage }); ok {
		st.usage = c.Usage
	}
	if why := st.short(); why != "" {
		env.Emit(stages.Event{Type: "warning", Stage: stages.BPO, Message: why})
	}
	st.judge = &judge{
		say: speaker.Say, keep: speaker.Remember, soft: project.Soft, words: func(prompt string) []float32 { return Words(dom.Tokenizer, params, prompt) }, oneStep: speaker.OneStep,
		answer: func(ctx context.Context, qs []llm.Question) ([]llm.Choice, error) {
			return llm.Answer(ctx, client, env.Answer, qs)
		},
		cloze: env.Answer == llm.Cloze, shares: s.cfg.Objective == accuracy, price: s.cfg.Price,
		sample: func(ctx context.Context, questions []string, soft []float32, n int) ([][]knowledge.Piece, error) {
			return speaker.Sample(ctx, questions, soft, n, env.Seed)
		},
	}
	retrievers, err := found.Open(found.Source{Dir: env.Dir, Domain: dom, Kernel: env.Kernel, Server: found.Serve(env, stages.BPO)})
	if err != nil {
		return err
	}
	defer func() {
		for _, r := range retrievers {
			_ = r.Close() // read only
		}
	}()
	st.judge.shelf = (&library{dom, found.Best(retrievers), map[string][]delivery.Passage{}}).shelf()
	key := searchKey(env, st, client.Info())
	if st.log, err = openJournal(env.Work(stages.BPO), journalKey(env, st), client); err != nil {
		return err
	}
	var out *outcome
	if err = warmStart(env, st, key); err == nil {
		out, err = st.run(ctx)
	}
	if err = errors.Join(err, st.log.close()); err != nil {
		return err
	}
	if err := commit(env, s.cfg, st, out, project, key); err != nil {
		return err
	}
	env.Emit(stages.Event{Type: "checkpoint", Stage: stages.BPO, Path: env.Dir(stages.BPO)})
	if err := os.RemoveAll(env.Work(stages.BPO)); err != nil {
		return fmt.Errorf("bpo: remove the journal of a finished search: %w", err)
	}
	return nil
}

var (
	_ stages.Stage   = (*Stage)(nil)
	_ stages.Checker = (*Stage)(nil)
)
