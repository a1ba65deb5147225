package published

import (
	"cmp"
	"context"
	"math"
	"slices"

	"slm/optim/bayes"
	"slm/optim/cma"
	"slm/rng"
)

// Dims is the dimension of the points that both programs search.
const Dims = 10

// Search is a published search in progress: what it has tried, and what that was worth.
type Search struct {
	Score  func(ctx context.Context, z []float64) (Trial, error)
	Most   int // trials for which the calls last
	Trials []Trial
}

// Trial is a point and what the black box made of its prompt.
type Trial struct {
	Z        []float64
	Picks    []int   // the option picked of each question
	Accuracy float64 // on them
}

// try scores points while the calls last.
func (s *Search) try(ctx context.Context, points [][]float64) error {
	for _, z := range points {
		if s.spent() {
			return nil
		}
		t, err := s.Score(ctx, z)
		if err != nil {
			return err
		}
		s.Trials = append(s.Trials, t)
	}
	return nil
}

func (s *Search) spent() bool { return len(s.Trials) >= s.Most }

// points and accuracies of the trials so far.
func (s *Search) seen() (z [][]float64, accuracy []float64) {
	for _, t := range s.Trials {
		z, accuracy = append(z, t.Z), append(accuracy, t.Accuracy)
	}
	return z, accuracy
}

// unitDesign is n points of a scrambled Sobol sequence in [0,1]^d, the part of [-1,1]^d that both programs begin with.
func unitDesign(n int, stream *rng.Stream) ([][]float64, error) {
	points, err := bayes.Design(n, Dims, stream)
	for _, p := range points {
		for j := range p {
			p[j] = (p[j] + 1) / 2
		}
	}
	return points, err
}

// BLADE is BLADE's published BPO (CSHaitao/BLADE, src/BPO/run_instructzero.py at cdeb5e4) as it runs, not as it is described: 5 Sobol
// points in [0,1]^10; two rounds, in each of which a GP is fitted to accuracies standardised by hand and expected improvement is climbed by
// CMA-ES once for each of min(20, observed) starts, all of which are the first Sobol point because of an argsort over the wrong axis. That
// is 5 + 5 + 10 evaluations, where its message says 45. The winner is the best on the same questions.
func BLADE(ctx context.Context, s *Search, seed uint64) error {
	stream := rng.New(seed, "bench", "blade")
	design, err := unitDesign(5, stream.At(0))
	if err != nil {
		return err
	}
	if err := s.try(ctx, design); err != nil {
		return err
	}
	for round := range 2 {
		z, accuracy := s.seen()
		g := fit(z, accuracy, nil)
		var next [][]float64
		for i := range min(20, len(z)) {
			x, err := climbEI(g, z[0], stream.At(uint64(1+round)).At(uint64(i)))
			if err != nil {
				return err
			}
			next = append(next, x)
		}
		if err := s.try(ctx, next); err != nil {
			return err
		}
	}
	return nil
}

// InstructZero is InstructZero's search (arXiv 2306.03082 and its code): 25 Sobol points, then batches of 25, each from the best points so
// far, with the instruction-coupled kernel: the similarity of two prompts is the share of questions to which the black box gives the
// same answer. It scores a prompt on 20 questions. Its five batches do not fit into the calls that all get here; it stops when they are spent.
func InstructZero(ctx context.Context, s *Search, seed uint64) error {
	const batch = 25
	stream := rng.New(seed, "bench", "instructzero")
	design, err := unitDesign(batch, stream.At(0))
	if err != nil {
		return err
	}
	if err := s.try(ctx, design); err != nil {
		return err
	}
	for round := 0; round < 5 && !s.spent(); round++ {
		z, accuracy := s.seen()
		g := fit(z, accuracy, similarity(s.Trials))
		order := make([]int, len(z))
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(accuracy[b], accuracy[a]) })
		var next [][]float64
		for i := range min(batch, len(order)) {
			x, err := climbEI(g, z[order[i]], stream.At(uint64(1+round)).At(uint64(i)))
			if err != nil {
				return err
			}
			next = append(next, x)
		}
		if err := s.try(ctx, next); err != nil {
			return err
		}
	}
	return nil
}

// similarity of answers, S_ij.
func similarity(trials []Trial) [][]float64 {
	s := make([][]float64, len(trials))
	for i := range s {
		s[i] = make([]float64, len(trials))
		for k := range s[i] {
			same := 0
			for q, p := range trials[i].Picks {
				if p == trials[k].Picks[q] {
					same++
				}
			}
			s[i][k] = float64(same) / float64(len(trials[i].Picks))
		}
	}
	return s
}

// climbEI is CMA-ES as both programs call it: sigma .8, a population of 50, ten generations, in [-1,1]^d.
func climbEI(g *gp, from []float64, stream *rng.Stream) ([]float64, error) {
	s, err := cma.New(from, 0.8, 50)
	if err != nil {
		return nil, err
	}
	best, top := slices.Clone(from), math.Inf(-1)
	for generation := range 10 {
		points, values := make([][]float64, s.Population()), make([]float64, s.Population())
		for i := range points {
			draw := stream.At(uint64(generation)).At(uint64(i))
			z := make([]float64, len(from))
			for k := range z {
				z[k] = draw.Norm()
			}
			points[i] = s.Sample(z)
			x := slices.Clone(points[i])
			for k := range x {
				x[k] = math.Max(-1, math.Min(1, x[k]))
			}
			if values[i] = g.improvement(x); values[i] > top {
				best, top = x, values[i]
			}
		}
		if err := s.Tell(points, values); err != nil {
			return best, nil // the distribution has collapsed
		}
	}
	return best, nil
}
