package optim

import (
	"encoding/json"
	"math"
	"os"
	"runtime"
	"testing"

	"slm/checkpoint"
	"slm/model/kernel"
)

func backend(t *testing.T, name string) kernel.Backend {
	t.Helper()
	be, err := kernel.Open(name)
	if err != nil {
		t.Skip(err)
	}
	return be
}

// stacked is two matrices of 4 columns, one below the other, and a vector.
func stacked() []Param {
	w := make([]float32, 32)
	for i := range w {
		w[i] = float32(math.Cos(float64(i)))
	}
	return []Param{
		{Name: "matrix", W: w, G: make([]float32, len(w)), Decay: true, Rows: []int{5, 3}},
		{Name: "vector", W: []float32{1, 2, 3}, G: make([]float32, 3)},
	}
}

// setMuonGradient is the same function as in scripts/golden/muon.py.
func setMuonGradient(params []Param, step int) {
	for _, p := range params {
		for i := range p.G {
			p.G[i] = float32(math.Sin(0.37*float64(step)+float64(i)) * math.Pow(10, float64(i%3-1)))
		}
	}
}

func TestMuon_EqualsPyTorchOver100Steps(t *testing.T) {
	var g struct {
		States []struct {
			Step   int
			Matrix []float32
		}
	}
	data, err := os.ReadFile("testdata/muon.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &g); err != nil {
		t.Fatal(err)
	}
	for name, tolerance := range map[string]float64{"go": 1e-5, "": 3e-2} { // the fastest kernel here may be bf16
		params := stacked()
		o, err := NewMuon(params, backend(t, name))
		if err != nil {
			t.Fatal(err)
		}
		at := 0
		for step := range 100 {
			setMuonGradient(params, step)
			o.Step(rate(step))
			if g.States[at].Step == step+1 {
				near(t, "matrix", params[0].W, g.States[at].Matrix, tolerance)
				at++
			}
		}
		if at != len(g.States) || g.States[at-1].Step != 100 {
			t.Fatalf("compared %d states of %d", at, len(g.States))
		}
	}
}

func TestMuon_LeavesVectorsToAdamW(t *testing.T) {
	params, alone := stacked(), stacked()[1:]
	o, err := NewMuon(params, backend(t, "go"))
	if err != nil {
		t.Fatal(err)
	}
	a, err := NewAdamW(alone)
	if err != nil {
		t.Fatal(err)
	}
	for step := range 5 {
		setMuonGradient(params, step)
		setMuonGradient(alone, step)
		o.Step(1e-2)
		a.Step(1e-2)
	}
	near(t, "vector", params[1].W, alone[0].W, 0)
}

func TestMuon_OrthogonalisingBringsSingularValuesNearOne(t *testing.T) {
	const rows, cols = 40, 24
	for _, name := range []string{"go", ""} {
		x := make([]float32, rows*cols)
		for i := range x {
			x[i] = float32(math.Sin(float64(i*i%977))) * float32(1+i%cols)
		}
		newOrthogonaliser(backend(t, name)).run(x, rows, cols)
		// XᵀX has the squares of the singular values: between .49 and 1.44, so its diagonal is too.
		for j := range cols {
			sum := 0.0
			for i := range rows {
				sum += float64(x[i*cols+j]) * float64(x[i*cols+j])
			}
			if sum < .4 || sum > 1.5 {
				t.Errorf("kernel %q: column %d has the squared norm %.3f", name, j, sum)
			}
		}
	}
}

func TestMuon_GoesOnFromItsStateBitForBit(t *testing.T) {
	run := func(cut int) []float32 {
		params := stacked()
		o, err := NewMuon(params, backend(t, ""))
		if err != nil {
			t.Fatal(err)
		}
		for step := range 7 {
			if step == cut {
				state := make([]checkpoint.Tensor, 0)
				for _, s := range o.State() {
					state = append(state, checkpoint.Tensor{Name: s.Name, Shape: s.Shape, Data: append([]float32(nil), s.Data...)})
				}
				if o, err = NewMuon(params, backend(t, "")); err != nil {
					t.Fatal(err)
				}
				if err := o.Restore(state[1:]); err == nil {
					t.Fatal("a state without its first tensor was taken")
				}
				if err := o.Restore(state); err != nil {
					t.Fatal(err)
				}
			}
			setMuonGradient(params, step)
			o.Step(1e-2)
		}
		if o.Steps() != 7 {
			t.Errorf("%d steps", o.Steps())
		}
		return append(params[0].W, params[1].W...)
	}
	want := run(-1)
	for cut := range 7 {
		near(t, "after a restore", run(cut), want, 0)
	}
}

func TestMuon_DoesNotDependOnThreads(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var want []float32
	for _, threads := range []int{1, 2, 4} {
		runtime.GOMAXPROCS(threads)
		params := stacked()
		o, err := NewMuon(params, backend(t, ""))
		if err != nil {
			t.Fatal(err)
		}
		setMuonGradient(params, 1)
		o.Step(1e-2)
		if want == nil {
			want = params[0].W
		}
		near(t, "weights", params[0].W, want, 0)
	}
}

func TestNewMuon_RefusesRowsThatDoNotFit(t *testing.T) {
	for _, rows := range [][]int{{3}, {0}, {4, 4, 4}} {
		if _, err := NewMuon([]Param{{Name: "m", W: make([]float32, 32), G: make([]float32, 32), Rows: rows}}, backend(t, "go")); err == nil {
			t.Errorf("rows %v of 32 weights: no error", rows)
		}
	}
}
