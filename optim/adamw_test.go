package optim

import (
	"encoding/json"
	"math"
	"os"
	"runtime"
	"testing"

	"slm/checkpoint"
	"slm/rng"
)

type golden struct {
	States []struct {
		Step           int
		Matrix, Vector []float32
	}
	Clip struct {
		Norm float64
		Grad []float32
	}
}

func readGolden(t *testing.T) golden {
	t.Helper()
	data, err := os.ReadFile("testdata/adamw.json")
	if err != nil {
		t.Fatal(err)
	}
	var g golden
	if err := json.Unmarshal(data, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

// gradient is the same function as in scripts/golden/adamw.py.
func gradient(step, i int) float32 {
	if (step+i)%7 == 0 {
		return 0
	}
	return float32(math.Sin(0.37*float64(step)+float64(i)) * math.Pow(10, float64(i%6-3)))
}

func rate(step int) float64 { return 1e-2 * float64(1+step%5) / 5 }

func TestAdamW_EqualsPyTorchOver100Steps(t *testing.T) {
	matrix, vector := make([]float32, 12), make([]float32, 5)
	for i := range matrix {
		matrix[i] = float32(math.Cos(float64(i)))
	}
	for i := range vector {
		vector[i] = 1 + 0.1*float32(i)
	}
	params := []Param{
		{Name: "matrix", W: matrix, G: make([]float32, 12), Decay: true},
		{Name: "vector", W: vector, G: make([]float32, 5)},
	}
	a, err := NewAdamW(params)
	if err != nil {
		t.Fatal(err)
	}
	g := readGolden(t)
	if len(g.States) == 0 || g.States[len(g.States)-1].Step != 100 {
		t.Fatal("the golden file does not reach step 100")
	}
	at := 0
	for step := range 100 {
		for i := range params[0].G {
			params[0].G[i] = gradient(step, i)
		}
		for i := range params[1].G {
			params[1].G[i] = gradient(step, i+12)
		}
		a.Step(rate(step))
		if g.States[at].Step != step+1 {
			continue
		}
		near(t, "matrix", matrix, g.States[at].Matrix, 1e-5)
		near(t, "vector", vector, g.States[at].Vector, 1e-5)
		at++
	}
	if at != len(g.States) {
		t.Fatalf("compared %d states of %d", at, len(g.States))
	}
}

func near(t *testing.T, what string, got, want []float32, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s has %d numbers, want %d", what, len(got), len(want))
	}
	for i := range want {
		if !(math.Abs(float64(got[i]-want[i])) <= tolerance*math.Max(1, math.Abs(float64(want[i])))) {
			t.Errorf("%s[%d] = %v, want %v", what, i, got[i], want[i])
		}
	}
}

// random returns two parameters, one of several tiles and one odd small one, filled from a stream.
func random(seed uint64) []Param {
	s := rng.New(seed, "optim", "test")
	params := []Param{
		{Name: "a", W: make([]float32, 2*tile+77), G: make([]float32, 2*tile+77), Decay: true},
		{Name: "b", W: make([]float32, 19), G: make([]float32, 19)},
	}
	for _, p := range params {
		for i := range p.W {
			p.W[i], p.G[i] = float32(s.Norm()), float32(s.Norm())
		}
	}
	return params
}

func TestAdamW_ResumeIsBitIdentical(t *testing.T) {
	run := func(cutAt int) []Param {
		params := random(1)
		a, err := NewAdamW(params)
		if err != nil {
			t.Fatal(err)
		}
		for step := range 6 {
			if step == cutAt {
				var saved []checkpoint.Tensor
				for _, ts := range a.State() {
					saved = append(saved, checkpoint.Tensor{Name: ts.Name, Shape: ts.Shape, Data: append([]float32(nil), ts.Data...)})
				}
				if a, err = NewAdamW(params); err != nil {
					t.Fatal(err)
				}
				if err := a.Restore(saved); err != nil {
					t.Fatal(err)
				}
				if a.Steps() != int64(cutAt) {
					t.Fatalf("resumed at step %d, want %d", a.Steps(), cutAt)
				}
			}
			for _, p := range params {
				for i := range p.G {
					p.G[i] = p.G[i]*0.9 + p.W[i]*0.1
				}
			}
			a.Step(1e-2)
		}
		return params
	}
	whole := run(-1)
	for _, cutAt := range []int{1, 3, 5} {
		same(t, whole, run(cutAt))
	}
}

func TestAdamW_ThreadsChangeNothing(t *testing.T) {
	run := func(threads int) ([]Param, float64) {
		runtime.GOMAXPROCS(threads)
		params := random(2)
		a, err := NewAdamW(params)
		if err != nil {
			t.Fatal(err)
		}
		norm := ClipGlobalNorm(params, 1)
		a.Step(1e-2)
		return params, norm
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	one, norm1 := run(1)
	many, norm7 := run(7)
	same(t, one, many)
	if norm1 != norm7 {
		t.Errorf("norm %v on one thread, %v on seven", norm1, norm7)
	}
}

func same(t *testing.T, want, got []Param) {
	t.Helper()
	for p := range want {
		for i := range want[p].W {
			if math.Float32bits(want[p].W[i]) != math.Float32bits(got[p].W[i]) {
				t.Fatalf("%s[%d] = %v, want %v", want[p].Name, i, got[p].W[i], want[p].W[i])
			}
		}
	}
}

func TestAdamW_StepCountSurvivesBeyondFloat32(t *testing.T) {
	a, err := NewAdamW(random(3))
	if err != nil {
		t.Fatal(err)
	}
	a.step = 5<<24 + 12345
	b, err := NewAdamW(random(3))
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Restore(a.State()); err != nil {
		t.Fatal(err)
	}
	if b.step != a.step {
		t.Errorf("restored step %d, want %d", b.step, a.step)
	}
}

func TestAdamW_RestoreRefusesAStateThatDoesNotFitAndChangesNothing(t *testing.T) {
	a, err := NewAdamW(random(4))
	if err != nil {
		t.Fatal(err)
	}
	a.Step(0.1)
	state := a.State()
	for cut := range state {
		b, err := NewAdamW(random(4))
		if err != nil {
			t.Fatal(err)
		}
		broken := append([]checkpoint.Tensor(nil), state...)
		broken[cut].Data = broken[cut].Data[:len(broken[cut].Data)-1]
		if err := b.Restore(broken); err == nil {
			t.Errorf("accepted %s one number short", state[cut].Name)
		}
		if err := b.Restore(append(append([]checkpoint.Tensor(nil), state[:cut]...), state[cut+1:]...)); err == nil {
			t.Errorf("accepted a state without %s", state[cut].Name)
		}
		if b.m[0][0] != 0 || b.step != 0 {
			t.Error("a refused state left traces")
		}
	}
	if _, err := NewAdamW([]Param{{Name: "x"}, {Name: "x"}}); err == nil {
		t.Error("accepted two parameters of one name")
	}
	if _, err := NewAdamW([]Param{{Name: "x", W: make([]float32, 2)}}); err == nil {
		t.Error("accepted weights without gradients")
	}
}

func TestClip_EqualsPyTorchAndReportsWhatIsNotFinite(t *testing.T) {
	g := readGolden(t)
	params := []Param{{Name: "x", W: make([]float32, 4), G: []float32{3, -4, 12, 0}}}
	if norm := ClipGlobalNorm(params, 0); norm != 13 {
		t.Errorf("norm = %v, want 13", norm)
	}
	if params[0].G[2] != 12 {
		t.Error("measuring changed the gradient")
	}
	if norm := ClipGlobalNorm(params, 1); math.Abs(norm-g.Clip.Norm) > 1e-6 {
		t.Errorf("norm = %v, want %v", norm, g.Clip.Norm)
	}
	near(t, "clipped", params[0].G, g.Clip.Grad, 1e-6)
	for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(-1))} {
		params[0].G[1], params[0].G[2] = bad, 7
		if norm := ClipGlobalNorm(params, 1); !math.IsNaN(norm) && !math.IsInf(norm, 1) {
			t.Errorf("norm with %v = %v", bad, norm)
		}
		if params[0].G[2] != 7 {
			t.Error("a gradient that is not finite was scaled")
		}
	}
	params[0].G = []float32{math.MaxFloat32, math.MaxFloat32, 0, 0}
	if norm := ClipGlobalNorm(params, 0); math.IsInf(norm, 0) {
		t.Error("finite gradients overflowed the norm")
	}
}
