//go:build !unix

package checkpoint

import (
	"io"
	"os"
)

// dirLock does nothing here; the run folder's own lock keeps two processes apart.
type dirLock struct{}

func lockDir(string) (*dirLock, error) { return &dirLock{}, nil }
func tryLockDir(string) *dirLock       { return &dirLock{} }
func (*dirLock) release()              {}

// syncDir does nothing: directories cannot be synced here.
func syncDir(string) error { return nil }

// mapFile reads the file: same bytes, more memory.
func mapFile(f *os.File, size int) ([]byte, error) {
	data := make([]byte, size)
	_, err := io.ReadFull(f, data)
	return data, err
}

func unmap([]byte) error { return nil }

// unload does nothing: what was read stays where it is.
func unload([]byte) {}
