package read

import (
	"compress/gzip"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// What comes out of a packed file is bounded, so that a small file cannot fill a disk: unpackedMost bytes, or unpackedTimes times its size where
// that is more. Texts pack to between a third and a twentieth.
const (
	unpackedMost  = 64 << 20
	unpackedTimes = 200
	windowMost    = 128 << 20 // memory that a zstd stream may ask for: that of --long
)

// packings are the endings of packed files, and what unpacks them.
var packings = map[string]func(io.Reader) (io.ReadCloser, error){
	".gz": func(from io.Reader) (io.ReadCloser, error) { return gzip.NewReader(from) },
	".zst": func(from io.Reader) (io.ReadCloser, error) {
		d, err := zstd.NewReader(from, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(windowMost))
		if err != nil {
			return nil, err
		}
		return d.IOReadCloser(), nil
	},
}

// unpacked takes the ending of a packed file off a name.
func unpacked(name string) (inner, packing string) {
	if end := strings.ToLower(filepath.Ext(name)); packings[end] != nil {
		return name[:len(name)-len(end)], end
	}
	return name, ""
}

// unpack reads what is packed, up to the bounds.
func unpack(from io.Reader, packing string) (io.ReadCloser, error) {
	in := &counter{from: from}
	out, err := packings[packing](in)
	if err != nil {
		return nil, err
	}
	return &bounded{ReadCloser: out, packed: in}, nil
}

// counter counts what is read.
type counter struct {
	from io.Reader
	n    int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.n += int64(n)
	return n, err
}

// bounded ends with an error when more comes out than the bounds allow.
type bounded struct {
	io.ReadCloser
	packed *counter
	n      int64
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.n += int64(n); b.n > max(unpackedMost, unpackedTimes*b.packed.n) {
		return 0, tooLarge()
	}
	return n, err
}

func tooLarge() error {
	return fmt.Errorf("it unpacks to more than %d MB and %d times its size; unpack it first", unpackedMost>>20, unpackedTimes)
}
