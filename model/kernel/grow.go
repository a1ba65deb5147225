package kernel

import "unsafe"

// Grow makes a buffer n elements long and returns it. What was in it may be lost; memory is taken only beyond the largest n so far.
func Grow[E any](buf *[]E, n int) []E {
	if cap(*buf) < n {
		*buf = make([]E, n)
	}
	*buf = (*buf)[:n]
	return *buf
}

// aligned gives n elements of the buffer, from a multiple of 64 bytes on.
func aligned[E byte | uint16 | float32](buf *[]E, n int) []E {
	size := int(unsafe.Sizeof((*buf)[0]))
	if pad := 64 / size; cap(*buf) < n+pad {
		*buf = make([]E, n+pad)
		adviseHuge(*buf)
	}
	at := (64 - int(uintptr(unsafe.Pointer(unsafe.SliceData(*buf)))%64)) % 64 / size
	return (*buf)[at : at+n]
}
