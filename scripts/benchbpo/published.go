package main

import (
	"cmp"
	"context"
	"math"
	"slices"

	"slm/data/exam"
	"slm/optim/bayes"
	"slm/optim/cma"
	"slm/rng"
	"slm/scripts/duel"
)

// judged is a published search in progress: what it has tried, and what that was worth.
type judged struct {
	w       *world
	items   []exam.Item
	budget  int // calls
	project func(z []float64) []float32
	z       [][]float64
	y       []float64 // accuracy
	picks   [][]int
}

// try scores points while the budget lasts.
func (j *judged) try(ctx context.Context, points [][]float64) error {
	for _, z := range points {
		if (len(j.z)+1)*len(j.items) > j.budget {
			return nil
		}
		picks, err := j.w.picks(ctx, j.project(z), j.items)
		if err != nil {
			return err
		}
		j.z, j.picks, j.y = append(j.z, z), append(j.picks, picks), append(j.y, duel.Mean(rights(picks, j.items)))
	}
	return nil
}

// curve is the held-out accuracy of the winner so far: the first of those with the highest accuracy on the items of the search itself.
func (j *judged) curve(ctx context.Context) (*curve, error) {
	c := &curve{Trials: len(j.z), Calls: len(j.z) * len(j.items)}
	best := -1
	for i, y := range j.y {
		if best >= 0 && y <= j.y[best] {
			continue
		}
		best = i
		right, err := j.w.right(ctx, j.project(j.z[i]), j.w.held)
		if err != nil {
			return nil, err
		}
		c.step((i+1)*len(j.items), right)
	}
	return c, nil
}

// unitDesign is n points of a scrambled Sobol sequence in [0,1]^d, the part of [-1,1]^d that both programs begin with.
func unitDesign(n int, stream *rng.Stream) ([][]float64, error) {
	points, err := bayes.Design(n, dims, stream)
	for _, p := range points {
		for j := range p {
			p[j] = (p[j] + 1) / 2
		}
	}
	return points, err
}

// blade is BLADE's published BPO (CSHaitao/BLADE, src/BPO/run_instructzero.py at cdeb5e4) as it runs, not as it is described: 5 Sobol
// points in [0,1]^10; two rounds, in each of which a GP is fitted to accuracies standardised by hand and expected improvement is climbed by
// CMA-ES once for each of min(20, observed) starts, all of which are the first Sobol point because of an argsort over the wrong axis. That
// is 5 + 5 + 10 evaluations, where its message says 45. The winner is the best on the same questions.
func blade(ctx context.Context, j *judged, seed uint64) error {
	stream := rng.New(seed, "bench", "blade")
	design, err := unitDesign(5, stream.At(0))
	if err != nil {
		return err
	}
	if err := j.try(ctx, design); err != nil {
		return err
	}
	for round := range 2 {
		g := fitOld(j.z, j.y, nil)
		var next [][]float64
		for i := range min(20, len(j.z)) {
			x, err := climbEI(g, j.z[0], stream.At(uint64(1+round)).At(uint64(i)))
			if err != nil {
				return err
			}
			next = append(next, x)
		}
		if err := j.try(ctx, next); err != nil {
			return err
		}
	}
	return nil
}

// instructZero is InstructZero's search (arXiv 2306.03082 and its code): 25 Sobol points, then batches of 25, each from the best points so
// far, with the instruction-coupled kernel: the similarity of two prompts is the share of questions to which the black box gives the
// same answer. It scores a prompt on 20 questions. Its five batches do not fit into the calls that all get here; it stops when they are spent.
func instructZero(ctx context.Context, j *judged, seed uint64) error {
	const batch = 25
	stream := rng.New(seed, "bench", "instructzero")
	design, err := unitDesign(batch, stream.At(0))
	if err != nil {
		return err
	}
	if err := j.try(ctx, design); err != nil {
		return err
	}
	for round := 0; round < 5 && (len(j.z)+1)*len(j.items) <= j.budget; round++ {
		g := fitOld(j.z, j.y, similarity(j.picks))
		order := make([]int, len(j.z))
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(j.y[b], j.y[a]) })
		var next [][]float64
		for i := range min(batch, len(order)) {
			x, err := climbEI(g, j.z[order[i]], stream.At(uint64(1+round)).At(uint64(i)))
			if err != nil {
				return err
			}
			next = append(next, x)
		}
		if err := j.try(ctx, next); err != nil {
			return err
		}
	}
	return nil
}

// similarity of answers, S_ij.
func similarity(picks [][]int) [][]float64 {
	s := make([][]float64, len(picks))
	for i := range s {
		s[i] = make([]float64, len(picks))
		for k := range s[i] {
			same := 0
			for q, p := range picks[i] {
				if p == picks[k][q] {
					same++
				}
			}
			s[i][k] = float64(same) / float64(len(picks[i]))
		}
	}
	return s
}

// climbEI is CMA-ES as both programs call it: sigma .8, a population of 50, ten generations, in [-1,1]^d.
func climbEI(g *oldGP, from []float64, stream *rng.Stream) ([]float64, error) {
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
