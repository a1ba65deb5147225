package optim

import (
	"math"
	"slices"
	"testing"

	"slm/checkpoint"
)

// Ranks that share the matrices and give each other the results have the weights and the moments of one that does all.
func TestShared_RanksHaveTheBitsOfOne(t *testing.T) {
	many := func() (list []Param) {
		for i, rows := range [][]int{{5, 3}, {4}, {2, 2, 2}} {
			p := stacked()[0]
			n := 0
			for _, r := range rows {
				n += r
			}
			p.Name, p.Rows, p.W, p.G = string(rune('a'+i)), rows, slices.Clone(p.W[:4*n]), make([]float32, 4*n)
			list = append(list, p)
		}
		return append(list, stacked()[1])
	}
	be := backend(t, "go")
	for _, size := range []int{2, 3, 9} {
		params, ranks := make([][]Param, size), make([]*Muon, size)
		alone := many()
		one, err := NewMuon(alone, be)
		if err != nil {
			t.Fatal(err)
		}
		for r := range ranks {
			params[r] = many()
			if ranks[r], err = NewMuon(params[r], be); err != nil {
				t.Fatal(err)
			}
			ranks[r].Share(r, size)
		}
		for step := range 5 {
			setMuonGradient(alone, step)
			one.Step(1e-2)
			owned := 0
			for r := range ranks {
				setMuonGradient(params[r], step)
				ranks[r].Step(1e-2)
				owned += len(ranks[r].Owned(r))
			}
			if owned != 6 {
				t.Fatalf("%d ranks own %d of 6 matrices", size, owned)
			}
			for from := range ranks {
				for to := range ranks {
					for i, w := range ranks[from].Owned(from) {
						copy(ranks[to].Owned(from)[i], w)
					}
				}
			}
		}
		for r := range ranks {
			for i := range alone {
				if !sameFloats(params[r][i].W, alone[i].W) {
					t.Fatalf("rank %d of %d has other weights of %s", r, size, alone[i].Name)
				}
			}
			if !slices.EqualFunc(ranks[r].State(), one.State(), func(a, b checkpoint.Tensor) bool { return a.Name == b.Name && sameFloats(a.Data, b.Data) }) {
				t.Errorf("rank %d of %d has other moments", r, size)
			}
		}
	}
}

func sameFloats(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
}
