package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
	"unsafe"
)

// TestLevels_HaveTheBitsOfTheReference calls every operation whose arguments are vectors with values of all kinds, NaN, infinities and subnormals among
// them, on every level and on the generic one.
func TestLevels_HaveTheBitsOfTheReference(t *testing.T) {
	for _, l := range present()[1:] {
		for i := range operations {
			name, f := operation(&l.ops, i)
			_, reference := operation(&generic.ops, i)
			if !vectorial(f.Type()) {
				continue
			}
			t.Run(l.name+"/"+name, func(t *testing.T) {
				for n := range 200 {
					for kind := range len(kindsOfValues) {
						r := rand.New(rand.NewPCG(uint64(n), uint64(kind)))
						a, b := arguments(r, f.Type(), n+1, kindsOfValues[kind])
						got, want := f.Call(a), reference.Call(b)
						if name == "scaledMax" { // whose caller makes zeros positive
							got[0], want[0] = reflect.ValueOf(float32(got[0].Float())+0), reflect.ValueOf(float32(want[0].Float())+0)
						}
						if at := difference(append(a, got...), append(b, want...), n+1); at != "" {
							t.Fatalf("%d elements of kind %d: %s", n+1, kind, at)
						}
					}
				}
			})
		}
	}
}

// TestLevels_KeepTheBitsOfTheReferenceInConformance runs the other tests of operations on levels that compare each call with the generic one's.
func TestLevels_KeepTheBitsOfTheReferenceInConformance(t *testing.T) {
	for _, l := range present()[1:] {
		both := &level{name: l.name}
		for i := range operations {
			name, f := operation(&both.ops, i)
			_, fast := operation(&l.ops, i)
			_, reference := operation(&generic.ops, i)
			if name == "pause" || vectorial(f.Type()) {
				f.Set(fast)
				continue
			}
			f.Set(reflect.MakeFunc(f.Type(), func(args []reflect.Value) []reflect.Value {
				if name == "quantise" && len(args[2].Interface().([]float32)) == 0 {
					return fast.Call(args)
				}
				other := cloneAll(args)
				want := reference.Call(other)
				got := fast.Call(args)
				if at := difference(append(args, got...), append(other, want...), 0); at != "" {
					t.Errorf("%s/%s: %s", l.name, name, at)
				}
				return got
			}))
		}
		restore := setLevel(both)
		for _, c := range conformance {
			c.run(newArena(t))
		}
		restore()
	}
}

// kindsOfValues draw a value for a test: plain ones, such that steps cancel or tie, and any at all.
var kindsOfValues = []func(r *rand.Rand) float32{
	func(r *rand.Rand) float32 { return float32(r.NormFloat64()) },
	func(r *rand.Rand) float32 { return float32(30 * r.NormFloat64()) },
	func(r *rand.Rand) float32 { return float32(r.IntN(9) - 4) },
	func(r *rand.Rand) float32 { return float32(math.Ldexp(float64(r.IntN(5)-2), r.IntN(60)-30)) },
	func(r *rand.Rand) float32 { return math.Float32frombits(r.Uint32() & 0x80ffffff) },                    // near the bottom of the range
	func(r *rand.Rand) float32 { return math.Float32frombits(0x1f000000 | r.Uint32()&0x80ffffff) },         // whose squares are there
	func(r *rand.Rand) float32 { return math.Float32frombits(r.Uint32()) },                                 // anything
	func(r *rand.Rand) float32 { return [...]float32{0, float32(math.Copysign(0, -1)), 1, -1}[r.IntN(4)] }, // zeros
}

// vectorial says whether arguments can be made up: vectors of one length, or pointers to them with the length behind them, and factors.
func vectorial(f reflect.Type) bool {
	vectors := 0
	for i := range f.NumIn() {
		switch f.In(i) {
		case reflect.TypeFor[[]float32](), reflect.TypeFor[[]uint16](), reflect.TypeFor[*float32](), reflect.TypeFor[*uint16]():
			vectors++
		case reflect.TypeFor[float32](), reflect.TypeFor[adamCoef]():
		case reflect.TypeFor[int]():
			if i != f.NumIn()-1 {
				return false
			}
		default:
			return false
		}
	}
	return vectors > 0
}

// arguments makes the same arguments twice.
func arguments(r *rand.Rand, f reflect.Type, n int, value func(*rand.Rand) float32) (a, b []reflect.Value) {
	for i := range f.NumIn() {
		var x, y any
		switch f.In(i) {
		case reflect.TypeFor[[]float32](), reflect.TypeFor[*float32]():
			u, v := make([]float32, n), make([]float32, n)
			for i := range u {
				u[i] = value(r)
				v[i] = u[i]
			}
			if x, y = u, v; f.In(i).Kind() == reflect.Pointer {
				x, y = &u[0], &v[0]
			}
		case reflect.TypeFor[[]uint16](), reflect.TypeFor[*uint16]():
			u, v := make([]uint16, n), make([]uint16, n)
			for i := range u {
				u[i] = roundBF16(value(r))
				v[i] = u[i]
			}
			if x, y = u, v; f.In(i).Kind() == reflect.Pointer {
				x, y = &u[0], &v[0]
			}
		case reflect.TypeFor[float32]():
			v := value(r)
			x, y = v, v
		case reflect.TypeFor[adamCoef]():
			c := adamCoef{gscale: 0.7, keep: 0.999, beta1: 0.9, rest1: 0.1, beta2: 0.99, rest2: 0.01, root: 1.3, eps: 1e-8, step: value(r)}
			x, y = c, c
		default:
			x, y = n, n
		}
		a, b = append(a, reflect.ValueOf(x)), append(b, reflect.ValueOf(y))
	}
	return a, b
}

// cloneAll copies slices, also those in structs; slices that are one stay one.
func cloneAll(args []reflect.Value) []reflect.Value {
	made := map[unsafe.Pointer]reflect.Value{}
	var clone func(v reflect.Value) reflect.Value
	clone = func(v reflect.Value) reflect.Value {
		switch {
		case v.Kind() == reflect.Slice && v.Len() > 0 && v.Type().Elem().Kind() != reflect.Struct:
			if c, ok := made[v.UnsafePointer()]; ok && c.Len() == v.Len() {
				return c
			}
			c := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
			reflect.Copy(c, v)
			made[v.UnsafePointer()] = c
			return c
		case v.Kind() == reflect.Struct:
			c := reflect.New(v.Type()).Elem()
			c.Set(v)
			for i := range c.NumField() {
				field := reflect.NewAt(c.Field(i).Type(), c.Field(i).Addr().UnsafePointer()).Elem()
				if k := field.Kind(); k == reflect.Slice || k == reflect.Struct {
					field.Set(clone(field))
				}
			}
			return c
		}
		return v
	}
	out := make([]reflect.Value, len(args))
	for i, v := range args {
		out[i] = clone(v)
	}
	return out
}

// difference says where values differ; every NaN is the same. n is the length of what is pointed to.
func difference(a, b []reflect.Value, n int) string {
	for i := range a {
		if at := differenceOf(a[i], b[i], n); at != "" {
			return fmt.Sprintf("argument or result %d%s", i, at)
		}
	}
	return ""
}

func differenceOf(a, b reflect.Value, n int) string {
	switch a.Kind() {
	case reflect.Float32:
		x, y := float32(a.Float()), float32(b.Float())
		if x == x || y == y {
			if math.Float32bits(x) != math.Float32bits(y) {
				return fmt.Sprintf(" is %g (%08x), and %g (%08x) in the reference", x, math.Float32bits(x), y, math.Float32bits(y))
			}
		}
	case reflect.Slice:
		for i := range a.Len() {
			if half, ok := a.Index(i).Interface().(uint16); ok && isNaNBF16(half) && isNaNBF16(b.Index(i).Interface().(uint16)) {
				continue
			}
			if at := differenceOf(a.Index(i), b.Index(i), n); at != "" {
				return fmt.Sprintf("[%d]%s", i, at)
			}
		}
	case reflect.Struct:
		for i := range a.NumField() {
			if f := a.Field(i); f.Kind() == reflect.Slice && f.Type().Elem().Kind() == reflect.Float32 {
				x, y := reflect.ValueOf(unsafe.Slice((*float32)(f.UnsafePointer()), f.Len())), reflect.ValueOf(unsafe.Slice((*float32)(b.Field(i).UnsafePointer()), f.Len()))
				if at := differenceOf(x, y, n); at != "" {
					return "." + a.Type().Field(i).Name + at
				}
			}
		}
	case reflect.Pointer:
		switch a.Interface().(type) {
		case *float32:
			return differenceOf(reflect.ValueOf(unsafe.Slice((*float32)(a.UnsafePointer()), n)), reflect.ValueOf(unsafe.Slice((*float32)(b.UnsafePointer()), n)), n)
		case *uint16:
			return differenceOf(reflect.ValueOf(unsafe.Slice((*uint16)(a.UnsafePointer()), n)), reflect.ValueOf(unsafe.Slice((*uint16)(b.UnsafePointer()), n)), n)
		}
	case reflect.Uint8, reflect.Uint16, reflect.Uint32:
		if a.Uint() != b.Uint() {
			return fmt.Sprintf(" is %x, and %x in the reference", a.Uint(), b.Uint())
		}
	case reflect.Int:
		if a.Int() != b.Int() {
			return fmt.Sprintf(" is %d, and %d in the reference", a.Int(), b.Int())
		}
	}
	return ""
}

func isNaNBF16(h uint16) bool { return h&0x7fff > 0x7f80 }
