package bo

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"slm/optim/bayes"
	"slm/optim/functions"
	"slm/rng"
	"slm/scripts/benchmark/duel"
	"slm/stat"
)

const (
	design      = 10 // scrambled Sobol points that both sides begin with
	evaluations = 50
	questions   = 40 // of a noisy evaluation
)

// setting is a test function, as it is or seen through right and wrong answers.
type setting struct {
	functions.Function
	noisy bool
}

func settings() (list []setting) {
	for _, f := range functions.All {
		list = append(list, setting{f, false}, setting{f, true})
	}
	return list
}

func (s setting) name() string {
	if s.noisy {
		return fmt.Sprintf("%s-b%d", s.Name, questions)
	}
	return s.Name
}

func settingNames() (names []string) {
	for _, s := range settings() {
		names = append(names, s.name())
	}
	return names
}

// table is what an optimiser is shown: all evaluations so far.
type table struct {
	seed uint64
	obs  []bayes.Observation
}

// side is one of the two optimisers. Both are functions of the table; seconds are of processor time.
type side interface {
	name() string
	next(t table) (z []float64, seconds float64, err error)
	pick(t table) (best int, err error) // the point with the largest posterior mean
}

// search is one finished search.
type search struct {
	Side     string  `json:"side"`
	Function string  `json:"function"`
	Seed     uint64  `json:"seed"`
	Regret   float64 `json:"regret"`  // in the function's own units, without noise
	Seconds  float64 `json:"seconds"` // a step
}

// bench runs searches of both sides in turn.
type bench struct {
	sides []side
	log   io.Writer
	kept  []search
	file  io.Writer // nil when nothing is kept
}

// line is a row of the result.
type line struct {
	Function string  `json:"function"`
	Regret   float64 `json:"median_regret"`
	Peer     float64 `json:"botorch_median_regret"`
	Ratio    float64 `json:"time_ratio"` // BoTorch's processor time a step over ours, medians
	Ahead    int     `json:"ahead"`      // searches in which ours is strictly better
	Seeds    int     `json:"seeds"`
	P        float64 `json:"p_worse"`  // Wilcoxon, one-sided: small when ours is worse
	PBetter  float64 `json:"p_better"` // the same the other way
	Seconds  float64 `json:"seconds"`  // ours, a step
}

func (l line) print(out io.Writer) {
	if l.Ratio == 0 {
		fmt.Fprintf(out, "%-14s regret %-9.4g in %d searches; %.1f ms a step\n", l.Function, l.Regret, l.Seeds, 1000*l.Seconds)
		return
	}
	fmt.Fprintf(out, "%-14s regret %-9.4g BoTorch %-9.4g better in %d of %d, p(worse) %.3f, p(better) %.3f; %.1f ms a step, ×%.1f\n",
		l.Function, l.Regret, l.Peer, l.Ahead, l.Seeds, l.P, l.PBetter, 1000*l.Seconds, l.Ratio)
}

// open reads the searches that were kept and keeps on.
func (b *bench) open(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	for scan := bufio.NewScanner(f); scan.Scan(); {
		var s search
		if err := json.Unmarshal(scan.Bytes(), &s); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		b.kept = append(b.kept, s)
	}
	b.file = f // closed when the program ends
	return nil
}

// compare runs all seeds of a setting, the two sides after each other for each seed.
func (b *bench) compare(ctx context.Context, s setting, first uint64, seeds int) (line, error) {
	regrets, times := make([][]float64, 2), make([][]float64, 2)
	for seed := first; seed < first+uint64(seeds); seed++ {
		for i, side := range b.sides {
			if ctx.Err() != nil {
				return line{}, ctx.Err()
			}
			r, err := b.search(s, seed, side)
			if err != nil {
				return line{}, fmt.Errorf("%s, %s, seed %d: %w", side.name(), s.name(), seed, err)
			}
			regrets[i], times[i] = append(regrets[i], r.Regret), append(times[i], r.Seconds)
			fmt.Fprintf(b.log, "%s seed %d: %s %.4g, %.1f ms a step\n", s.name(), seed, side.name(), r.Regret, 1000*r.Seconds)
		}
	}
	l := line{Function: s.name(), Regret: duel.Median(regrets[0]), Seconds: duel.Median(times[0]), Seeds: seeds, P: 1, PBetter: 1}
	if len(b.sides) < 2 {
		return l, nil
	}
	l.Peer, l.Ratio = duel.Median(regrets[1]), duel.Median(times[1])/duel.Median(times[0])
	for i := range regrets[0] {
		if regrets[0][i] < regrets[1][i] {
			l.Ahead++
		}
	}
	w, err := stat.Wilcoxon(regrets[0], regrets[1])
	l.P, l.PBetter = w.Greater, w.Less
	return l, err
}

// search runs one search, or takes BoTorch's from the kept ones.
func (b *bench) search(s setting, seed uint64, side side) (search, error) {
	for _, k := range b.kept {
		if k.Side == side.name() && k.Function == s.name() && k.Seed == seed {
			return k, nil
		}
	}
	r, err := s.search(seed, side)
	if err != nil || b.file == nil || side.name() == (ours{}).name() {
		return r, err
	}
	return r, json.NewEncoder(b.file).Encode(r)
}

// search evaluates the design, then what the side proposes. Without noise the regret is that of the best value seen; with noise it is the
// true regret of the point that the side picks from those it has evaluated.
func (s setting) search(seed uint64, side side) (search, error) {
	out := search{Side: side.name(), Function: s.name(), Seed: seed}
	stream := rng.New(seed, "bench-bo", s.Name)
	points, err := bayes.Design(design, s.Dim, stream.At(0))
	if err != nil {
		return out, err
	}
	t := table{seed: seed}
	for i := range evaluations {
		if i >= design {
			z, seconds, err := side.next(t)
			if err != nil {
				return out, fmt.Errorf("evaluation %d: %w", i, err)
			}
			if len(z) != s.Dim || !inBox(z) {
				return out, fmt.Errorf("evaluation %d: %v is no point of the box", i, z)
			}
			points = append(points, z)
			out.Seconds += seconds / (evaluations - design)
		}
		t.obs = append(t.obs, s.evaluate(points[i], stream.At(1).At(uint64(i))))
	}
	best := 0
	for i, o := range t.obs {
		if o.Y > t.obs[best].Y {
			best = i
		}
	}
	if s.noisy {
		if best, err = side.pick(t); err != nil {
			return out, err
		}
	}
	out.Regret = s.Max - s.At(points[best])
	return out, nil
}

func inBox(z []float64) bool {
	for _, v := range z {
		if !(v >= -1 && v <= 1) {
			return false
		}
	}
	return true
}

func (s setting) evaluate(z []float64, coins *rng.Stream) bayes.Observation {
	if !s.noisy {
		return bayes.Observation{Z: z, Y: s.At(z)}
	}
	right := s.Right(z, questions, coins)
	return bayes.Observation{Z: z, Y: float64(right) / questions, Var: bayes.BinomialVar(right, questions)}
}
