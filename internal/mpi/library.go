//go:build linux && (amd64 || arm64)

package mpi

import (
	"fmt"
	"os"
	"strings"
	"unsafe"

	"github.com/ebitengine/purego"
)

// library are the functions of Open MPI that are used, and its constants, which are addresses.
type library struct {
	initThread, finalize, abort, commRank, commSize, isend, irecv, testall, errorString, processorName, setErrhandler uintptr

	world, bytes, errorsReturn uintptr
}

// Files that are Open MPI, versions 3 to 5.
var files = []string{"libmpi.so.40", "libmpi.so"}

// load opens the library: the file that $SLM_MPI names, else Open MPI where the system has it.
func load() (*library, error) {
	names := files
	if name := os.Getenv("SLM_MPI"); name != "" {
		names = []string{name}
	}
	var lib uintptr
	var err error
	for _, name := range names {
		if lib, err = purego.Dlopen(name, purego.RTLD_NOW|purego.RTLD_GLOBAL); err == nil { // its plugins look for its symbols
			break
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%w: Open MPI is not there (Debian's libopenmpi3): %v", ErrUnavailable, err)
	}
	version, err := purego.Dlsym(lib, "MPI_Get_library_version")
	if err != nil {
		return nil, fmt.Errorf("%w: %s is no MPI", ErrUnavailable, names)
	}
	var text [8192]byte
	var n int32
	purego.SyscallN(version, uintptr(unsafe.Pointer(&text)), uintptr(unsafe.Pointer(&n)))
	if what := strings.TrimSpace(string(text[:max(0, min(int(n), len(text)))])); !strings.Contains(what, "Open MPI") {
		line, _, _ := strings.Cut(what, "\n")
		line = strings.Join(strings.Fields(line), " ")
		return nil, fmt.Errorf("%w: the library is %q; this program knows Open MPI", ErrUnavailable, line)
	}
	m := &library{}
	for name, to := range map[string]*uintptr{
		"MPI_Init_thread": &m.initThread, "MPI_Finalize": &m.finalize, "MPI_Abort": &m.abort, "MPI_Comm_rank": &m.commRank, "MPI_Comm_size": &m.commSize,
		"MPI_Isend": &m.isend, "MPI_Irecv": &m.irecv, "MPI_Testall": &m.testall, "MPI_Error_string": &m.errorString,
		"MPI_Get_processor_name": &m.processorName, "MPI_Comm_set_errhandler": &m.setErrhandler,
		"ompi_mpi_comm_world": &m.world, "ompi_mpi_byte": &m.bytes, "ompi_mpi_errors_return": &m.errorsReturn,
	} {
		if *to, err = purego.Dlsym(lib, name); err != nil {
			return nil, fmt.Errorf("%w: Open MPI has no %s", ErrUnavailable, name)
		}
	}
	return m, nil
}

// call calls a function that returns an MPI error code. What the arguments point to stays where it is until it is back.
//
//go:uintptrescapes
func (m *library) call(f uintptr, args ...uintptr) error {
	code, _, _ := purego.SyscallN(f, args...)
	if int32(code) == 0 {
		return nil
	}
	var text [1024]byte
	var n int32
	purego.SyscallN(m.errorString, code, uintptr(unsafe.Pointer(&text)), uintptr(unsafe.Pointer(&n)))
	return fmt.Errorf("mpi: %s", text[:max(0, min(int(n), len(text)))])
}
