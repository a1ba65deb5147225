//go:build linux && (amd64 || arm64)

package kernel

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"unsafe"

	"github.com/ebitengine/purego"
)

// oneDNN's C interface, version 2 (Debian 12's libdnnl2). The library is opened at run time: the program links without it and
// without cgo. It runs single-threaded inside a call; the parallelism is ours (see Parallel), so that no result depends on the
// number of threads.
//
// Opaque structures are sized from oneDNN 2.6's headers, with slack.
const (
	dnnlBF16, dnnlF32     = 2, 3
	dnnlScratchpadUser    = 1
	dnnlQueryScratchpadMD = 136
	dnnlArgSrc            = 1
	dnnlArgDst            = 17
	dnnlArgWeights        = 33
	dnnlArgScratchpad     = 80
	sizeMemoryDesc        = 1024 // 696 in 2.6
	sizeMatmulDesc        = 4096 // 2800 in 2.6
)

type execArg struct {
	arg    int32
	memory uintptr
}

type dnnlLibrary struct {
	version        string
	engine, stream uintptr

	memoryDescInit, memoryDescSize, memoryCreate, memorySetHandle       uintptr
	matmulDescInit, attrCreate, attrScratchpad, attrPostOps             uintptr
	postOpsCreate, postOpsSum, primDescCreate, primDescQueryMD          uintptr
	primCreate, primExecute, primDescDestroy, attrDestroy, postDestroy_ uintptr
}

var openDNNL = sync.OnceValues(loadDNNL)

func loadDNNL() (*dnnlLibrary, error) {
	if os.Getenv("SLM_ONEDNN") == "off" {
		return nil, fmt.Errorf("%w: switched off by SLM_ONEDNN=off", ErrNoOneDNN)
	}
	// libgomp reads its environment once, when it is loaded: one thread a call, because our tiles are the parallelism.
	if libc, err := purego.Dlopen("libc.so.6", purego.RTLD_NOW|purego.RTLD_GLOBAL); err == nil {
		var setenv func(key, value string, overwrite int32) int32
		purego.RegisterLibFunc(&setenv, libc, "setenv")
		setenv("OMP_NUM_THREADS", "1", 1)
	}
	lib, err := purego.Dlopen("libdnnl.so.2", purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return nil, fmt.Errorf("%w (%v)", ErrNoOneDNN, err)
	}
	d := &dnnlLibrary{}
	for name, at := range map[string]*uintptr{
		"dnnl_memory_desc_init_by_strides": &d.memoryDescInit, "dnnl_memory_desc_get_size": &d.memoryDescSize,
		"dnnl_memory_create": &d.memoryCreate, "dnnl_memory_set_data_handle": &d.memorySetHandle,
		"dnnl_matmul_desc_init": &d.matmulDescInit, "dnnl_primitive_attr_create": &d.attrCreate,
		"dnnl_primitive_attr_set_scratchpad_mode": &d.attrScratchpad, "dnnl_primitive_attr_set_post_ops": &d.attrPostOps,
		"dnnl_post_ops_create": &d.postOpsCreate, "dnnl_post_ops_append_sum": &d.postOpsSum,
		"dnnl_primitive_desc_create": &d.primDescCreate, "dnnl_primitive_desc_query_md": &d.primDescQueryMD,
		"dnnl_primitive_create": &d.primCreate, "dnnl_primitive_execute": &d.primExecute,
		"dnnl_primitive_desc_destroy": &d.primDescDestroy, "dnnl_primitive_attr_destroy": &d.attrDestroy,
		"dnnl_post_ops_destroy": &d.postDestroy_,
	} {
		if *at, err = purego.Dlsym(lib, name); err != nil {
			return nil, fmt.Errorf("%w: libdnnl.so.2 has no %s", ErrNoOneDNN, name)
		}
	}
	var version func() unsafe.Pointer
	purego.RegisterLibFunc(&version, lib, "dnnl_version")
	v := (*[3]int32)(version())
	d.version = fmt.Sprintf("%d.%d", v[0], v[1])

	const cpu, inOrder = 1, 1
	create, err := purego.Dlsym(lib, "dnnl_engine_create")
	if err == nil {
		err = d.call(create, uintptr(unsafe.Pointer(&d.engine)), cpu, 0)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: no engine: %v", ErrNoOneDNN, err)
	}
	if create, err = purego.Dlsym(lib, "dnnl_stream_create"); err == nil {
		err = d.call(create, uintptr(unsafe.Pointer(&d.stream)), d.engine, inOrder)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: no stream: %v", ErrNoOneDNN, err)
	}
	return d, nil
}

// call runs a C function that returns dnnl_status_t.
func (d *dnnlLibrary) call(f uintptr, args ...uintptr) error {
	if status, _, _ := purego.SyscallN(f, args...); int32(status) != 0 {
		return fmt.Errorf("kernel: oneDNN status %d", int32(status))
	}
	return nil
}

// gemmPlan is a compiled matmul primitive of one shape. Contexts hold the memory objects and scratchpad of one running call.
type gemmPlan struct {
	lib       *dnnlLibrary
	primitive uintptr
	descs     [4][sizeMemoryDesc / 8]uint64 // src, weights, dst, scratchpad
	scratch   int                           // bytes

	mu   sync.Mutex
	free []*gemmContext
}

type gemmContext struct {
	args    [4]execArg
	scratch []byte
}

// newGemmPlan compiles C (+)= op(A)·op(B). at and ct are data types of the operands and of the result.
func (d *dnnlLibrary) newGemmPlan(s Shape, at, ct uintptr) (*gemmPlan, error) {
	p := &gemmPlan{lib: d}
	ptr := func(i int) uintptr { return uintptr(unsafe.Pointer(&p.descs[i])) }
	desc := func(i int, dtype uintptr, rows, cols, ld int, trans bool) error {
		dims, strides := [12]int64{int64(rows), int64(cols)}, [12]int64{int64(ld), 1}
		if trans {
			strides = [12]int64{1, int64(ld)}
		}
		return d.call(d.memoryDescInit, ptr(i), 2, uintptr(unsafe.Pointer(&dims)), dtype, uintptr(unsafe.Pointer(&strides)))
	}
	if err := errors.Join(desc(0, at, s.M, s.K, s.LDA, s.TransA), desc(1, at, s.K, s.N, s.LDB, s.TransB), desc(2, ct, s.M, s.N, s.LDC, false)); err != nil {
		return nil, err
	}
	op := make([]uint64, sizeMatmulDesc/8)
	if err := d.call(d.matmulDescInit, uintptr(unsafe.Pointer(&op[0])), ptr(0), ptr(1), 0, ptr(2)); err != nil {
		return nil, err
	}
	var attr, postOps, pd uintptr
	if err := d.call(d.attrCreate, uintptr(unsafe.Pointer(&attr))); err != nil {
		return nil, err
	}
	defer func() { _ = d.call(d.attrDestroy, attr) }()
	if err := d.call(d.attrScratchpad, attr, dnnlScratchpadUser); err != nil {
		return nil, err
	}
	if s.Accumulate {
		var appendSum func(ops uintptr, scale float32) int32 // a float argument needs purego's slower path; once a plan
		purego.RegisterFunc(&appendSum, d.postOpsSum)
		if err := d.call(d.postOpsCreate, uintptr(unsafe.Pointer(&postOps))); err != nil {
			return nil, err
		}
		defer func() { _ = d.call(d.postDestroy_, postOps) }()
		if status := appendSum(postOps, 1); status != 0 {
			return nil, fmt.Errorf("kernel: oneDNN status %d", status)
		}
		if err := d.call(d.attrPostOps, attr, postOps); err != nil {
			return nil, err
		}
	}
	if err := d.call(d.primDescCreate, uintptr(unsafe.Pointer(&pd)), uintptr(unsafe.Pointer(&op[0])), attr, d.engine, 0); err != nil {
		return nil, err
	}
	defer func() { _ = d.call(d.primDescDestroy, pd) }()
	scratch, _, _ := purego.SyscallN(d.primDescQueryMD, pd, dnnlQueryScratchpadMD, 0)
	if scratch != 0 {
		size, _, _ := purego.SyscallN(d.memoryDescSize, scratch)
		p.scratch = int(size)
		// The descriptor belongs to pd, which is freed below: keep a copy.
		copyFromC(p.descs[3][:], scratch, 696)
	}
	if err := d.call(d.primCreate, uintptr(unsafe.Pointer(&p.primitive)), pd); err != nil {
		return nil, err
	}
	runtime.KeepAlive(op)
	return p, nil
}

// copyFromC copies n bytes at a C address into dst. (Inlined, it crashes the compiler of Go 1.26.8.)
//
//go:noinline
func copyFromC(dst []uint64, from uintptr, n int) {
	src := *(*unsafe.Pointer)(unsafe.Pointer(&from)) // memory of C, which the garbage collector does not move
	copy(unsafe.Slice((*byte)(unsafe.Pointer(&dst[0])), 8*len(dst)), unsafe.Slice((*byte)(src), n))
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
		if err := p.lib.call(p.lib.memoryCreate, uintptr(unsafe.Pointer(&c.args[i].memory)), uintptr(unsafe.Pointer(&p.descs[i])), p.lib.engine, 0); err != nil {
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
		if err := p.lib.call(p.lib.memorySetHandle, ctx.args[i].memory, uintptr(data)); err != nil {
			return err
		}
	}
	n := uintptr(4)
	if p.scratch == 0 {
		n = 3
	}
	err = p.lib.call(p.lib.primExecute, p.primitive, p.lib.stream, n, uintptr(unsafe.Pointer(&ctx.args)))
	runtime.KeepAlive(a)
	runtime.KeepAlive(b)
	runtime.KeepAlive(c)
	p.mu.Lock()
	p.free = append(p.free, ctx)
	p.mu.Unlock()
	return err
}
