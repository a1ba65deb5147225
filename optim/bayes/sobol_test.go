package bayes

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"slm/rng"
)

type goldenFile struct {
	Sobol [][]int      `json:"sobol64"`
	LogH  [][2]float64 `json:"log_h"`
}

func readGolden(t *testing.T) goldenFile {
	t.Helper()
	data, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var g goldenFile
	if err := json.Unmarshal(data, &g); err != nil {
		t.Fatal(err)
	}
	if len(g.Sobol) != 64 || len(g.LogH) == 0 {
		t.Fatal("the golden file is not complete")
	}
	return g
}

func TestPlainSobolEqualsPyTorchInAllDimensions(t *testing.T) {
	s, err := NewSobol(MaxDim, nil)
	if err != nil {
		t.Fatal(err)
	}
	x := make([]float64, MaxDim)
	for i, want := range readGolden(t).Sobol {
		for d, v := range s.Point(uint32(i), x) {
			if v*64 != float64(want[d]) {
				t.Fatalf("point %d, dimension %d: %v/64, want %d/64", i, d, v*64, want[d])
			}
		}
	}
}

// The elementary interval property: of 2^m points each of the 2^m slices of a coordinate holds exactly one. Owen's scrambling keeps it.
func TestScramblingKeepsTheBalanceAndMovesThePoints(t *testing.T) {
	plain, err := NewSobol(MaxDim, nil)
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(3) {
		s, err := NewSobol(MaxDim, rng.New(seed))
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
func TestScrambledPairsFillEveryRectangle(t *testing.T) {
	s, err := NewSobol(2, rng.New(5))
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

func TestScrambledPointsAreUniform(t *testing.T) {
	var sum, squares float64
	const seeds = 2000
	for seed := range uint64(seeds) {
		s, err := NewSobol(3, rng.New(seed))
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

func TestSobolRefusesDimensionsItHasNoNumbersFor(t *testing.T) {
	for _, dim := range []int{0, -1, MaxDim + 1} {
		if _, err := NewSobol(dim, nil); err == nil {
			t.Errorf("accepted dimension %d", dim)
		}
	}
}

func TestDesignCoversTheWholeBox(t *testing.T) {
	points, err := Design(16, 10, rng.New(1))
	if err != nil {
		t.Fatal(err)
	}
	for d := range 10 {
		low := 0
		for _, z := range points {
			if z[d] < -1 || z[d] > 1 {
				t.Fatalf("coordinate %v outside the box", z[d])
			}
			if z[d] < 0 {
				low++
			}
		}
		if low != 8 {
			t.Errorf("dimension %d: %d of 16 points in the lower half", d, low)
		}
	}
}
