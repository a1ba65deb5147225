package sandbox

import "golang.org/x/sys/unix"

var machines = map[string]machine{"arm64": {unix.AUDIT_ARCH_AARCH64, []uint32{
	unix.SYS_EXECVEAT, unix.SYS_UNSHARE, unix.SYS_SETNS, unix.SYS_PTRACE, unix.SYS_MOUNT, unix.SYS_BPF, unix.SYS_KEYCTL,
	unix.SYS_IO_URING_SETUP, unix.SYS_PERF_EVENT_OPEN, unix.SYS_USERFAULTFD,
}}}
