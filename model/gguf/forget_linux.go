package gguf

import (
	"syscall"
	"unsafe"
)

// forget gives the memory of a part of a mapped file back; whoever reads it again reads it from the file.
func forget(data []byte) {
	page := syscall.Getpagesize()
	if len(data) < page {
		return
	}
	whole := data[-int(uintptr(unsafe.Pointer(unsafe.SliceData(data))))&(page-1):]
	if whole = whole[:len(whole)&^(page-1)]; len(whole) > 0 {
		_ = syscall.Madvise(whole, syscall.MADV_DONTNEED) // nothing is lost if the system does not comply
	}
}
