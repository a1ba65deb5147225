//go:build !linux

package gguf

// forget does nothing: the system takes the memory of mapped files back when it needs it.
func forget([]byte) {}
