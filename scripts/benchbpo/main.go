// Command benchbpo compares ways of searching the soft prompt by the calls that they take to reach a given held-out accuracy: this
// program's search and its controls, the published BLADE code and InstructZero. scripts/bench-bpo trains the models and starts it.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/pprof"
	"strings"

	"slm/stages/bpo"
)

// options of a comparison.
type options struct {
	seeds, items, pool, held int
	first                    uint64
	soft                     bpo.Soft
	init, trials             int
	ladder                   []int
	cache                    string
	provider                 string
}

func main() {
	if err := start(); err != nil {
		fmt.Fprintln(os.Stderr, "benchbpo:", err)
		os.Exit(1)
	}
}

func start() error {
	var o options
	var out, profile, stage string
	flag.IntVar(&o.seeds, "seeds", 10, "searches of each kind, each with questions and a projection of its own")
	flag.Uint64Var(&o.first, "first", 0, "first seed; what is tuned is tuned on others than those that are reported")
	flag.IntVar(&o.items, "items", 30, "questions that a prompt is scored on")
	flag.IntVar(&o.pool, "pool", 1000, "development questions that they are drawn from, at most")
	flag.IntVar(&o.held, "held", 110, "test questions, which no search sees, at most")
	flag.IntVar(&o.trials, "trials", 10, "of our search, after 8 of its design")
	o.soft = bpo.Default().Soft
	flag.IntVar(&o.soft.Tokens, "tokens", o.soft.Tokens, "soft tokens of our search")
	flag.Float64Var(&o.soft.Scale, "scale", o.soft.Scale, "their scale")
	flag.StringVar(&o.cache, "cache", filepath.Join(os.TempDir(), "slm-bench-bpo"), "`FOLDER` of what the models have said: the same is never asked twice")
	flag.StringVar(&o.provider, "llm", "local", "black box: local (SmolLM2-135M) or overlap")
	flag.StringVar(&out, "o", "text", "text or json")
	flag.StringVar(&profile, "cpuprofile", "", "write a CPU profile to `FILE`")
	flag.StringVar(&stage, "stage", "", "run the stage itself on the checkpoints of `RUN` and nothing else, for -cpuprofile")
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: bench-bpo [flags] NAME=RUN...   RUN is a run's folder with data and kit, or dp")
		flag.PrintDefaults()
	}
	flag.Parse()
	o.init, o.ladder = 8, []int{o.items / 4, o.items / 2, o.items}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if profile != "" {
		f, err := os.Create(profile)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	if stage != "" {
		return runStage(ctx, stage)
	}
	var all []*setting
	for _, arg := range flag.Args() {
		name, dir, ok := strings.Cut(arg, "=")
		if !ok {
			return fmt.Errorf("%s: write NAME=RUN", arg)
		}
		s, err := compare(ctx, name, dir, o)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, s)
		if out == "text" {
			if err := s.print(os.Stdout); err != nil {
				return err
			}
		}
	}
	if out == "json" {
		return json.NewEncoder(os.Stdout).Encode(all)
	}
	return nil
}

// compare runs every method with every seed on one model.
func compare(ctx context.Context, name, dir string, o options) (s *setting, err error) {
	w, err := openWorld(dir, o)
	if err != nil {
		return nil, err
	}
	defer func() {
		if cerr := w.close(); err == nil {
			err = cerr
		}
	}()
	s = &setting{Name: name, Items: o.items, Held: len(w.held), Turned: map[string]*turned{}}
	for seed := range uint64(o.seeds) {
		if err := w.seed(ctx, s, o.first+seed, o); err != nil {
			return nil, err
		}
		fmt.Fprintf(os.Stderr, "%s: seed %d of %d, %d questions to the small model and %d to the LLM so far\n", name, seed+1, o.seeds, w.saidNow, w.askedNow)
	}
	return s, s.finish()
}

// seed runs every method with one seed.
func (w *world) seed(ctx context.Context, s *setting, seed uint64, o options) error {
	cfg := bpo.Default()
	cfg.Soft, cfg.Init, cfg.Trials, cfg.Items.Ladder = o.soft, o.init, o.trials, o.ladder
	soft := w.projection(cfg.Soft, seed)
	dev, rest := w.draw(seed, o.items)
	cfg.Final.Share = float64(len(rest)) / float64(len(dev)+len(rest))
	rows, items, err := bpo.Explore(ctx, cfg, append(dev, rest...), seed, bpo.World{Say: w.say, Answer: w.answer, Soft: soft, Words: w.words})
	if err != nil {
		return err
	}
	if s.zero, err = w.right(ctx, nil, w.held); err != nil {
		return err
	}
	for _, arm := range []string{"search", "random", "sobol", "cma", "text"} {
		c, err := w.follow(ctx, rows, arm, soft)
		if err != nil {
			return err
		}
		s.add(arm, seed, c)
	}
	s.learn(w, rows, items)
	base, err := w.right(ctx, nil, items)
	if err != nil {
		return err
	}
	for name, published := range map[string]func(context.Context, *judged, uint64) error{"blade": blade, "instructzero": instructZero} {
		j := &judged{w: w, items: items, budget: 20 * o.items, project: w.unscaled(seed)}
		if name == "instructzero" {
			j.items = items[:min(20, len(items))]
		}
		if err := published(ctx, j, seed); err != nil {
			return err
		}
		c, err := j.curve(ctx)
		if err != nil {
			return err
		}
		s.add(name, seed, c)
		for _, picks := range j.picks {
			s.turn("published", base, rights(picks, j.items))
		}
	}
	return nil
}
