package safetensors

import (
	"encoding/binary"
	"fmt"
	"io"
	"iter"
	"maps"
	"math"
	"os"
	"slices"

	"slm/model/kernel"
	"slm/model/weights"
)

// File is an open file. Its methods may be called from several goroutines, Close after all others.
type File struct {
	name    string
	data    io.ReaderAt
	close   func() error
	tensors map[string]tensor
}

// tensor is one of the header's entries, checked against the file.
type tensor struct {
	name  string
	kind  string // F32, BF16 …
	shape []int
	at    int64 // of the first byte in the file
	bytes int64
	count int64 // values
}

// Open reads and checks a file's header. The errors name the file and the field; they wrap weights.ErrFormat, or are those of the file system.
func Open(path string) (*File, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("safetensors: open: %w", err)
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("safetensors: open: %s is no regular file", path)
	}
	var f *File
	if err == nil {
		f, err = parse(path, file, info.Size())
	}
	if err != nil {
		_ = file.Close() // the first error is the one to tell
		return nil, err
	}
	f.close = file.Close
	return f, nil
}

// Name is the path that the file was opened with.
func (f *File) Name() string { return f.name }

// Close releases the file. Values that were read are copies and stay valid.
func (f *File) Close() error {
	if f.close == nil {
		return nil
	}
	if err := f.close(); err != nil {
		return fmt.Errorf("safetensors: close: %w", err)
	}
	return nil
}

// Names lists the tensors in order.
func (f *File) Names() []string { return slices.Sorted(maps.Keys(f.tensors)) }

// Tensors goes through the tensors in the order of their names. One that holds no floating-point numbers that are known here can be passed over:
// only its Read is an error.
func (f *File) Tensors() iter.Seq2[weights.Tensor, error] {
	return func(yield func(weights.Tensor, error) bool) {
		for _, name := range f.Names() {
			t := f.tensors[name]
			if !yield(weights.Tensor{Name: name, Shape: t.shape, Read: func(into []float32) error { return f.read(into, t) }}, nil) {
				return
			}
		}
	}
}

// widths are the bytes of a value of the types that can be read.
var widths = map[string]int64{"F32": 4, "F16": 2, "BF16": 2}

// readValues is how many values a task reads at a time.
const readValues = 1 << 16

// read converts a tensor's values to float32.
func (f *File) read(into []float32, t tensor) error {
	width, ok := widths[t.kind]
	switch {
	case !ok:
		return fmt.Errorf("%w: %s: tensor %s has type %s; readable are F32, F16, BF16", weights.ErrUnsupported, f.name, weights.Clip(t.name), weights.Clip(t.kind))
	case int64(len(into)) != t.count:
		return fmt.Errorf("safetensors: %s: tensor %s has %d values, not %d", f.name, weights.Clip(t.name), t.count, len(into))
	}
	errs := make([]error, (len(into)+readValues-1)/readValues)
	kernel.Tiles(len(into), readValues, func(lo, hi int) {
		raw := make([]byte, int64(hi-lo)*width)
		if _, err := f.data.ReadAt(raw, t.at+int64(lo)*width); err != nil {
			errs[lo/readValues] = fmt.Errorf("safetensors: %s: tensor %s: %w", f.name, weights.Clip(t.name), err)
			return
		}
		widen(into[lo:hi], raw, t.kind)
	})
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// widen makes float32 of the bytes of a type that can be read.
func widen(into []float32, raw []byte, kind string) {
	for i := range into {
		switch kind {
		case "F32":
			into[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
		case "F16":
			into[i] = kernel.FromHalf(binary.LittleEndian.Uint16(raw[2*i:]))
		case "BF16":
			into[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(raw[2*i:])) << 16)
		}
	}
}
