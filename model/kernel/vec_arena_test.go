package kernel

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"
)

// arena hands out test slices that end (or start) at forbidden memory and are surrounded by canary bytes on the other side.
type arena struct {
	t     testing.TB
	rng   *rand.Rand
	slots [][]byte
	used  []slot
	front bool // slices start at the forbidden memory instead of ending there
}

type slot struct{ before, after []byte }

const (
	canary    = 0xa5
	canaries  = 512 // bytes watched on each side: two tiles of a matrix product
	slotBytes = 1 << 16
	slotCount = 12
)

func newArena(t testing.TB) *arena {
	a := &arena{t: t}
	for range slotCount {
		a.slots = append(a.slots, guardedMemory(t, slotBytes))
	}
	return a
}

// start begins a new case with its own random numbers.
func (a *arena) start(seed uint64, front bool) {
	a.rng, a.used, a.front = rand.New(rand.NewPCG(seed, 1)), a.used[:0], front
}

// raw cuts n elements of size bytes from the next slot.
func (a *arena) raw(n, size int) unsafe.Pointer {
	if n*size > slotBytes {
		a.t.Fatalf("%d elements do not fit into a slot", n)
	}
	m := a.slots[len(a.used)]
	at := len(m) - n*size
	if a.front {
		at = 0
	}
	end := at + n*size
	s := slot{before: m[max(0, at-canaries):at], after: m[end:min(len(m), end+canaries)]}
	for _, part := range [][]byte{s.before, s.after} {
		for i := range part {
			part[i] = canary
		}
	}
	a.used = append(a.used, s)
	if at == len(m) {
		return unsafe.Pointer(unsafe.SliceData(m[:0]))
	}
	return unsafe.Pointer(&m[at])
}

func (a *arena) floats(n int) []float32 { return unsafe.Slice((*float32)(a.raw(n, 4)), n)[:n:n] }
func (a *arena) halves(n int) []uint16  { return unsafe.Slice((*uint16)(a.raw(n, 2)), n)[:n:n] }

// normal is n values from N(0, sd²).
func (a *arena) normal(n int, sd float64) []float32 {
	x := a.floats(n)
	for i := range x {
		x[i] = float32(a.rng.NormFloat64() * sd)
	}
	return x
}

// wild is n finite values of every magnitude, with zeros of both signs and denormals.
func (a *arena) wild(n int) []float32 {
	x := a.floats(n)
	for i := range x {
		x[i] = a.finite()
	}
	return x
}

func (a *arena) finite() float32 {
	for {
		b := a.rng.Uint32()
		switch a.rng.IntN(8) {
		case 0:
			b &= 0x80000000
		case 1:
			b &= 0x807fffff // denormal
		}
		if v := math.Float32frombits(b); !math.IsInf(float64(v), 0) && v == v {
			return v
		}
	}
}

// any is n arbitrary bit patterns, NaN and infinities among them.
func (a *arena) any(n int) []float32 {
	x := a.floats(n)
	for i := range x {
		x[i] = a.finite()
		switch a.rng.IntN(10) {
		case 0:
			x[i] = math.Float32frombits(0x7f800000 | a.rng.Uint32()&0x807fffff)
		case 1:
			x[i] = float32(math.Inf(1 - 2*a.rng.IntN(2)))
		}
	}
	return x
}

// bf16 is n values from N(0, sd²), rounded.
func (a *arena) bf16(n int, sd float64) []uint16 {
	x := a.halves(n)
	for i := range x {
		x[i] = roundBF16(float32(a.rng.NormFloat64() * sd))
	}
	return x
}

// intact fails the test if a canary has changed.
func (a *arena) intact() {
	a.t.Helper()
	for i, s := range a.used {
		for _, part := range [][]byte{s.before, s.after} {
			for _, b := range part {
				if b != canary {
					a.t.Fatalf("slice %d was written outside its bounds", i)
				}
			}
		}
	}
}

// near fails the test unless got is within rel·|want| + abs of want, or both are the same infinity or NaN.
func near(t testing.TB, what string, i int, got float32, want, rel, abs float64) {
	t.Helper()
	g := float64(got)
	switch {
	case math.IsNaN(want):
		if !math.IsNaN(g) {
			t.Fatalf("%s[%d] = %g, want NaN", what, i, g)
		}
		return
	case g == want || float32(want) == got:
		return
	}
	if d := math.Abs(g - want); !(d <= rel*math.Abs(want)+abs) {
		t.Fatalf("%s[%d] = %g, want %g: off by %.3g relative, %.3g absolute", what, i, g, want, d/math.Abs(want), d)
	}
}

// present are the levels that the machine has, generic first.
func present() []*level {
	return slices.DeleteFunc(slices.Clone(levels), func(l *level) bool { return !l.supported() })
}

// eachLevel runs f at every level that the machine has, generic first.
func eachLevel(t *testing.T, f func(t *testing.T)) {
	for _, l := range present() {
		t.Run(l.name, func(t *testing.T) {
			defer setLevel(l)()
			f(t)
		})
	}
}

// setLevel forces a level and returns what sets the old one again.
func setLevel(l *level) (restore func()) {
	old := cpu
	cpu = l
	return func() { cpu = old }
}
