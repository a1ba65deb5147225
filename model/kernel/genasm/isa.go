package main

import (
	"fmt"
	"math"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
	"github.com/mmcloughlin/avo/x86"
)

// isa is an instruction set that kernels are emitted for: a package below model/kernel/internal.
type isa struct {
	name  string
	doc   string // what a processor must have
	lanes int    // float32 values in a register
}

var (
	avx2   = isa{"avx2", "AVX2, FMA and F16C", 8}
	avx512 = isa{"avx512", "AVX-512 F, BW, DQ and VL, and what a function says that it requires", 16}
	amx    = isa{"amx", "AMX tiles beside AVX-512", 16}
)

var isas = []isa{avx2, avx512, amx}

// emitter adds to avo's context what both instruction sets need under one name.
type emitter struct {
	*build.Context
	isa
	constants map[string]bool
	labels    int
	mask      reg.Register // lanes that count in the tail: an opmask or a vector with all bits of those lanes set; nil in full vectors
	bounce    operand.Mem  // AVX2: room for a tail of bf16
	hasBounce bool
	left      reg.GPVirtual  // elements in the tail
	pairs     bool           // a vector is two registers of bf16, see loadPair
	round     int            // vectors in the loop's current round
	waiting   reg.VecVirtual // a rounded register that storeBF16 will write with the next one
}

func (e *emitter) begin(v isa) {
	e.isa, e.labels, e.mask, e.hasBounce, e.pairs, e.round = v, 0, nil, false, false, 1
}

func (e *emitter) wide() bool { return e.lanes == 16 }

// vec is a new vector register.
func (e *emitter) vec() reg.VecVirtual {
	if e.wide() {
		return e.ZMM()
	}
	return e.YMM()
}

// step is the number of elements in a vector.
func (e *emitter) step() int {
	if e.pairs {
		return 2 * e.lanes
	}
	return e.lanes
}

func (e *emitter) label(name string) string {
	e.labels++
	return fmt.Sprintf("%s%d", name, e.labels)
}

// slice loads the base of a slice parameter.
func (e *emitter) slice(name string) reg.GPVirtual {
	return e.Load(e.Param(name).Base(), e.GP64()).(reg.GPVirtual)
}

// length loads the length of a slice parameter.
func (e *emitter) length(name string) reg.GPVirtual {
	return e.Load(e.Param(name).Len(), e.GP64()).(reg.GPVirtual)
}

// scalar broadcasts a float32 parameter.
func (e *emitter) scalar(name string) reg.VecVirtual {
	b, err := e.Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return e.broadcast(b.Addr)
}

func (e *emitter) broadcast(m operand.Mem) reg.VecVirtual {
	r := e.vec()
	e.VBROADCASTSS(m, r)
	return r
}

// bits is a constant in every lane: a register for AVX-512, which has plenty, and memory for AVX2. Ask for it before a loop.
func (e *emitter) bits(u uint32) operand.Op {
	name := fmt.Sprintf("k%08x", u)
	m := operand.NewDataAddr(operand.NewStaticSymbol(name), 0)
	if !e.constants[name] {
		e.constants[name] = true
		e.StaticGlobal(name)
		e.DataAttributes(attr.RODATA | attr.NOPTR)
		for i := range 8 {
			e.AddDatum(4*i, operand.U32(u))
		}
	}
	if e.wide() {
		return e.broadcast(m)
	}
	return m
}

func (e *emitter) float(f float64) operand.Op { return e.bits(math.Float32bits(float32(f))) }

// reg is op in a register, loaded if it stands in memory.
func (e *emitter) reg(op operand.Op) reg.Register {
	if r, ok := op.(reg.Register); ok {
		return r
	}
	r := e.vec()
	e.VMOVUPS(op, r)
	return r
}

// own is a copy of op that may be overwritten.
func (e *emitter) own(op operand.Op) reg.VecVirtual {
	r := e.vec()
	e.VMOVUPS(op, r)
	return r
}

func (e *emitter) zero() reg.VecVirtual {
	r := e.vec()
	e.clear(r)
	return r
}

// clear makes a register zero. What it held before is not read, which avo knows of VPXOR alone.
func (e *emitter) clear(r reg.Register) {
	if !e.wide() {
		e.VPXOR(r, r, r)
		return
	}
	clear, err := x86.VPXORD(r, r, r)
	if err != nil {
		panic(err)
	}
	clear.CancellingInputs = true
	e.Instruction(clear)
}

// loop walks n elements: unroll vectors at a time, then one, then the masked rest. body emits the work for vector j of a round, whose
// elements start at index i + j·step; in the rest e.mask is set.
func (e *emitter) loop(n reg.GPVirtual, unroll int, body func(i reg.GPVirtual, j int)) {
	i := e.GP64()
	e.XORQ(i, i)
	rounds := []int{unroll, 1}
	if unroll == 1 {
		rounds = rounds[1:]
	}
	for _, u := range rounds {
		top, done := e.label("loop"), e.label("done")
		e.Label(top)
		e.CMPQ(n, operand.I32(u*e.step()))
		e.JLT(operand.LabelRef(done))
		e.round = u
		for j := range u {
			body(i, j)
		}
		e.ADDQ(operand.I32(u*e.step()), i)
		e.SUBQ(operand.I32(u*e.step()), n)
		e.JMP(operand.LabelRef(top))
		e.Label(done)
	}
	end := e.label("end")
	e.TESTQ(n, n)
	e.JE(operand.LabelRef(end))
	e.setMask(n)
	e.round = 1
	body(i, 0)
	e.mask = nil
	e.Label(end)
}

// reduce walks n elements like loop, 16 at a time whatever the width of a register: body adds the vector whose elements start at index i + acc·lanes to
// accumulator acc. So a lane's sum has one order; AVX2 keeps the halves of 16 lanes in two accumulators.
func (e *emitter) reduce(n reg.GPVirtual, unroll int, body func(i reg.GPVirtual, acc int)) {
	if e.wide() {
		e.loop(n, unroll, body)
		return
	}
	i := e.GP64()
	e.XORQ(i, i)
	for _, u := range []int{unroll, 1} {
		top, done := e.label("loop"), e.label("done")
		e.Label(top)
		e.CMPQ(n, operand.I32(16*u))
		e.JLT(operand.LabelRef(done))
		for acc := range 2 * u {
			body(i, acc)
		}
		e.ADDQ(operand.I32(16*u), i)
		e.SUBQ(operand.I32(16*u), n)
		e.JMP(operand.LabelRef(top))
		e.Label(done)
	}
	end := e.label("end")
	e.TESTQ(n, n)
	e.JE(operand.LabelRef(end))
	for half, mask := range e.columnMasks(n) {
		e.mask = mask
		body(i, half)
	}
	e.mask = nil
	e.Label(end)
}

// sums are accumulators of zeros for reduce.
func (e *emitter) sums(unroll int) (acc []reg.VecVirtual) {
	for range unroll * 16 / e.lanes {
		acc = append(acc, e.zero())
	}
	return acc
}

// setMask makes the first n elements count, 0 < n < step.
func (e *emitter) setMask(n reg.GPVirtual) {
	if e.wide() {
		ones, k := e.GP32(), e.K()
		e.MOVL(operand.I32(-1), ones)
		e.BZHIL(n.As32(), ones, ones)
		e.KMOVD(ones, k)
		e.mask = k
		return
	}
	if e.left = n; e.pairs {
		e.mask = e.vec() // only says that there is a tail: AVX2 has no masks for 16-bit elements
		return
	}
	if !e.constants["masks"] {
		e.constants["masks"] = true
		e.StaticGlobal("masks")
		e.DataAttributes(attr.RODATA | attr.NOPTR)
		for i := range 16 {
			u := uint32(0)
			if i < 8 {
				u = math.MaxUint32
			}
			e.AddDatum(4*i, operand.U32(u))
		}
	}
	table, rest, m := e.GP64(), e.GP64(), e.YMM()
	e.LEAQ(operand.NewDataAddr(operand.NewStaticSymbol("masks"), 0), table)
	e.MOVQ(operand.I32(8), rest)
	e.SUBQ(n, rest)
	e.VMOVUPS(operand.Mem{Base: table, Index: rest, Scale: 4}, m)
	e.mask = m
}

// at addresses vector j after index i of a slice of elements of size bytes.
func (e *emitter) at(base, i reg.GPVirtual, j, size int) operand.Mem {
	return operand.Mem{Base: base, Index: i, Scale: uint8(size), Disp: j * e.step() * size}
}

// load reads float32 lanes; lanes that do not count are 0.
func (e *emitter) load(base, i reg.GPVirtual, j int) reg.VecVirtual {
	r := e.vec()
	e.loadInto(r, e.at(base, i, j, 4), e.mask)
	return r
}

// loadInto reads the float32 lanes of m that a mask has, or all without one; the others become 0.
func (e *emitter) loadInto(r reg.Register, m operand.Mem, mask reg.Register) {
	switch {
	case mask == nil:
		e.VMOVUPS(m, r)
	case e.wide():
		e.VMOVUPS_Z(m, mask, r)
	default:
		e.VMASKMOVPS(m, mask, r)
	}
}

// store writes the float32 lanes that count.
func (e *emitter) store(r reg.VecVirtual, base, i reg.GPVirtual, j int) {
	m := e.at(base, i, j, 4)
	switch {
	case e.mask == nil:
		e.VMOVUPS(r, m)
	case e.wide():
		e.VMOVUPS(r, e.mask, m)
	default:
		e.VMASKMOVPS(r, e.mask, m)
	}
}

// keep zeroes the lanes that do not count.
func (e *emitter) keep(r reg.VecVirtual) {
	switch {
	case e.mask == nil:
	case e.wide():
		e.VMOVAPS_Z(r, e.mask, r)
	default:
		e.VANDPS(e.mask, r, r)
	}
}

// accumulators are n registers that start as op.
func (e *emitter) accumulators(n int, op operand.Op) []reg.VecVirtual {
	a := make([]reg.VecVirtual, n)
	for i := range a {
		a[i] = e.own(op)
	}
	return a
}

// fold combines accumulators pairwise and then the halves of the register, always in this order; the result is lane 0.
func (e *emitter) fold(a []reg.VecVirtual, combine func(a, b, into operand.Op)) reg.Register {
	for len(a) > 1 {
		half := len(a) / 2
		for i := range half {
			combine(a[i], a[i+half], a[i])
		}
		a = a[:half]
	}
	r := a[0]
	if e.wide() {
		upper := e.YMM()
		e.VEXTRACTF32X8(operand.U8(1), r, upper)
		combine(r.AsY(), upper, r.AsY())
	}
	x, upper := r.AsX(), e.XMM()
	e.VEXTRACTF128(operand.U8(1), r.AsY(), upper)
	combine(x, upper, x)
	e.VPERMILPS(operand.U8(0x0e), x, upper) // lanes 2 and 3
	combine(x, upper, x)
	e.VPERMILPS(operand.U8(0x01), x, upper) // lane 1
	combine(x, upper, x)
	return x
}

func (e *emitter) add(a, b, into operand.Op) { e.VADDPS(b, a, into) }

// max takes b where either is NaN.
func (e *emitter) max(a, b, into operand.Op) { e.VMAXPS(b, a, into) }

// and keeps the bits of r that are set in m.
func (e *emitter) and(m operand.Op, r reg.VecVirtual) {
	if e.wide() {
		e.VPANDD(m, r, r)
	} else {
		e.VPAND(m, r, r)
	}
}

// room is a register's width on the stack for a tail of bf16, which AVX2 cannot mask.
func (e *emitter) room() operand.Mem {
	if !e.hasBounce {
		e.bounce, e.hasBounce = e.AllocLocal(32), true
	}
	return e.bounce
}

// copyWords copies the elements of a tail, two bytes each.
func (e *emitter) copyWords(from, to operand.Mem) {
	src, dst, k, w := e.GP64(), e.GP64(), e.GP64(), e.GP64()
	e.LEAQ(from, src)
	e.LEAQ(to, dst)
	e.XORQ(k, k)
	top := e.label("words")
	e.Label(top)
	e.MOVW(operand.Mem{Base: src, Index: k, Scale: 2}, w.As16())
	e.MOVW(w.As16(), operand.Mem{Base: dst, Index: k, Scale: 2})
	e.INCQ(k)
	e.CMPQ(k, e.left)
	e.JLT(operand.LabelRef(top))
}
