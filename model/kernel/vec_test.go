package kernel

import (
	"math"
	"testing"
)

// vectorCheck runs one kernel on slices of length n from the arena and compares with a float64 reference.
type vectorCheck struct {
	name string
	run  func(a *arena, n int)
}

// vectorChecks lists every kernel on vectors; the topics are in vec_*_test.go.
var vectorChecks = func() (all []vectorCheck) {
	for _, list := range [][]vectorCheck{bf16Checks, expChecks, arithChecks, normChecks, swigluChecks, geluChecks, ropeChecks, adamChecks} {
		all = append(all, list...)
	}
	return all
}()

// Lengths around every multiple of a register and of an unrolled round, and some that take several rounds.
func vectorLengths() []int {
	var ns []int
	for n := range 70 {
		ns = append(ns, n)
	}
	return append(ns, 95, 96, 97, 127, 128, 129, 255, 256, 257, 300, 1000)
}

func FuzzVectorKernels_EqualTheirReferences(f *testing.F) {
	for _, n := range []uint16{0, 1, 7, 16, 63, 65, 300} {
		f.Add(n, uint64(n)*7+3, n%2 == 0)
	}
	f.Fuzz(func(t *testing.T, n uint16, seed uint64, front bool) {
		a := newArena(t)
		for _, l := range present() {
			restore := setLevel(l)
			for _, c := range vectorChecks {
				a.start(seed, front)
				c.run(a, int(n)%301)
				a.intact()
			}
			restore()
		}
	})
}

// TestElementwiseKernels_DoNotDependOnPosition runs element-wise kernels on a slice and on parts of it: callers may tile as they like.
func TestElementwiseKernels_DoNotDependOnPosition(t *testing.T) {
	const n = 203
	kernels := map[string]func(dst, x, y []float32){
		"ExpShift":       func(dst, x, y []float32) { ExpShift(dst, x, 0.3, 1.7) },
		"SoftmaxGradRow": func(dst, x, y []float32) { SoftmaxGradRow(dst, x, y, 0.1, 0.7) },
		"SwiGLU":         func(dst, x, y []float32) { SwiGLU(dst, x, y) },
		"GELU":           func(dst, x, y []float32) { GELU(dst, x) },
		"SwiGLUGrad":     func(dst, x, y []float32) { SwiGLUGrad(dst, make([]float32, len(x)), y, x, y) },
		"Axpy":           func(dst, x, y []float32) { copy(dst, y); Axpy(dst, x, 0.7) },
		"AdamW": func(dst, x, y []float32) {
			copy(dst, x)
			AdamW(dst, make([]float32, len(x)), make([]float32, len(x)), y, 1e-2, 0.9, 0.99, 1e-8, 0.1, 0.1, 0.01, 0.5)
		},
	}
	eachLevel(t, func(t *testing.T) {
		for name, f := range kernels {
			a := newArena(t)
			a.start(5, false)
			x, y := a.normal(n, 3), a.normal(n, 1)
			whole, part := make([]float32, n), make([]float32, n)
			f(whole, x, y)
			for lo, step := 0, 1; lo < n; lo, step = lo+step, step+4 {
				hi := min(lo+step, n)
				f(part[lo:hi], x[lo:hi], y[lo:hi])
			}
			for i := range whole {
				if math.Float32bits(whole[i]) != math.Float32bits(part[i]) {
					t.Fatalf("%s: element %d is %g in the whole and %g in a part", name, i, whole[i], part[i])
				}
			}
		}
	})
}

func TestVectorKernels_RefuseUnequalLengths(t *testing.T) {
	three, four, halves := make([]float32, 3), make([]float32, 4), make([]uint16, 3)
	for name, f := range map[string]func(){
		"ToBF16":          func() { ToBF16(halves, four) },
		"FromBF16":        func() { FromBF16(four, halves) },
		"Dot":             func() { Dot(three, four) },
		"Add":             func() { Add(three, three, four) },
		"RMSNormGrad":     func() { RMSNormGrad(three, three, three, three, four, 1) },
		"SwiGLUGradBF16":  func() { SwiGLUGradBF16(halves, halves, make([]uint16, 2), halves, halves, halves) },
		"Rope":            func() { Rope(four, three, three) },
		"Rope odd":        func() { Rope(three, four[:1], four[:1]) },
		"AdamW":           func() { AdamW(four, three, three, three, 1, 1, 1, 1, 1, 1, 1, 1) },
		"SgemmNT short A": func() { SgemmNT(four, three, four, 2, 2, 2, 2, 2, 2, false) },
		"SgemmNT ldc":     func() { SgemmNT(four, four, four, 2, 2, 2, 2, 2, 1, false) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			f()
		})
	}
}
