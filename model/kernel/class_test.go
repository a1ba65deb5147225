package kernel

import (
	"errors"
	"testing"
)

func TestClass_OfEachBackendOpensIt(t *testing.T) {
	for _, name := range Names() {
		be, err := Open(name)
		if err != nil {
			continue // this machine has no such backend
		}
		got, err := OpenClass(be.Class())
		if err != nil || got.Class() != be.Class() {
			t.Errorf("%s: class %s leads to %v, %v", name, be.Class(), got, err)
		}
		half, err := OpenClass(be.Class() + HalfSums)
		if err != nil || half.Class() != be.Class()+HalfSums || !half.Traits().HalfSums || half.Class().Contract() != be.Class().Contract() || half.Class().Products() != be.Class() {
			t.Errorf("%s: class %s%s leads to %v, %v", name, be.Class(), HalfSums, half, err)
		}
		if be.Class().Contract() {
			continue
		}
		if got, err = OpenClass(FastClass(name)); err != nil || got.Class() != be.Class() || be.Class() != FastClass(be.Name()) {
			t.Errorf("%s: fast-%s leads to %v, %v, and its class is %s", name, name, got, err, be.Class())
		}
	}
}

func TestOpenClass_OfAnotherMachineIsAnError(t *testing.T) {
	if _, err := OpenClass("fast-onednn9.9-bf16+avx10"); !errors.Is(err, ErrClass) {
		t.Error(err)
	}
}

func TestClass_CheckTakesContractsAutoAndFastWithABackend(t *testing.T) {
	for class, good := range map[Class]bool{
		Auto: true, ClassF32: true, ClassBF16Pair: true, ClassBF16Tile: true, "fast-onednn-bf16": true,
		ClassF32 + HalfSums: true, "fast-onednn-bf16" + HalfSums: true, Auto + HalfSums: false, HalfSums: false, ClassF32 + HalfSums + HalfSums: false,
		"": false, "F32": false, "bf16": false, "fast-": false, "fast-mkl": false, "onednn-bf16": false,
	} {
		if err := class.Check(); (err == nil) != good {
			t.Errorf("%q: %v", class, err)
		}
	}
}

func TestClassOfOldKernel_KeepsThePrecision(t *testing.T) {
	for name, want := range map[string]Class{"go-f32+avx2": ClassF32, "amx-f32+avx512": ClassF32, "onednn2.6-f32+avx512": ClassF32, "amx-bf16+avx512": "", "": ""} {
		if got := ClassOfOldKernel(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}
