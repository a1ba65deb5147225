package bpo

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"slm/data/exam"
	"slm/optim/bayes"
	"slm/rng"
	"slm/stages"
)

// Kinds of trials in trials.arrow. Those of the control begin with "random", those on held-out items with "valid".
const (
	kindZero   = "zero"   // no soft prompt
	kindSobol  = "sobol"  // of the initial design
	kindModel  = "log_ei" // proposed by the model of the objective
	kindRandom = "random" // of the control
	kindValid  = "valid"  // the search's best, and z = 0, on the held-out items
	kindValidR = "valid-random"
)

// block is how many items are answered between two entries of the journal.
const block = 40

// trial is one soft prompt and its results so far, item by item in the arm's order.
type trial struct {
	index   int
	kind    string
	z       []float64
	results []result
}

// search is the state of a run. All of it but the settings is rebuilt from the journal.
type search struct {
	cfg    Config
	seed   uint64
	items  []exam.Item // that trials are scored on, the same order for all
	held   []exam.Item // that the choice is made on
	ladder []int       // rungs, cut to the number of items
	judge  *judge
	log    *journal
	emit   func(stages.Event)

	zero            *trial   // z = 0, which every gain is against
	trials, control []*trial // of the search and of random search
	valid, validR   []*trial // on held; the first of valid is z = 0
	best            float64  // share of right answers, for events
	calls           int      // questions asked so far, for events
}

// newSearch deals the development items: into a part for trials and one for the choice, in an order drawn from the seed.
func newSearch(cfg Config, dev []exam.Item, seed uint64) (*search, error) {
	dev = slices.Clone(dev)
	slices.SortFunc(dev, func(a, b exam.Item) int { return strings.Compare(a.ID, b.ID) })
	rng.New(seed, "bpo", "items").Shuffle(len(dev), func(i, j int) { dev[i], dev[j] = dev[j], dev[i] })
	held := int(float64(len(dev))*cfg.Final.Share + 0.5)
	if held < 1 || len(dev)-held < 1 {
		return nil, fmt.Errorf("%w: %d cannot be dealt into some to search on and some to choose on (data.exam.split.dev)", ErrItems, len(dev))
	}
	s := &search{cfg: cfg, seed: seed, held: dev[:held], items: dev[held:], log: &journal{}, emit: func(stages.Event) {}}
	for _, rung := range cfg.Items.Ladder {
		rung = min(rung, len(s.items))
		if n := len(s.ladder); n == 0 || rung > s.ladder[n-1] {
			s.ladder = append(s.ladder, rung)
		}
	}
	s.items = s.items[:s.ladder[len(s.ladder)-1]]
	return s, nil
}

// short says in words that the ladder had to be cut because there are too few questions; empty when it stands as the recipe has it.
func (s *search) short() string {
	if slices.Equal(s.ladder, s.cfg.Items.Ladder) {
		return ""
	}
	return fmt.Sprintf("the ladder %v is cut to %v: of %d development questions %d are kept for the choice (data.exam.split.dev and stages.bpo.validate.share decide)",
		s.cfg.Items.Ladder, s.ladder, len(s.items)+len(s.held), len(s.held))
}

// run does the whole search: z = 0, the trials, the control, the choice.
func (s *search) run(ctx context.Context) (*outcome, error) {
	s.zero = &trial{kind: kindZero, z: make([]float64, s.cfg.Soft.Dim)}
	s.trials, s.control = []*trial{s.zero}, []*trial{s.zero}
	if err := s.extend(ctx, "search", s.zero, s.items, len(s.items)); err != nil {
		return nil, err
	}
	s.tell(s.zero)
	for i := 1; i <= s.cfg.Init+s.cfg.Trials; i++ {
		t, err := s.propose(i)
		if err != nil {
			return nil, err
		}
		s.trials = append(s.trials, t)
		if _, err := s.climb(ctx, "search", t, s.trials, -1); err != nil {
			return nil, err
		}
		s.tell(t)
	}
	if slices.Contains(s.cfg.Controls, random) {
		if err := s.searchAtRandom(ctx); err != nil {
			return nil, err
		}
	}
	return s.choose(ctx)
}

// propose makes trial i of the search: from the design, then from the model of what the journal's trials have shown. It draws
// from streams of its own, so that it can be done again alone.
func (s *search) propose(i int) (*trial, error) {
	t := &trial{index: i, kind: kindModel}
	if i <= s.cfg.Init {
		t.kind = kindSobol
	}
	if e, ok := s.log.blocks[slot{"search", i, 0}]; ok {
		t.z = e.Z // the table of trials is what counts
		return t, nil
	}
	if t.kind == kindSobol {
		design, err := bayes.Design(s.cfg.Init, s.cfg.Soft.Dim, rng.New(s.seed, "bpo", "design"))
		if err != nil {
			return nil, fmt.Errorf("bpo: %w", err)
		}
		t.z = design[i-1]
		return t, nil
	}
	var err error
	if t.z, err = bayes.Propose(observations(s.trials, s.zero), s.cfg.Soft.Dim, rng.New(s.seed, "bpo", "propose").At(uint64(i))); err != nil {
		return nil, fmt.Errorf("bpo: trial %d: %w", i, err)
	}
	return t, nil
}

// searchAtRandom is the control: uniform points, the same ladder, and as many questions as the search has asked.
func (s *search) searchAtRandom(ctx context.Context) error {
	budget := asked(s.trials[1:])
	for i := 1; budget >= s.ladder[0]; i++ {
		draw := rng.New(s.seed, "bpo", "random").At(uint64(i))
		t := &trial{index: i, kind: kindRandom, z: make([]float64, s.cfg.Soft.Dim)}
		for j := range t.z {
			t.z[j] = 2*draw.Float64() - 1
		}
		s.control = append(s.control, t)
		spent, err := s.climb(ctx, "random", t, s.control, budget)
		if err != nil {
			return err
		}
		budget -= spent
		s.tell(t)
	}
	return nil
}

// asked counts questions, also those answered from memory: what a search without one would have paid.
func asked(trials []*trial) (n int) {
	for _, t := range trials {
		n += len(t.results)
	}
	return n
}

// climb scores a trial rung by rung while it is promising, and within a budget of questions unless that is negative.
func (s *search) climb(ctx context.Context, arm string, t *trial, pool []*trial, budget int) (spent int, err error) {
	for r, rung := range s.ladder {
		if r > 0 && !s.promising(t, pool, s.ladder[r-1]) {
			break
		}
		if budget >= 0 && rung > budget {
			break
		}
		if err := s.extend(ctx, arm, t, s.items, rung); err != nil {
			return spent, err
		}
		spent = rung
	}
	return spent, nil
}

// worse is how many standard deviations below z = 0 end a trial's climb: it could hardly be taken in the end.
const worse = 1.64

// promising says whether a trial is among the better half of those that have come as far, z = 0 included, ties going to the earlier:
// successive halving without waiting for the others (Li et al., "A system for massively parallel hyperparameter tuning", MLSys
// 2020). Besides, it must not be clearly worse than z = 0.
func (s *search) promising(t *trial, pool []*trial, rung int) bool {
	own, squares := gain(t, s.zero, rung)
	if sd := math.Sqrt(squares / float64(max(1, rung-1)) / float64(rung)); own+worse*sd < 0 {
		return false
	}
	n, better := 1, 0
	for _, p := range pool {
		if p == t || len(p.results) < rung {
			continue
		}
		n++
		if g, _ := gain(p, s.zero, rung); g >= own {
			better++
		}
	}
	return better < (n+1)/2
}

// extend answers a trial's items up to n, a block at a time, from the journal where it has them.
func (s *search) extend(ctx context.Context, arm string, t *trial, items []exam.Item, n int) error {
	for from := len(t.results); from < n; {
		to := min(from+block-from%block, n)
		e, ok := s.log.blocks[slot{arm, t.index, from}]
		if !ok || len(e.Results) != to-from {
			if err := ctx.Err(); err != nil {
				return err
			}
			results, err := s.judge.score(ctx, arm, t.z, items[from:to])
			if err != nil {
				return err
			}
			e = entry{Arm: arm, Trial: t.index, From: from, Z: t.z, Results: results}
			if err := s.log.append(e); err != nil {
				return err
			}
		}
		s.judge.take(arm, items[from:to], e.Results)
		t.results = append(t.results, e.Results...)
		from = to
	}
	return nil
}

// tell emits an event about a trial that is done.
func (s *search) tell(t *trial) {
	share := float64(right(t.results)) / float64(len(t.results))
	of := 1 + s.cfg.Init + s.cfg.Trials
	if t.kind == kindRandom {
		of = 0 // as many as the questions last for
	} else {
		s.best = max(s.best, share)
	}
	s.calls += len(t.results)
	s.emit(stages.Event{Type: "trial", Stage: stages.BPO, Phase: t.kind, Step: t.index + 1, Of: of, Score: share, Best: s.best, Calls: s.calls})
}

func right(results []result) (n int) {
	for _, r := range results {
		if r.Right {
			n++
		}
	}
	return n
}
