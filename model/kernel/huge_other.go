//go:build !linux

package kernel

// adviseHuge does nothing: large pages are asked for on Linux.
func adviseHuge[E byte | uint16 | float32]([]E) {}
