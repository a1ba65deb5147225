package gguf

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"sync/atomic"

	"slm/model/blocks"
	"slm/model/weights"
)

// File is an open GGUF file. Its methods may be called from several goroutines, Close after all others.
type File struct {
	name    string
	data    []byte         // the whole file, mapped
	unmap   []func() error // of each part
	version uint32
	meta    map[string]any
	tensors map[string]Tensor
	rows    atomic.Pointer[Tensor] // whose rows were given last
}

// Tensor describes one tensor; Floats reads its values.
type Tensor struct {
	Name  string
	Shape []int // row-major, outermost first: GGUF's order reversed
	Type  blocks.Type
	data  []byte // view into the mapped file; nil when the type is not supported
}

// ChatTemplate is the file's chat template as it stands there, "" when it has none.
func (f *File) ChatTemplate() string {
	template, _, err := lookup[string](f, "tokenizer.chat_template")
	if err != nil {
		return ""
	}
	return template
}

// errorsFirst keeps the first of two errors: what follows from a failure says nothing new.
func errorsFirst(first, second error) error {
	if first != nil {
		return first
	}
	return second
}

// Name is the path the file was opened with.
func (f *File) Name() string { return f.name }

// Version is the version of the format, 2 or 3.
func (f *File) Version() int { return int(f.version) }

// Keys lists the metadata keys in order.
func (f *File) Keys() []string { return slices.Sorted(maps.Keys(f.meta)) }

// Meta returns a metadata value: uint64, int64, float64 (whatever the width in the file), bool, string, or a slice of one of them.
func (f *File) Meta(key string) (any, bool) {
	v, ok := f.meta[key]
	return v, ok
}

// Names lists the tensors in order.
func (f *File) Names() []string { return slices.Sorted(maps.Keys(f.tensors)) }

// Tensor returns the description of a tensor.
func (f *File) Tensor(name string) (Tensor, bool) {
	t, ok := f.tensors[name]
	return t, ok
}

// Floats returns a tensor's values, de-quantised, row-major.
func (f *File) Floats(name string) ([]float32, error) {
	t, ok := f.tensors[name]
	if !ok {
		return nil, fmt.Errorf("%w: %s: tensor %s is missing", weights.ErrFormat, f.name, name)
	}
	if err := f.readable(t); err != nil {
		return nil, err
	}
	out := make([]float32, t.count())
	blocks.Dequantise(t.Type, out, t.data)
	return out, nil
}

func (f *File) readable(t Tensor) error {
	if t.data == nil {
		return fmt.Errorf("%w: %s: tensor %s has type %s; readable are %s", weights.ErrUnsupported, f.name, weights.Clip(t.Name), t.Type, blocks.Readable)
	}
	return nil
}

func (t Tensor) count() int {
	n := 1
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

// lookup reads a metadata value of a known type; a value of another type is an error that names the key.
func lookup[T any](f *File, key string) (value T, ok bool, err error) {
	v, ok := f.meta[key]
	if !ok {
		return value, false, nil
	}
	value, ok = v.(T)
	if !ok {
		return value, false, fmt.Errorf("%w: %s: metadata %s holds a %T, want %T", weights.ErrFormat, f.name, key, v, value)
	}
	return value, true, nil
}

// openRegular opens a file that can be mapped: a directory or a pipe would fail later with a riddle.
func openRegular(path string) (*os.File, int64, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no regular file", path)
	}
	if err != nil {
		return nil, 0, errorsFirst(err, file.Close())
	}
	return file, info.Size(), nil
}
