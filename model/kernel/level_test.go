package kernel

import (
	"reflect"
	"runtime"
	"strings"
	"testing"
)

// conformanceCheck compares some operations of the level in use with their plain references.
type conformanceCheck struct {
	name string
	run  func(a *arena)
}

// conformance are the checks that every level must pass; together they call every operation of the table.
var conformance = func() (all []conformanceCheck) {
	for _, c := range vectorChecks {
		all = append(all, conformanceCheck{c.name, func(a *arena) {
			for _, n := range vectorLengths() {
				a.start(uint64(n), n%2 == 1)
				c.run(a, n)
				a.intact()
			}
		}})
	}
	return append(all,
		conformanceCheck{"Sgemm", checkSgemm},
		conformanceCheck{"Transpose", checkTranspose},
		conformanceCheck{"Quantise", checkQuantise},
		conformanceCheck{"QuantiseRows", checkQuantiseRows},
		conformanceCheck{"Linear8", checkLinear8},
		conformanceCheck{"RoundBlocks", checkRoundBlocks},
		conformanceCheck{"LinearBlocks", checkLinearBlocks},
		conformanceCheck{"PairProduct", checkPairProduct},
		conformanceCheck{"StepProduct", checkStepProduct},
		conformanceCheck{"PackPairs", checkPackPairs},
		conformanceCheck{"RowShares", checkRowShares},
		conformanceCheck{"RowGrads", checkRowGrads},
		conformanceCheck{"DecodeAttention", checkDecodeAttentions},
		conformanceCheck{"Pause", func(*arena) { cpu.pause(1); cpu.pause(3) }},
	)
}()

func TestLevels_EqualTheirReferences(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		for _, c := range conformance {
			t.Run(c.name, func(t *testing.T) { c.run(newArena(t)) })
		}
	})
}

// operation is a field of a table that can be read and set.
func operation(o *ops, i int) (name string, f reflect.Value) {
	field := reflect.TypeFor[ops]().Field(i)
	at := reflect.ValueOf(o).Elem().Field(i).Addr().UnsafePointer()
	return field.Name, reflect.NewAt(field.Type, at).Elem()
}

var operations = reflect.TypeFor[ops]().NumField()

func TestLevels_LackNoOperation(t *testing.T) {
	for _, l := range levels {
		for i := range operations {
			if name, f := operation(&l.ops, i); f.IsNil() {
				t.Errorf("%s has no %s", l.name, name)
			}
		}
	}
}

// register adds a level above all others for the length of a test.
func register(t *testing.T, l *level) {
	before := levels
	levels = append(levels[:len(levels):len(levels)], l)
	t.Cleanup(func() { levels = before })
}

// TestLevels_ANewOneIsInEveryConformanceTest registers a level that counts calls: what no conformance test calls is not tested.
func TestLevels_ANewOneIsInEveryConformanceTest(t *testing.T) {
	var calls [1 << 8]int
	toy := &level{name: "toy", supported: func() bool { return true }, ops: generic.ops}
	for i := range operations {
		_, f := operation(&toy.ops, i)
		plain := reflect.ValueOf(f.Interface())
		f.Set(reflect.MakeFunc(f.Type(), func(args []reflect.Value) []reflect.Value {
			calls[i]++
			return plain.Call(args)
		}))
	}
	register(t, toy)
	if l, err := chooseLevel("", levels); l != toy || err != nil {
		t.Errorf("the highest level is %s, %v", l.name, err)
	}
	ran := false
	eachLevel(t, func(t *testing.T) {
		if cpu != toy {
			return
		}
		ran = true
		for _, c := range conformance {
			c.run(newArena(t))
		}
	})
	if !ran {
		t.Error("a level that is registered was not tested")
	}
	for i := range operations {
		if name, _ := operation(&toy.ops, i); calls[i] == 0 {
			t.Errorf("no conformance test calls %s", name)
		}
	}
}

// TestLevels_ABrokenOperationFailsAConformanceTest replaces one operation after the other by one that does nothing.
func TestLevels_ABrokenOperationFailsAConformanceTest(t *testing.T) {
	for i := range operations {
		broken := &level{name: "broken", ops: generic.ops}
		name, f := operation(&broken.ops, i)
		if name == "pause" {
			continue // has no result
		}
		f.Set(reflect.MakeFunc(f.Type(), func([]reflect.Value) (zeros []reflect.Value) {
			for out := range f.Type().Outs() {
				zeros = append(zeros, reflect.Zero(out))
			}
			return zeros
		}))
		if !fails(t, broken) {
			t.Errorf("%s does nothing, and no conformance test has seen it", name)
		}
	}
}

// fails says whether a conformance test fails at a level.
func fails(t *testing.T, l *level) bool {
	defer setLevel(l)()
	for _, c := range conformance {
		r := &recorder{TB: t}
		done := make(chan struct{})
		go func() {
			defer close(done)
			defer func() {
				if recover() != nil { // an index out of range, say
					r.failed = true
				}
			}()
			c.run(newArena(r))
		}()
		if <-done; r.failed {
			return true
		}
	}
	return false
}

// recorder notes a failure instead of reporting it.
type recorder struct {
	testing.TB
	failed bool
}

func (r *recorder) Fatal(...any)          { r.Fatalf("") }
func (r *recorder) Fatalf(string, ...any) { r.failed = true; runtime.Goexit() }
func (r *recorder) Errorf(string, ...any) { r.failed = true }

func TestChooseLevel_AWishLowersTheLevelAndNeverRaisesIt(t *testing.T) {
	of := func(have string) (all []*level) {
		supported := true
		for _, name := range []string{"generic", "avx2", "avx512"} {
			s := supported
			all = append(all, &level{name: name, supported: func() bool { return s }})
			supported = supported && name != have
		}
		return all
	}
	for _, c := range []struct {
		wish, have, want string
		bad              bool
	}{
		{"", "avx512", "avx512", false},
		{"avx2", "avx512", "avx2", false},
		{"generic", "avx512", "generic", false},
		{"avx512", "avx2", "avx2", false},
		{"avx512", "generic", "generic", false},
		{"sse9", "avx2", "avx2", true},
	} {
		got, err := chooseLevel(c.wish, of(c.have))
		if got.name != c.want || (err != nil) != c.bad {
			t.Errorf("%q on %s: %s, %v; want %s", c.wish, c.have, got.name, err, c.want)
		}
		if c.bad && !strings.Contains(err.Error(), "avx512, avx2, generic") {
			t.Errorf("the message does not name the levels: %v", err)
		}
	}
}

// TestOps_HoldsFunctionsOnly keeps the table one that the tests above can walk.
func TestOps_HoldsFunctionsOnly(t *testing.T) {
	for i := range operations {
		if f := reflect.TypeFor[ops]().Field(i); f.Type.Kind() != reflect.Func {
			t.Errorf("%s is a %s", f.Name, f.Type)
		}
	}
}
