package find

import (
	"context"
	"slices"

	"slm/retrieve"
	"slm/rng"
	"slm/stages/search"
	"slm/stat"
)

// folds is in how many parts the questions are cut to say how the fusion does on questions that it was not fitted on.
const folds = 5

// ridge pulls the weights towards equal ones.
const ridge = 0.02

// resamples is how many times the questions are drawn for an interval.
const resamples = 2000

// fitting fits the fusion of some signals and measures it.
type fitting struct {
	cfg        Config
	sections   int
	signals    []search.Signal
	train, dev []retrieve.Asked
	seed       uint64
	progress   func(phase string, step, of int)
}

// run returns the fusion, fitted on all questions, and how well each retriever does on the development questions: each signal alone, and all together,
// with weights that were fitted without the question and all others about its sections.
func (f fitting) run(ctx context.Context) (search.Fusion, []retrieve.Quality, error) {
	fusion := search.Fusion{Version: search.FusionVersion, Fuse: f.cfg.Fuse, Dense: f.cfg.Dense}
	var quality []retrieve.Quality
	measure := func(name string, ranks [][]int) error {
		if len(f.dev) == 0 {
			return nil
		}
		q, err := retrieve.Measure(name, f.dev, ranks, stat.Options{Resamples: resamples, Stream: rng.New(f.seed, "find", "bootstrap")})
		quality = append(quality, q)
		return err
	}
	for _, s := range f.signals {
		ranks, err := retrieve.Ranks(ctx, retrieve.Ranked(s.Scorer), f.dev)
		if err != nil {
			return fusion, nil, err
		}
		if err := measure(s.Name, ranks); err != nil {
			return fusion, nil, err
		}
	}
	if f.cfg.Fuse == search.RRF {
		ranks, err := retrieve.Ranks(ctx, search.Reciprocal(f.sections, f.signals), f.dev)
		if err != nil {
			return fusion, nil, err
		}
		return fusion, quality, measure(search.Hybrid, ranks)
	}
	weights, ranks, err := f.learn(ctx)
	if err != nil {
		return fusion, nil, err
	}
	for i, s := range f.signals {
		fusion.Signals = append(fusion.Signals, search.Weight{Signal: s.Name, Weight: weights[i]})
	}
	fusion.Questions = len(f.train) + len(f.dev)
	return fusion, quality, measure(search.Hybrid, ranks)
}

// learn fits the weights on all questions, and for the ranks of the development questions on those of the other folds.
func (f fitting) learn(ctx context.Context) (weights []float64, ranks [][]int, err error) {
	var scorers []retrieve.Scorer
	for _, s := range f.signals {
		scorers = append(scorers, s.Scorer)
	}
	all := slices.Concat(f.train, f.dev)
	cases := make([]retrieve.Case, len(all))
	for i, q := range all {
		if cases[i], err = retrieve.NewCase(ctx, scorers, q); err != nil {
			return nil, nil, err
		}
		if (i+1)%16 == 0 || i+1 == len(all) {
			f.progress("fit", i+1, len(all))
		}
	}
	start := make([]float64, len(scorers))
	for i := range start {
		start[i] = 1
	}
	if weights, err = retrieve.Fit(cases, start, ridge); err != nil {
		return nil, nil, err
	}
	fold, ranks := deal(all, f.seed), make([][]int, len(f.dev))
	for k := range folds {
		var others []retrieve.Case
		var held []retrieve.Asked
		var at []int
		for i := range all {
			switch {
			case fold[i] != k:
				others = append(others, cases[i])
			case i >= len(f.train):
				held, at = append(held, all[i]), append(at, i-len(f.train))
			}
		}
		w, err := retrieve.Fit(others, start, ridge)
		if err != nil {
			return nil, nil, err
		}
		hybrid, err := retrieve.Learned(w, scorers...)
		if err != nil {
			return nil, nil, err
		}
		got, err := retrieve.Ranks(ctx, hybrid, held)
		if err != nil {
			return nil, nil, err
		}
		for j, r := range got {
			ranks[at[j]] = r
		}
	}
	return weights, ranks, nil
}

// deal gives each question a fold. Questions that share a section, directly or through others, are in the same one.
func deal(questions []retrieve.Asked, seed uint64) []int {
	parent := map[int]int{} // of a section, towards the one that stands for its group
	var top func(s int) int
	top = func(s int) int {
		if p, ok := parent[s]; ok && p != s {
			parent[s] = top(p)
			return parent[s]
		}
		return s
	}
	for _, q := range questions {
		for _, s := range q.Sections {
			if a, b := top(q.Sections[0]), top(s); a != b {
				parent[max(a, b)] = min(a, b)
			}
		}
	}
	fold := make([]int, len(questions))
	for i, q := range questions {
		fold[i] = rng.New(seed, "find", "folds").At(uint64(top(q.Sections[0]))).IntN(folds)
	}
	return fold
}
