package kernel

import (
	"slices"
	"testing"
)

// TestTraits_ProductsCutBetweenTermsHaveTheBitsOfTheWhole is what lets rows of a batch become terms of one product.
func TestTraits_ProductsCutBetweenTermsHaveTheBitsOfTheWhole(t *testing.T) {
	eachBackend(t, func(t *testing.T, be Backend) {
		if be.Traits().CutTerms == 0 {
			t.Skip("no such trait")
		}
		if be.Precision() == BF16 {
			checkCuts[uint16](t, be)
		} else {
			checkCuts[float32](t, be)
		}
	})
}

func checkCuts[T Elem](t *testing.T, be Backend) {
	const m, n = 48, 64
	cut := 2 * be.Traits().CutTerms
	k := 3 * cut
	a, b := elements[T](normals(k*m, 1)), elements[T](normals(k*n, 2))
	s := Shape{M: m, N: n, K: k, LDA: m, LDB: n, LDC: n, TransA: true}
	whole, parts := make([]float32, m*n), make([]float32, m*n)
	Gemm(be, s, whole, a, b)
	s.K, s.Accumulate = cut, true
	for at := 0; at < k; at += cut {
		Gemm(be, s, parts, a[at*m:], b[at*n:])
	}
	if !slices.Equal(whole, parts) {
		t.Fatal("the parts have other bits than the whole")
	}
}

// TestTraits_ABatchInvariantRowIsTheSameAloneAndInABatch holds for packed weights too, and for any part of the columns.
func TestTraits_ABatchInvariantRowIsTheSameAloneAndInABatch(t *testing.T) {
	eachBackend(t, func(t *testing.T, be Backend) {
		if !be.Traits().BatchInvariant {
			t.Skip("no such trait")
		}
		if be.Precision() == BF16 {
			checkRowsAlone[uint16](t, be)
		} else {
			checkRowsAlone[float32](t, be)
		}
	})
}

func checkRowsAlone[T Elem](t *testing.T, be Backend) {
	const m, n, k = 70, 96, 320
	w := NewWeights[T](be, n, k)
	w.Set(normals(n*k, 1))
	x, whole := elements[T](normals(m*k, 2)), make([]float32, m*n)
	Linear(w, whole, x, m, k, n, 0, n, false)
	for row := range m {
		alone := make([]float32, n)
		for from := 0; from < n; from += PanelAlign {
			Linear(w, alone[from:], x[row*k:(row+1)*k], 1, k, n, from, from+PanelAlign, false)
		}
		if !slices.Equal(alone, whole[row*n:(row+1)*n]) {
			t.Fatalf("row %d has other bits alone", row)
		}
	}
}

func TestOpenFloat_IsInvariantAndInFloat32WhateverIsNamed(t *testing.T) {
	for _, name := range append(Names(), "") {
		t.Setenv("SLM_KERNEL", name)
		named, err := Open(name)
		if err != nil {
			if _, err := OpenFloat(); err == nil {
				t.Errorf("%s, which is not there, is passed over", name)
			}
			continue
		}
		be, err := OpenFloat()
		switch {
		case err != nil:
			t.Error(err)
		case be.Precision() != F32 || !be.Traits().BatchInvariant:
			t.Errorf("%q leads to %s", name, be.Name())
		case name != "" && named.Precision() == F32 && named.Traits().BatchInvariant && be.Name() != named.Name():
			t.Errorf("%q leads to %s", name, be.Name())
		}
	}
}
