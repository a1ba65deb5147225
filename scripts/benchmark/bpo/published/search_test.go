package published

import (
	"context"
	"math"
	"testing"
)

// hill scores a point by how near it is to a top, on 20 questions: so many of them are answered right.
func hill(z []float64) Trial {
	t := Trial{Z: z, Picks: make([]int, 20)}
	var away float64
	for _, v := range z {
		away += (v - 0.3) * (v - 0.3)
	}
	for q := range t.Picks {
		if float64(q) < 20*math.Exp(-away) {
			t.Picks[q] = 1
			t.Accuracy += 1. / 20
		}
	}
	return t
}

func run(t *testing.T, search func(context.Context, *Search, uint64) error, most int, seed uint64) []Trial {
	t.Helper()
	s := &Search{Most: most, Score: func(_ context.Context, z []float64) (Trial, error) { return hill(z), nil }}
	if err := search(t.Context(), s, seed); err != nil {
		t.Fatal(err)
	}
	return s.Trials
}

// inside counts the coordinates of some trials that lie in an interval.
func inside(trials []Trial, low, high float64) (n int) {
	for _, t := range trials {
		for _, v := range t.Z {
			if v >= low && v <= high {
				n++
			}
		}
	}
	return n
}

func TestBLADE_Makes20EvaluationsWhichBeginInTheUnitBox(t *testing.T) {
	trials := run(t, BLADE, 1000, 1)
	if len(trials) != 20 {
		t.Fatalf("%d evaluations, want 5 + 5 + 10", len(trials))
	}
	if got := inside(trials[:5], 0, 1); got != 5*Dims {
		t.Errorf("%d coordinates of the design lie in [0,1], want all %d", got, 5*Dims)
	}
	if got := inside(trials, -1, 1); got != 20*Dims {
		t.Errorf("%d coordinates lie in [-1,1], want all %d", got, 20*Dims)
	}
}

func TestInstructZero_StopsWhenTheCallsAreSpent(t *testing.T) {
	if got := len(run(t, InstructZero, 30, 1)); got != 30 {
		t.Errorf("%d evaluations, want 30", got)
	}
	if got := len(run(t, InstructZero, 10, 1)); got != 10 {
		t.Errorf("%d evaluations of the design, want 10", got)
	}
}

func TestSearch_IsAFunctionOfItsSeed(t *testing.T) {
	for name, search := range map[string]func(context.Context, *Search, uint64) error{"BLADE": BLADE, "InstructZero": InstructZero} {
		a, b, c := run(t, search, 28, 1), run(t, search, 28, 1), run(t, search, 28, 2)
		for i := range a {
			for k := range a[i].Z {
				if a[i].Z[k] != b[i].Z[k] {
					t.Fatalf("%s: two searches of one seed differ at evaluation %d", name, i)
				}
			}
		}
		if a[0].Z[0] == c[0].Z[0] {
			t.Errorf("%s: seeds 1 and 2 begin alike", name)
		}
	}
}
