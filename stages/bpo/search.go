package bpo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"slm/data/exam"
	"slm/llm"
	"slm/model/decode"
	"slm/optim/bayes"
	"slm/rng"
	"slm/stages"
	"slm/stages/delivery"
)

// Kinds of trials in trials.arrow: how the prompt came about.
const (
	kindZero   = "zero"   // no soft prompt
	kindSobol  = "sobol"  // of the initial design, and of the control of that name
	kindBefore = "before" // the best of the run that is brought up to date
	kindModel  = "log_ei" // proposed by the model of the objective
	kindRandom = "random"
	kindCMA    = "cma"
	kindText   = "text"
	kindSingle = "single"
)

// Arms in trials.arrow. The controls' are called like the controls, with "/2" and so on where they are repeated. On the held-out items an
// arm's best stand under "choice/" or "check/" and its name.
const (
	armSearch = "search"
	armChoice = "choice/"
	armCheck  = "check/"
)

// block is how many items are answered between two entries of the journal.
const block = 40

// trial is one prompt, with a delivery where that is searched too, and its results so far, item by item in the arm's order.
type trial struct {
	index   int
	kind    string
	z       []float64
	prompt  string // in words; z is empty then
	results []result
	refused string // why the black box's scores of this trial cannot be used; no model sees it
	asked   int    // questions, those of a refused block included
}

// arm is one way of searching, and what it has found.
type arm struct {
	name   string
	trials []*trial // the first is z = 0
	choice []*trial // its best on the items of the choice, the best one there first
	check  *trial   // that one on the items of the check
}

// search is the state of a run. All of it but the settings is rebuilt from the journal.
type search struct {
	cfg     Config
	seed    uint64
	items   []exam.Item // that trials are scored on, the same order for all
	choice  []exam.Item // that the best ones are told apart on
	checked []exam.Item // that no part of the search has seen
	from    *inheritance
	ladder  []int // rungs, cut to the number of items
	space   delivery.Space
	judge   *judge
	log     *journal
	emit    func(stages.Event)
	now     func() time.Time
	usage   func() llm.Usage

	zero, zeroChoice, zeroCheck *trial // z = 0, which every gain is against
	own                         *arm
	controls                    []*arm
	progress                    progress
}

// newSearch deals the development items into a part for trials, one for the choice and one for the check, in an order drawn from the seed.
// What led to the inherited prompts is in neither of the last two. scores says that the black box scores options.
func newSearch(cfg Config, dev []exam.Item, scores bool, seed uint64, from *inheritance) (*search, error) {
	dev = slices.Clone(dev)
	slices.SortFunc(dev, func(a, b exam.Item) int { return strings.Compare(a.ID, b.ID) })
	rng.New(seed, "bpo", "items").Shuffle(len(dev), func(i, j int) { dev[i], dev[j] = dev[j], dev[i] })
	if err := cfg.Enough(len(dev)); err != nil {
		return nil, err
	}
	held, searched, n := cfg.Final.hold(dev, from.knows)
	if n == 0 {
		return nil, fmt.Errorf("%w: the search of the run before has seen all but %d of %d, and one to choose on and one to check on must be new to it (stages.bpo.inherit: 0 inherits nothing)", ErrItems, len(held), len(dev))
	}
	s := &search{
		cfg: cfg, seed: seed, choice: held[:n], checked: held[n:], items: searched, ladder: cfg.rungs(len(searched)), log: &journal{}, from: from,
		emit: func(stages.Event) {}, now: func() time.Time { return time.Time{} },
	}
	s.usage = func() llm.Usage { return llm.Usage{Calls: int64(s.progress.asked)} }
	s.items = searched[:s.ladder[len(s.ladder)-1]]
	s.space = cfg.space(dev, scores)
	return s, nil
}

// fit is the process over the space of the search.
func (s *search) fit(obs []bayes.Observation, stream *rng.Stream) (*bayes.GP, error) {
	dims := s.space.Dims()
	return bayes.Model{Space: dims}.Fit(obs, len(dims), stream)
}

// short says in words that the ladder had to be cut because there are too few questions; empty when it stands as the recipe has it.
func (s *search) short() string {
	if slices.Equal(s.ladder, s.cfg.Items.Ladder) {
		return ""
	}
	held := len(s.choice) + len(s.checked)
	return fmt.Sprintf("the ladder %v is cut to %v: of %d development questions %d are kept for the choice and its check (data.exam.split.dev and stages.bpo.validate.share decide)",
		s.cfg.Items.Ladder, s.ladder, len(s.items)+held, held)
}

// run does the whole search: z = 0, the trials, the controls, the choice, the check.
func (s *search) run(ctx context.Context) (*outcome, error) {
	if err := s.explore(ctx); err != nil {
		return nil, err
	}
	return s.choose(ctx)
}

// explore does all but the choice.
func (s *search) explore(ctx context.Context) error {
	s.zero = &trial{kind: kindZero, z: s.space.Default()}
	s.own, s.controls = &arm{name: armSearch, trials: []*trial{s.zero}}, nil
	s.progress.begin(s)
	if err := s.measure(ctx, armSearch, s.zero, s.items); err != nil {
		return err
	}
	s.tell(s.own, s.zero)
	for i := 1; i <= s.cfg.Init+s.cfg.Trials; i++ {
		t, err := s.propose(i)
		if errors.Is(err, bayes.ErrExhausted) {
			break // every point of a small space has been a trial
		}
		if err != nil {
			return err
		}
		s.own.trials = append(s.own.trials, t)
		if _, err := s.climb(ctx, s.own, t, -1); err != nil {
			return err
		}
		s.tell(s.own, t)
	}
	return s.runBaselines(ctx)
}

// propose makes trial i of the search: from the design, then from the model of what the trials before it have shown.
func (s *search) propose(i int) (*trial, error) {
	t := &trial{index: i, kind: kindModel, z: s.from.point(i)}
	switch {
	case t.z != nil:
		t.kind = kindBefore
	case i <= s.cfg.Init:
		t.kind = kindSobol
	}
	if r := s.log.at(armSearch, i); r != nil {
		t.z = r.z // the table of trials is what counts
	}
	if t.z != nil {
		return t, nil
	}
	var err error
	t.z, err = next(s.cfg.Init, s.space.Dims(), s.seed, i, observations(s.own.trials, s.zero))
	return t, err
}

// next is the point of trial i, given what the trials before it have shown. It draws from streams of its own, so that any trial can be
// done again alone.
func next(init int, space bayes.Space, seed uint64, i int, seen []bayes.Observation) ([]float64, error) {
	if i <= init {
		design, err := bayes.Design(init, len(space), rng.New(seed, "bpo", "design"))
		if err != nil {
			return nil, fmt.Errorf("bpo: %w", err)
		}
		return space.Snap(design[i-1]), nil
	}
	points, err := bayes.Model{Space: space}.Propose(seen, len(space), "", 1, rng.New(seed, "bpo", "propose").At(uint64(i)))
	if err != nil {
		return nil, fmt.Errorf("bpo: trial %d: %w", i, err)
	}
	return points[0], nil
}

// asked counts questions, also those answered from memory: what a search without one would have paid.
func asked(trials []*trial) (n int) {
	for _, t := range trials {
		n += t.asked
	}
	return n
}

// climb scores a trial rung by rung while it is promising, and within a budget of questions unless that is negative.
func (s *search) climb(ctx context.Context, a *arm, t *trial, budget int) (spent int, err error) {
	for r, rung := range s.ladder {
		if r > 0 && !s.promising(t, a.trials, s.ladder[r-1]) {
			break
		}
		if budget >= 0 && rung > budget {
			break
		}
		if err := s.extend(ctx, a.name, t, s.items, rung); err != nil {
			return t.asked, err
		}
		if t.refused != "" {
			break
		}
	}
	return t.asked, nil
}

// measure scores a prompt on all items; that the scores say nothing is an error, for there is nothing else to compare with.
func (s *search) measure(ctx context.Context, name string, t *trial, items []exam.Item) error {
	if err := s.extend(ctx, name, t, items, len(items)); err != nil {
		return err
	}
	if t.refused != "" {
		return fmt.Errorf("%w: %s", ErrScores, t.refused)
	}
	return nil
}

// extend answers a trial's items up to n, a block at a time, from the journal where it has them. A block whose scores say nothing, or before
// whose questions the prompt does not fit into the model's context, marks the trial and ends it.
func (s *search) extend(ctx context.Context, name string, t *trial, items []exam.Item, n int) error {
	for from := len(t.results); from < n; {
		to := min(from+block-from%block, n)
		results, refused, err := s.block(ctx, name, t, items, from, to)
		if err != nil {
			return err
		}
		t.asked += to - from
		s.progress.asked += to - from
		if refused != "" {
			t.refused = refused
			s.emit(stages.Event{Type: "warning", Stage: stages.BPO, Message: fmt.Sprintf("%s trial %d is refused: %s", name, t.index, refused)})
			return nil
		}
		t.results = append(t.results, s.judge.take(name, items[from:to], results)...)
		if s.judge.missing.Of = len(s.items) + len(s.choice) + len(s.checked); s.judge.missing.Err() != nil {
			return fmt.Errorf("bpo: %w", s.judge.missing.Err())
		}
		from = to
	}
	return nil
}

// block returns the results of one block of a trial, or why they are refused.
func (s *search) block(ctx context.Context, name string, t *trial, items []exam.Item, from, to int) ([]result, string, error) {
	r := s.log.at(name, t.index)
	if r != nil && len(r.results) >= to && !slices.ContainsFunc(r.results[from:to], func(q result) bool { return q.None != nil }) {
		return r.results[from:to], "", nil
	}
	if r != nil && r.refused != "" && len(r.results) == from {
		return nil, r.refused, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, "", err
	}
	var results []result
	var err error
	if said := s.log.said(name, t, from, to); said != nil {
		results, err = s.judge.grade(ctx, plain(said, items[from:to]), items[from:to])
	} else {
		results, err = s.judge.score(ctx, t, s.space, items[from:to])
	}
	e := entry{Arm: name, Trial: t.index, From: from, Z: t.z, Prompt: t.prompt, Results: results}
	if errors.Is(err, ErrScores) || errors.Is(err, llm.ErrScores) || errors.Is(err, decode.ErrTooLong) && t.kind != kindZero {
		e.Refused, e.Results = err.Error(), nil
	} else if err != nil {
		return nil, "", err
	}
	return e.Results, e.Refused, s.log.append(e)
}

func right(results []result) (n int) {
	for _, r := range results {
		if r.Right {
			n++
		}
	}
	return n
}
