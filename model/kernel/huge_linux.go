package kernel

import (
	"syscall"
	"unsafe"
)

// hugeFrom is how much memory is worth large pages.
const hugeFrom = 4 << 20

// adviseHuge asks for large pages for memory that nobody has touched yet. Weights pass by once a token, and with pages of 4 KB a third of the time is
// spent on finding them. That the system does not comply is no error.
func adviseHuge[E byte | uint16 | float32](fresh []E) {
	memory := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(fresh))), len(fresh)*int(unsafe.Sizeof(fresh[0])))
	if len(memory) < hugeFrom {
		return
	}
	page := syscall.Getpagesize()
	whole := memory[-int(uintptr(unsafe.Pointer(unsafe.SliceData(memory))))&(page-1):]
	_ = syscall.Madvise(whole[:len(whole)&^(page-1)], syscall.MADV_HUGEPAGE)
}
