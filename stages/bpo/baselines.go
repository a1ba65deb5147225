package bpo

import (
	"context"
	"fmt"
	"math"

	"slm/optim/bayes"
	"slm/optim/cma"
	"slm/rng"
)

// runBaselines runs each control with as many questions as the search has asked.
func (s *search) runBaselines(ctx context.Context) error {
	budget := asked(s.own.trials[1:])
	for _, name := range s.cfg.baselines() {
		a := &arm{name: name, trials: []*trial{s.zero}}
		s.controls = append(s.controls, a)
		var err error
		switch base(name) {
		case text:
			err = s.halve(ctx, a, budget)
		case evolution:
			err = s.evolve(ctx, a, budget)
		case single:
			err = s.vary(ctx, a, budget)
		default:
			err = s.scatter(ctx, a, budget)
		}
		if err != nil {
			return err
		}
		s.tellEnd(a)
	}
	return nil
}

// scatter is random search, or that of a Sobol sequence: points that what was seen does not change, on the ladder of the search.
func (s *search) scatter(ctx context.Context, a *arm, budget int) error {
	space := s.space.Dims()
	for i := 1; budget >= s.ladder[0]; i++ {
		t := &trial{index: i, kind: kindRandom}
		if base(a.name) == sobol {
			t.kind = kindSobol
			points, err := bayes.Design(i, len(space), rng.New(s.seed, "bpo", a.name))
			if err != nil {
				return fmt.Errorf("bpo: %w", err)
			}
			t.z = points[i-1]
		} else {
			draw := rng.New(s.seed, "bpo", a.name).At(uint64(i))
			for range space {
				t.z = append(t.z, float64(2*draw.Float64())-1)
			}
		}
		space.Snap(t.z)
		spent, err := s.try(ctx, a, t, budget)
		if err != nil {
			return err
		}
		budget -= spent
	}
	return nil
}

// vary changes one thing about the recipe's delivery at a time, each in every way that there is, in an order drawn from the seed.
func (s *search) vary(ctx context.Context, a *arm, budget int) error {
	var points [][]float64
	for k, knob := range s.space.Knobs {
		for level := range knob.Levels {
			if level != knob.Default {
				points = append(points, s.space.With(s.zero.z, k, level))
			}
		}
	}
	rng.New(s.seed, "bpo", a.name).Shuffle(len(points), func(i, j int) { points[i], points[j] = points[j], points[i] })
	for i, z := range points {
		if budget < s.ladder[0] {
			break
		}
		spent, err := s.try(ctx, a, &trial{index: i + 1, kind: kindSingle, z: z}, budget)
		if err != nil {
			return err
		}
		budget -= spent
	}
	return nil
}

// evolve is CMA-ES on the gains, from the recipe's delivery without a soft prompt. A trial that is refused ranks behind all others.
func (s *search) evolve(ctx context.Context, a *arm, budget int) error {
	box, err := cma.NewBox(s.space.Default(), rng.New(s.seed, "bpo", a.name))
	if err != nil {
		return fmt.Errorf("bpo: %w", err)
	}
	for i := 1; budget >= s.ladder[0]; i++ {
		t := &trial{index: i, kind: kindCMA}
		if t.z, err = box.Ask(); err != nil {
			return fmt.Errorf("bpo: %w", err)
		}
		s.space.Dims().Snap(t.z)
		spent, err := s.try(ctx, a, t, budget)
		if err != nil {
			return err
		}
		budget -= spent
		value := math.Inf(-1)
		if t.refused == "" {
			value, _ = gain(t, s.zero, len(t.results))
		}
		if err := box.Tell(value); err != nil {
			return fmt.Errorf("bpo: %w", err)
		}
	}
	return nil
}

// try scores a control's next trial.
func (s *search) try(ctx context.Context, a *arm, t *trial, budget int) (spent int, err error) {
	a.trials = append(a.trials, t)
	if spent, err = s.climb(ctx, a, t, budget); err != nil {
		return spent, err
	}
	s.tell(a, t)
	return spent, nil
}
