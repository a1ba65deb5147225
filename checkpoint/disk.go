package checkpoint

import (
	"io"
	"io/fs"
	"os"
)

// disk is what this package asks of the file system wherever a crash or a fault matters. It is here so that tests can put another in its
// place: one that fails, and one that forgets what was not synced.
type disk struct {
	open     func(path string, flag int) (file, error) // creates with mode 0644
	temp     func(dir, pattern string) (file, error)   // as os.CreateTemp
	tempDir  func(dir, pattern string) (string, error) // as os.MkdirTemp
	mkdir    func(path string) error                   // one folder; fs.ErrExist when it is there
	rename   func(from, to string) error
	exchange func(a, b string) error // swaps two names in one step
	remove   func(path string) error // with all that it holds; nothing there is no error
	syncFile func(path string) error
	syncDir  func(path string) error
}

// file is a file that is written.
type file interface {
	io.Writer
	io.WriterAt
	io.ReaderAt
	io.Closer
	Name() string
	Sync() error
	Truncate(size int64) error
	Chmod(mode fs.FileMode) error
}

// theDisk is the operating system's, but in tests.
var theDisk = disk{
	open:     func(path string, flag int) (file, error) { return opened(os.OpenFile(path, flag, 0o644)) },
	temp:     func(dir, pattern string) (file, error) { return opened(os.CreateTemp(dir, pattern)) },
	tempDir:  os.MkdirTemp,
	mkdir:    func(path string) error { return os.Mkdir(path, 0o777) },
	rename:   os.Rename,
	exchange: exchange,
	remove:   os.RemoveAll,
	syncFile: syncFile,
	syncDir:  syncDir,
}

// opened keeps a nil *os.File from becoming a file that is not nil.
func opened(f *os.File, err error) (file, error) {
	if err != nil {
		return nil, err
	}
	return f, nil
}
