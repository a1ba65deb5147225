// Package bpo compares ways of searching the soft prompt by the calls that they take to reach a given held-out accuracy: this
// program's search and its controls, the published BLADE code and InstructZero (package published).
package bpo

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/pprof"
	"strings"

	"github.com/spf13/cobra"

	"slm/data/exam"
	"slm/scripts/benchmark/bpo/published"
	"slm/scripts/benchmark/setup"
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
	format, profile, stage   string
}

// Command is the subcommand.
func Command() *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   "bpo [NAME=RUN]...",
		Short: "The prompt search beside published searches, by calls to equal accuracy",
		Long: "The prompt search beside the published BLADE code, InstructZero, random search, a Sobol sequence, CMA-ES and paraphrases, by the calls to\n" +
			"equal held-out accuracy. RUN is a run's folder with data and kit, or dp. Without any, small models are trained: on the licences and on the\n" +
			"statutes, each whole and stopped early. Models and what they have said are kept in the cache, so that it can go on.",
		RunE: func(cmd *cobra.Command, runs []string) error {
			return o.run(cmd.Context(), runs, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := cmd.Flags()
	f.IntVar(&o.seeds, "seeds", 10, "searches of each kind, each with questions and a projection of its own")
	f.Uint64Var(&o.first, "first", 0, "first seed; what is tuned is tuned on others than those that are reported")
	f.IntVar(&o.items, "items", 30, "questions that a prompt is scored on")
	f.IntVar(&o.pool, "pool", 1000, "development questions that they are drawn from, at most")
	f.IntVar(&o.held, "held", 110, "test questions, which no search sees, at most")
	f.IntVar(&o.trials, "trials", 10, "of our search, after 8 of its design")
	o.soft = bpo.Default().Soft
	f.IntVar(&o.soft.Tokens, "tokens", o.soft.Tokens, "soft tokens of our search")
	f.Float64Var(&o.soft.Scale, "scale", o.soft.Scale, "their scale")
	f.StringVar(&o.cache, "cache", "", "`FOLDER` of what the models have said: the same is never asked twice (default: in the cache)")
	f.StringVar(&o.provider, "llm", "local", "black box: local (SmolLM2-135M) or overlap")
	f.StringVarP(&o.format, "output", "o", "text", "text or json")
	f.StringVar(&o.profile, "cpuprofile", "", "write a CPU profile to `FILE`")
	f.StringVar(&o.stage, "stage", "", "run the stage itself on the checkpoints of `RUN` and nothing else, for --cpuprofile")
	return cmd
}

func (o options) run(ctx context.Context, runs []string, out, log io.Writer) error {
	o.init, o.ladder = 8, []int{o.items / 4, o.items / 2, o.items}
	if o.profile != "" {
		f, err := os.Create(o.profile)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	if o.stage != "" {
		return runStage(ctx, o.stage, out)
	}
	cache, err := setup.Cache()
	if err != nil {
		return err
	}
	work := filepath.Join(cache, "bench-bpo")
	if o.cache == "" {
		o.cache = filepath.Join(work, "said")
	}
	if len(runs) == 0 {
		if runs, err = trainAll(ctx, work, log); err != nil {
			return err
		}
	}
	var all []*setting
	for _, arg := range runs {
		name, dir, ok := strings.Cut(arg, "=")
		if !ok {
			return fmt.Errorf("%s: write NAME=RUN", arg)
		}
		s, err := compare(ctx, name, dir, o, log)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, s)
		if o.format == "text" {
			if err := s.print(out); err != nil {
				return err
			}
		}
	}
	if o.format == "json" {
		return json.NewEncoder(out).Encode(all)
	}
	return nil
}

// compare runs every method with every seed on one model.
func compare(ctx context.Context, name, dir string, o options, log io.Writer) (s *setting, err error) {
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
		fmt.Fprintf(log, "%s: seed %d of %d, %d questions to the small model and %d to the LLM so far\n", name, seed+1, o.seeds, w.saidNow, w.askedNow)
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
	for _, p := range []struct {
		name   string
		search func(context.Context, *published.Search, uint64) error
		items  []exam.Item
	}{{"blade", published.BLADE, items}, {"instructzero", published.InstructZero, items[:min(20, len(items))]}} {
		c, trials, err := w.judge(ctx, p.search, p.items, 20*o.items, seed)
		if err != nil {
			return err
		}
		s.add(p.name, seed, c)
		for _, t := range trials {
			s.turn("published", base, rights(t.Picks, p.items))
		}
	}
	return nil
}
