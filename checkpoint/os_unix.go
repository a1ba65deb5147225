//go:build unix

package checkpoint

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// dirLock marks a directory as in use by a living process: the system drops the lock when the process ends, however it ends.
type dirLock struct{ f *os.File }

func lockDir(dir string) (*dirLock, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		// A file system without locks: the run folder's own lock still keeps two processes apart.
		if errors.Is(err, syscall.ENOSYS) || errors.Is(err, syscall.ENOTSUP) || errors.Is(err, syscall.ENOLCK) {
			return &dirLock{f}, nil
		}
		return nil, errors.Join(fmt.Errorf("lock %s: %w", dir, err), f.Close())
	}
	return &dirLock{f}, nil
}

// tryLockDir returns nil when another process, or another Pending of this one, holds the directory.
func tryLockDir(dir string) *dirLock {
	lock, err := lockDir(dir)
	if err != nil {
		return nil
	}
	return lock
}

func (l *dirLock) release() { _ = l.f.Close() } // closing drops the lock; nothing was written through it

// syncDir makes the names in a directory durable. Some file systems cannot sync a directory and say EINVAL; they have no more to give.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = f.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		err = nil
	}
	return errors.Join(err, f.Close())
}

// mapFile maps a file of size > 0 bytes for reading. The bytes stay valid until unmap, also when the file is removed or replaced.
func mapFile(f *os.File, size int) ([]byte, error) {
	return syscall.Mmap(int(f.Fd()), 0, size, syscall.PROT_READ, syscall.MAP_SHARED)
}

func unmap(data []byte) error { return syscall.Munmap(data) }

// unload drops pages of a mapping, from the start of one on, which are read from the file when they are next used. A system that will not
// keeps them, which costs memory alone.
func unload(data []byte) { _ = unix.Madvise(data, unix.MADV_DONTNEED) }
