package sandbox

import (
	"encoding/binary"
	"fmt"
	"runtime"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// machine is what a filter of system calls has to know of a processor.
type machine struct {
	arch  uint32   // AUDIT_ARCH_…
	calls []uint32 // those that are refused
}

// Where the kernel puts what a filter reads (struct seccomp_data), bytes.
const (
	atCall  = 0
	atArch  = 4
	atFlags = 16 // the lower half of the first argument, on processors with the lower half first
)

// The answers of a filter.
const (
	allow      = 0x7fff0000
	kill       = 0x80000000
	refuse     = 0x00050000 | uint32(unix.EPERM)
	unknown    = 0x00050000 | uint32(unix.ENOSYS)
	foreignABI = 0x40000000 // calls of x32, which have numbers of their own
)

// filter is a program for the kernel that lets threads be started, and no processes: what cannot fork cannot fork without end. A limit of the number of
// processes would not hold for root.
func filter() ([]byte, error) {
	m, ok := machines[runtime.GOARCH]
	if !ok {
		return nil, fmt.Errorf("sandbox: %w: no list of system calls for %s", ErrUnavailable, runtime.GOARCH)
	}
	code := []bpf.Instruction{
		bpf.LoadAbsolute{Off: atArch, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: m.arch, SkipTrue: 1},
		bpf.RetConstant{Val: kill},
		bpf.LoadAbsolute{Off: atCall, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpLessThan, Val: foreignABI, SkipTrue: 1},
		bpf.RetConstant{Val: kill},
	}
	for _, call := range m.calls {
		code = append(code, bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: call, SkipTrue: 1}, bpf.RetConstant{Val: refuse})
	}
	code = append(code,
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: unix.SYS_CLONE3, SkipTrue: 1}, bpf.RetConstant{Val: unknown}, // its flags are in memory; callers fall back to clone
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: unix.SYS_CLONE, SkipTrue: 3},
		bpf.LoadAbsolute{Off: atFlags, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpBitsSet, Val: unix.CLONE_THREAD, SkipTrue: 1},
		bpf.RetConstant{Val: refuse},
		bpf.RetConstant{Val: allow},
	)
	raw, err := bpf.Assemble(code)
	if err != nil {
		return nil, fmt.Errorf("sandbox: filter of system calls: %w", err)
	}
	var out []byte
	for _, r := range raw { // struct sock_filter
		out = binary.LittleEndian.AppendUint16(out, r.Op)
		out = append(out, r.Jt, r.Jf)
		out = binary.LittleEndian.AppendUint32(out, r.K)
	}
	return out, nil
}
