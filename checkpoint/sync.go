package checkpoint

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// WriteFileAtomic writes a file so that a reader sees the old contents or the new ones, whole, whenever the machine stops.
func WriteFileAtomic(path string, data []byte) error {
	f, err := createAtomic(path)
	if err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		return errors.Join(fmt.Errorf("checkpoint: write %s: %w", path, err), f.abort())
	}
	return f.commit()
}

// WriteStreamAtomic is WriteFileAtomic of what write gives out: a large file is never in memory.
func WriteStreamAtomic(path string, write func(w io.Writer) error) error {
	f, err := createAtomic(path)
	if err != nil {
		return err
	}
	if err := write(f); err != nil {
		return errors.Join(fmt.Errorf("checkpoint: write %s: %w", path, err), f.abort())
	}
	return f.commit()
}

// atomicFile is a buffered file that takes its place at path only when it is whole. It is the io.WriteSeeker that Arrow's writer asks
// for: it tells its position and cannot move it.
type atomicFile struct {
	path string
	f    file
	w    *bufio.Writer
	pos  int64
	err  error // first failure; later writes return it
}

// isTemporary recognises the name of a file that was not committed.
func isTemporary(name string) bool {
	return strings.HasPrefix(name, ".") && strings.Contains(name, ".tmp-")
}

func createAtomic(path string) (*atomicFile, error) {
	f, err := theDisk.temp(filepath.Dir(path), "."+filepath.Base(path)+".tmp-")
	if err != nil {
		return nil, fmt.Errorf("checkpoint: create %s: %w", path, err)
	}
	return &atomicFile{path: path, f: f, w: bufio.NewWriterSize(f, 1<<16)}, nil
}

func (a *atomicFile) Write(p []byte) (int, error) {
	if a.err != nil {
		return 0, a.err
	}
	n, err := a.w.Write(p)
	a.pos += int64(n)
	a.err = err
	return n, err
}

// Seek answers where the next byte goes and refuses to go elsewhere.
func (a *atomicFile) Seek(offset int64, whence int) (int64, error) {
	if offset != 0 || whence != io.SeekCurrent {
		return 0, errors.New("checkpoint: file is written front to back")
	}
	return a.pos, nil
}

// commit flushes, syncs and renames; on a failure the file that stood at path is untouched.
func (a *atomicFile) commit() error {
	err := a.err
	if err == nil {
		err = a.w.Flush()
	}
	if err == nil {
		err = a.f.Chmod(0o644)
	}
	if err == nil {
		err = a.f.Sync()
	}
	if err == nil {
		err = a.f.Close()
	}
	if err == nil {
		err = theDisk.rename(a.f.Name(), a.path)
	}
	if err == nil {
		err = theDisk.syncDir(filepath.Dir(a.path))
	}
	if err != nil {
		return errors.Join(fmt.Errorf("checkpoint: write %s: %w", a.path, err), a.abort())
	}
	return nil
}

// abort removes what was written. A file that is already closed or gone is no error.
func (a *atomicFile) abort() error {
	if err := a.f.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return errors.Join(err, theDisk.remove(a.f.Name()))
	}
	if err := theDisk.remove(a.f.Name()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// writeSynced writes a new file and syncs it.
func writeSynced(path string, data []byte) error {
	f, err := theDisk.open(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
