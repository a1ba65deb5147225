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
	flag.IntVar(&o.items, "items", 30, "questions that a prompt is scored on")
	flag.IntVar(&o.pool, "pool", 80, "development questions that they are drawn from")
	flag.IntVar(&o.held, "held", 60, "test questions, which no search sees")
	flag.IntVar(&o.trials, "trials", 26, "of our search, after 8 of its design")
	flag.StringVar(&o.cache, "cache", filepath.Join(os.TempDir(), "slm-bench-bpo"), "`FOLDER` of what the models have said: the same is never asked twice")
	flag.StringVar(&o.provider, "llm", "local", "black box: local (SmolLM2-135M) or overlap")
	flag.StringVar(&out, "o", "text", "text or json")
	flag.StringVar(&profile, "cpuprofile", "", "write a CPU profile to `FILE`")
	flag.StringVar(&stage, "stage", "", "run the stage itself on the checkpoints of `RUN` and nothing else, for -cpuprofile")
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: bench-bpo [flags] NAME=RUN...   RUN is a run's folder with data and kit")
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
	s = &setting{Name: name, Items: o.items, Held: len(w.held)}
	for seed := range uint64(o.seeds) {
		if err := w.seed(ctx, s, seed+1, o); err != nil {
			return nil, err
		}
		fmt.Fprintf(os.Stderr, "%s: seed %d of %d, %d questions to the small model and %d to the LLM so far\n", name, seed+1, o.seeds, w.saidNow, w.askedNow)
	}
	return s, s.finish()
}

// seed runs every method with one seed.
func (w *world) seed(ctx context.Context, s *setting, seed uint64, o options) error {
	cfg := bpo.Default()
	cfg.Init, cfg.Trials, cfg.Items.Ladder = o.init, o.trials, o.ladder
	soft := w.projection(cfg.Soft, seed)
	dev, rest := w.draw(seed, o.items)
	cfg.Final.Share = float64(len(rest)) / float64(len(dev)+len(rest))
	rows, items, err := bpo.Explore(ctx, cfg, append(dev, rest...), seed, bpo.World{Say: w.say, Answer: w.answer, Soft: soft, Words: w.words})
	if err != nil {
		return err
	}
	zero, err := w.accuracy(ctx, nil, w.held)
	if err != nil {
		return err
	}
	s.Zero = zero
	for _, arm := range []string{"search", "random", "sobol", "cma", "text"} {
		c, err := w.follow(ctx, rows, arm, soft)
		if err != nil {
			return err
		}
		s.add(arm, seed, c)
	}
	s.correlate(w, rows, items)
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
	}
	return nil
}
