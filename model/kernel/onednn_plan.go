//go:build linux && (amd64 || arm64)

package kernel

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"unsafe"

	"github.com/ebitengine/purego"
)

const (
	dnnlBF16, dnnlF32     = 2, 3
	dnnlScratchpadUser    = 1
	dnnlQueryScratchpadMD = 136
	dnnlArgSrc            = 1
	dnnlArgDst            = 17
	dnnlArgWeights        = 33
	dnnlArgScratchpad     = 80
)

// Structures of version 2 that the caller holds, sized from 2.6's headers with slack.
type (
	memoryDescV2 [1024 / 8]uint64 // 696 bytes
	matmulDescV2 [4096 / 8]uint64 // 2800
)

type execArg struct {
	arg    int32
	memory uintptr
}

// gemmPlan is a compiled matmul primitive of one shape. It lives as long as the program, and with it the C objects that it is made from.
// Contexts hold the memory objects and scratchpad of one running call.
type gemmPlan struct {
	lib       *dnnlLibrary
	primitive uintptr
	descs     [4]uintptr      // src, weights, dst, scratchpad
	held      []*memoryDescV2 // what descs of version 2 point to
	scratch   int             // bytes

	mu   sync.Mutex
	free []*gemmContext
}

type gemmContext struct {
	args    [4]execArg
	scratch []byte
	call    [4]uintptr // arguments of a C function; in the context, so that a product allocates nothing
}

// newGemmPlan compiles C (+)= op(A)·op(B). at and ct are data types of the operands and of the result.
func (d *dnnlLibrary) newGemmPlan(s Shape, at, ct uintptr) (*gemmPlan, error) {
	p := &gemmPlan{lib: d}
	if err := errors.Join(p.matrix(0, at, s.M, s.K, s.LDA, s.TransA), p.matrix(1, at, s.K, s.N, s.LDB, s.TransB), p.matrix(2, ct, s.M, s.N, s.LDC, false)); err != nil {
		return nil, err
	}
	var attr uintptr
	if err := d.call(d.attrCreate, uintptr(unsafe.Pointer(&attr))); err != nil {
		return nil, err
	}
	defer func() { _ = d.call(d.attrDestroy, attr) }()
	if err := d.call(d.attrScratchpad, attr, dnnlScratchpadUser); err != nil {
		return nil, err
	}
	if s.Accumulate {
		if err := d.accumulate(attr); err != nil {
			return nil, err
		}
	}
	pd, err := p.describe(attr)
	if err != nil {
		return nil, err
	}
	if p.descs[3], _, _ = purego.SyscallN(d.primDescQueryMD, pd, dnnlQueryScratchpadMD, 0); p.descs[3] != 0 { // part of pd
		size, _, _ := purego.SyscallN(d.memoryDescSize, p.descs[3])
		p.scratch = int(size)
	}
	return p, d.call(d.primCreate, uintptr(unsafe.Pointer(&p.primitive)), pd)
}

// matrix describes an operand.
func (p *gemmPlan) matrix(i int, dtype uintptr, rows, cols, ld int, trans bool) error {
	dims, strides := [12]int64{int64(rows), int64(cols)}, [12]int64{int64(ld), 1}
	if trans {
		strides = [12]int64{1, int64(ld)}
	}
	at := unsafe.Pointer(&p.descs[i])
	if p.lib.major == 2 {
		desc := new(memoryDescV2)
		p.held = append(p.held, desc)
		at = unsafe.Pointer(desc)
		p.descs[i] = uintptr(at)
	}
	return p.lib.call(p.lib.memoryDesc, uintptr(at), 2, uintptr(unsafe.Pointer(&dims)), dtype, uintptr(unsafe.Pointer(&strides)))
}

// accumulate makes a primitive add to its result.
func (d *dnnlLibrary) accumulate(attr uintptr) error {
	var ops uintptr
	if err := d.call(d.postOpsCreate, uintptr(unsafe.Pointer(&ops))); err != nil {
		return err
	}
	defer func() { _ = d.call(d.postOpsDestroy, ops) }()
	// A float argument needs purego's slower path; once a plan. Version 2 reads two arguments; no zero point and the result's own type for 3.
	var appendSum func(ops uintptr, scale float32, zeroPoint, dataType int32) int32
	purego.RegisterFunc(&appendSum, d.postOpsSum)
	if status := appendSum(ops, 1, 0, 0); status != 0 {
		return fmt.Errorf("kernel: oneDNN status %d", status)
	}
	return d.call(d.attrPostOps, attr, ops)
}

// describe makes the description of the primitive.
func (p *gemmPlan) describe(attr uintptr) (pd uintptr, err error) {
	d := p.lib
	if d.major == 3 {
		err = d.call(d.matmulPrimitiveDescV3, uintptr(unsafe.Pointer(&pd)), d.engine, p.descs[0], p.descs[1], 0, p.descs[2], attr)
		return pd, err
	}
	var op matmulDescV2
	if err := d.call(d.matmulDescInit, uintptr(unsafe.Pointer(&op)), p.descs[0], p.descs[1], 0, p.descs[2]); err != nil {
		return 0, err
	}
	err = d.call(d.primDescCreate, uintptr(unsafe.Pointer(&pd)), uintptr(unsafe.Pointer(&op)), attr, d.engine, 0)
	return pd, err
}

func (p *gemmPlan) context() (*gemmContext, error) {
	p.mu.Lock()
	if n := len(p.free); n > 0 {
		c := p.free[n-1]
		p.free = p.free[:n-1]
		p.mu.Unlock()
		return c, nil
	}
	p.mu.Unlock()
	c := &gemmContext{scratch: make([]byte, p.scratch+64)}
	for i, arg := range [4]int32{dnnlArgSrc, dnnlArgWeights, dnnlArgDst, dnnlArgScratchpad} {
		c.args[i].arg = arg
		if i == 3 && p.scratch == 0 {
			break
		}
		if err := p.lib.call(p.lib.memoryCreate, uintptr(unsafe.Pointer(&c.args[i].memory)), p.descs[i], p.lib.engine, 0); err != nil {
			return nil, err
		}
	}
	if p.scratch > 0 {
		base := uintptr(unsafe.Pointer(&c.scratch[0]))
		if err := p.lib.call(p.lib.memorySetHandle, c.args[3].memory, (base+63)&^63); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (p *gemmPlan) run(c, a, b unsafe.Pointer) error {
	ctx, err := p.context()
	if err != nil {
		return err
	}
	for i, data := range [3]unsafe.Pointer{a, b, c} {
		ctx.call = [4]uintptr{ctx.args[i].memory, uintptr(data)}
		if err := p.lib.invoke(p.lib.memorySetHandle, ctx.call[:2]); err != nil {
			return err
		}
	}
	n := uintptr(4)
	if p.scratch == 0 {
		n = 3
	}
	ctx.call = [4]uintptr{p.primitive, p.lib.stream, n, uintptr(unsafe.Pointer(&ctx.args))}
	err = p.lib.invoke(p.lib.primExecute, ctx.call[:])
	runtime.KeepAlive(a)
	runtime.KeepAlive(b)
	runtime.KeepAlive(c)
	p.mu.Lock()
	p.free = append(p.free, ctx)
	p.mu.Unlock()
	return err
}
