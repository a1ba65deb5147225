package kernel

import "syscall"

// requestTiles asks Linux for the tiles' state, which a process has only on demand (Documentation/arch/x86/xstate.rst).
func requestTiles() error {
	const requestPermission, tileData = 0x1023, 18
	if _, _, errno := syscall.RawSyscall(syscall.SYS_ARCH_PRCTL, requestPermission, tileData, 0); errno != 0 {
		return errno
	}
	return nil
}
