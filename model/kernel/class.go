package kernel

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Class names what results are equal to the bit: two backends of one class compute the same bits, on whatever processor (docs/numerics.md). It is
// in every stage's fingerprint. What belongs to no contract has a class of its own, which begins with "fast-" and names the backend.
type Class string

// The classes with a contract.
const (
	ClassF32      Class = "f32"       // operands in float32, one fused multiply-add a term, in the order of the terms
	ClassBF16Pair Class = "bf16-pair" // operands in bfloat16, in pairs of terms, the odd one first: the order of VDPBF16PS
	ClassBF16Tile Class = "bf16-tile" // operands in bfloat16, even and odd terms in two sums, joined after 32: the order of AMX tiles
)

// Auto stands for the class that is fastest on the machine.
const Auto Class = "auto"

// HalfSums behind the name of a class makes another: products are the same, but the gradient of each leaf of a step, and each sum of such gradients, is rounded to
// bfloat16 (RoundBF16), so that ranks exchange half as many bytes. It is rounded on one rank too: the bits are those of any number of them.
const HalfSums = "+bf16-sums"

// fastPrefix begins the class of a backend that keeps no contract.
const fastPrefix = "fast-"

// ErrClass says that no backend of this machine computes in a class.
var ErrClass = errors.New("this machine does not compute in that class")

// Contracts are the classes whose bits are the same on every processor.
func Contracts() []Class { return []Class{ClassF32, ClassBF16Pair, ClassBF16Tile} }

// Contract reports whether the class has the same bits on every processor.
func (c Class) Contract() bool { return slices.Contains(Contracts(), c.Products()) }

// Products is the class without HalfSums: all but the sums of gradients has its bits.
func (c Class) Products() Class { return Class(strings.TrimSuffix(string(c), HalfSums)) }

// On has a backend round sums if the class does.
func (c Class) On(be Backend) Backend {
	if c == c.Products() {
		return be
	}
	return halfSums{be}
}

// halfSums is a backend in whose class sums of gradients are rounded.
type halfSums struct{ Backend }

func (b halfSums) Class() Class { return b.Backend.Class() + HalfSums }

func (b halfSums) Traits() Traits {
	t := b.Backend.Traits()
	t.HalfSums = true
	return t
}

// FastClass is the class of a backend that keeps no contract, by its name, which holds all that its bits depend on.
func FastClass(name string) Class { return Class(fastPrefix + name) }

// Check says what is wrong with a class that is asked for: Auto, one with a contract, or fast- and the name of a backend.
func (c Class) Check() error {
	if c == Auto || c.Contract() {
		return nil
	}
	if name, ok := strings.CutPrefix(string(c.Products()), fastPrefix); ok && slices.Contains(Names(), name) {
		return nil
	}
	return fmt.Errorf("there is no class %q: want auto, %s, %s, %s, or fast- with one of %s; all but auto with or without %s behind", string(c), ClassF32, ClassBF16Pair, ClassBF16Tile, strings.Join(Names(), ", "), HalfSums)
}

// OpenClass returns the best backend of this machine for a class: one of a contract, "fast-" with a name of Names, or the class that a backend of
// this machine reports. Auto and "" are the class of Open(""). ErrClass: there is none.
func OpenClass(c Class) (Backend, error) {
	if c == Auto || c == "" {
		return Open("")
	}
	name, isFast := strings.CutPrefix(string(c.Products()), fastPrefix)
	if isFast && slices.Contains(Names(), name) {
		be, err := Open(name)
		if err != nil {
			return nil, err
		}
		return c.On(be), nil
	}
	for _, k := range kinds {
		if be, err := k.open(); err == nil && be.Class() == c.Products() {
			return c.On(be), nil
		}
	}
	return nil, fmt.Errorf("kernel: %w: %s", ErrClass, c)
}

// ClassOfOldKernel is the class that comes nearest to a kernel that a run of an older program names; "" where any does. Old kernels keep no contract:
// the bits of such a run do not come again.
func ClassOfOldKernel(name string) Class {
	if strings.Contains(name, "-f32") {
		return ClassF32
	}
	return ""
}
