//go:build !linux

package kernel

import "testing"

// guardedMemory has no guard pages here; the canary words alone watch.
func guardedMemory(_ testing.TB, size int) []byte { return make([]byte, size) }
