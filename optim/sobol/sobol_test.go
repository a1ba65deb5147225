package sobol

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"testing"

	"slm/rng"
)

// The golden file holds points of SciPy by index: [index, coordinates times 2^32].
func TestSequence_PlainEqualsSciPyInAllDimensions(t *testing.T) {
	text, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden [][2]json.RawMessage
	if err := json.Unmarshal(text, &golden); err != nil {
		t.Fatal(err)
	}
	s, err := New(MaxDim, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(golden) < 64 {
		t.Fatalf("only %d points", len(golden))
	}
	x := make([]float64, MaxDim)
	for _, row := range golden {
		var index uint32
		var want []uint32
		if err := errors.Join(json.Unmarshal(row[0], &index), json.Unmarshal(row[1], &want)); err != nil || len(want) != MaxDim {
			t.Fatal(err, len(want))
		}
		for d, v := range s.Point(index, x) {
			if v*(1<<32) != float64(want[d]) {
				t.Fatalf("point %d, dimension %d: %v, want %v", index, d, v, float64(want[d])/(1<<32))
			}
		}
	}
}

// The elementary interval property: of 2^m points each of the 2^m slices of a coordinate holds exactly one. Owen's scrambling keeps it.
func TestScrambled_KeepsTheBalanceAndMovesThePoints(t *testing.T) {
	plain, err := New(MaxDim, nil)
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(3) {
		s, err := New(MaxDim, rng.New(seed))
		if err != nil {
			t.Fatal(err)
		}
		for d := range MaxDim {
			var seen [256]bool
			moved := 0
			x, y := make([]float64, MaxDim), make([]float64, MaxDim)
			for i := range uint32(256) {
				slice := int(s.Point(i, x)[d] * 256)
				if seen[slice] {
					t.Fatalf("seed %d, dimension %d: two points in slice %d", seed, d, slice)
				}
				seen[slice] = true
				if int(plain.Point(i, y)[d]*256) != slice {
					moved++
				}
			}
			if moved < 128 {
				t.Errorf("seed %d, dimension %d: only %d of 256 points moved", seed, d, moved)
			}
		}
	}
}

// The first two dimensions are a (0,2)-sequence: also every elementary rectangle of area 1/64 holds one of 64 points.
func TestScrambled_PairsFillEveryRectangle(t *testing.T) {
	s, err := New(2, rng.New(5))
	if err != nil {
		t.Fatal(err)
	}
	for bits := range 7 {
		var seen [64]bool
		x := make([]float64, 2)
		for i := range uint32(64) {
			s.Point(i, x)
			cell := int(x[0]*math.Exp2(float64(bits)))<<(6-bits) | int(x[1]*math.Exp2(float64(6-bits)))
			if seen[cell] {
				t.Fatalf("%d bits: two points in rectangle %d", bits, cell)
			}
			seen[cell] = true
		}
	}
}

func TestScrambled_PointsAreUniform(t *testing.T) {
	var sum, squares float64
	const seeds = 2000
	for seed := range uint64(seeds) {
		s, err := New(3, rng.New(seed))
		if err != nil {
			t.Fatal(err)
		}
		v := s.Point(0, make([]float64, 3))[2]
		sum += v
		squares += v * v
	}
	mean, variance := sum/seeds, squares/seeds-sum/seeds*sum/seeds
	if math.Abs(mean-0.5) > 0.025 || math.Abs(variance-1.0/12) > 0.01 {
		t.Errorf("point 0 over seeds has mean %.3f and variance %.4f, want .5 and .0833", mean, variance)
	}
}

func TestSequence_RefusesDimensionsItHasNoNumbersFor(t *testing.T) {
	for _, dim := range []int{0, -1, MaxDim + 1} {
		if _, err := New(dim, nil); err == nil {
			t.Errorf("accepted dimension %d", dim)
		}
	}
}
