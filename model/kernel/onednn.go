//go:build linux && (amd64 || arm64)

package kernel

import (
	"fmt"
	"os"
	"sync"
	"unsafe"

	"github.com/ebitengine/purego"
)

// oneDNN's C interface, version 2 (Debian 12's libdnnl2) and 3 (Debian 13's libdnnl3). The library is opened at run time: the program
// links without it and without cgo. It runs single-threaded inside a call; the parallelism is ours (see Parallel), so that no result
// depends on the number of threads.
type dnnlLibrary struct {
	version        string
	major          int32
	engine, stream uintptr

	// What both versions have.
	memoryDescSize, memoryCreate, memorySetHandle         uintptr
	attrCreate, attrDestroy, attrScratchpad, attrPostOps  uintptr
	postOpsCreate, postOpsDestroy, postOpsSum             uintptr
	primDescQueryMD, primCreate, primExecute              uintptr
	memoryDesc                                            uintptr // version 2 fills a structure of the caller's, version 3 makes an object
	matmulDescInit, primDescCreate, matmulPrimitiveDescV3 uintptr // in two steps in version 2, in one in version 3
}

// symbols names the library's functions beside the fields that keep them.
func (d *dnnlLibrary) symbols() map[string]*uintptr {
	names := map[string]*uintptr{
		"dnnl_memory_desc_get_size": &d.memoryDescSize, "dnnl_memory_create": &d.memoryCreate, "dnnl_memory_set_data_handle": &d.memorySetHandle,
		"dnnl_primitive_attr_create": &d.attrCreate, "dnnl_primitive_attr_destroy": &d.attrDestroy,
		"dnnl_primitive_attr_set_scratchpad_mode": &d.attrScratchpad, "dnnl_primitive_attr_set_post_ops": &d.attrPostOps,
		"dnnl_post_ops_create": &d.postOpsCreate, "dnnl_post_ops_destroy": &d.postOpsDestroy, "dnnl_post_ops_append_sum": &d.postOpsSum,
		"dnnl_primitive_desc_query_md": &d.primDescQueryMD, "dnnl_primitive_create": &d.primCreate, "dnnl_primitive_execute": &d.primExecute,
	}
	if d.major == 2 {
		names["dnnl_memory_desc_init_by_strides"] = &d.memoryDesc
		names["dnnl_matmul_desc_init"], names["dnnl_primitive_desc_create"] = &d.matmulDescInit, &d.primDescCreate
	} else {
		names["dnnl_memory_desc_create_with_strides"] = &d.memoryDesc
		names["dnnl_matmul_primitive_desc_create"] = &d.matmulPrimitiveDescV3
	}
	return names
}

// openDNNL opens the library once: the file that $SLM_ONEDNN names, else the newest that is installed.
var openDNNL = sync.OnceValues(func() (*dnnlLibrary, error) {
	switch name := os.Getenv("SLM_ONEDNN"); name {
	case "off":
		return nil, fmt.Errorf("%w: switched off by SLM_ONEDNN=off", ErrNoOneDNN)
	case "":
		lib, err := loadDNNL("libdnnl.so.3")
		if err != nil {
			lib, err = loadDNNL("libdnnl.so.2")
		}
		return lib, err
	default:
		return loadDNNL(name)
	}
})

// loadDNNL opens a library by its file's name.
func loadDNNL(file string) (*dnnlLibrary, error) {
	// libgomp reads its environment once, when it is loaded: one thread a call, because our tiles are the parallelism.
	if libc, err := purego.Dlopen("libc.so.6", purego.RTLD_NOW|purego.RTLD_GLOBAL); err == nil {
		var setenv func(key, value string, overwrite int32) int32
		purego.RegisterLibFunc(&setenv, libc, "setenv")
		setenv("OMP_NUM_THREADS", "1", 1)
	}
	lib, err := purego.Dlopen(file, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return nil, fmt.Errorf("%w: it is not installed (%v)", ErrNoOneDNN, err)
	}
	symbol := func(name string) (at uintptr, err error) {
		if at, err = purego.Dlsym(lib, name); err != nil {
			err = fmt.Errorf("%w: %s has no %s", ErrNoOneDNN, file, name)
		}
		return at, err
	}
	at, err := symbol("dnnl_version")
	if err != nil {
		return nil, err
	}
	var version func() unsafe.Pointer
	purego.RegisterFunc(&version, at)
	v := (*[3]int32)(version())
	d := &dnnlLibrary{version: fmt.Sprintf("%d.%d", v[0], v[1]), major: v[0]}
	if d.major != 2 && d.major != 3 {
		return nil, fmt.Errorf("%w: %s is version %s, this program knows 2 and 3", ErrNoOneDNN, file, d.version)
	}
	var newEngine, newStream uintptr
	names := d.symbols()
	names["dnnl_engine_create"], names["dnnl_stream_create"] = &newEngine, &newStream
	for name, to := range names {
		if *to, err = symbol(name); err != nil {
			return nil, err
		}
	}
	const cpu, inOrder = 1, 1
	if err := d.call(newEngine, uintptr(unsafe.Pointer(&d.engine)), cpu, 0); err != nil {
		return nil, fmt.Errorf("%w: no engine: %v", ErrNoOneDNN, err)
	}
	if err := d.call(newStream, uintptr(unsafe.Pointer(&d.stream)), d.engine, inOrder); err != nil {
		return nil, fmt.Errorf("%w: no stream: %v", ErrNoOneDNN, err)
	}
	return d, nil
}

// call runs a C function that returns dnnl_status_t. What the arguments point to stays where it is until it is back.
//
//go:uintptrescapes
func (d *dnnlLibrary) call(f uintptr, args ...uintptr) error { return d.invoke(f, args) }

// invoke is call for arguments that point to nothing on the stack. It allocates nothing.
func (d *dnnlLibrary) invoke(f uintptr, args []uintptr) error {
	if status, _, _ := purego.SyscallN(f, args...); int32(status) != 0 {
		return fmt.Errorf("kernel: oneDNN status %d", int32(status))
	}
	return nil
}
