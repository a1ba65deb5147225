package checkpoint

import (
	"bytes"
	"encoding/hex"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/ipc"
)

var update = flag.Bool("update", false, "write the golden files again")

var goldenMeta = map[string]string{"config": `{"width":4}`, "a": "ä"}

func goldenTensors() []Tensor {
	return []Tensor{
		{Name: "embed.weight", Shape: []int{3, 2}, Data: []float32{0, 1, -1, 0.5, 1e-30, -3e30}},
		{Name: "scalar", Shape: []int{}, Data: []float32{7}},
		{Name: "empty", Shape: []int{0, 4}},
		{Name: "norm.weight", Shape: []int{5}, Data: []float32{1, 2, 3, 4, 5}},
	}
}

// sameTensors compares name, shape and values, an empty slice being equal to none.
func sameTensors(a, b []Tensor) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Name != b[i].Name || !bytes.Equal(rawFloats(a[i].Data), rawFloats(b[i].Data)) ||
			len(a[i].Shape) != len(b[i].Shape) || len(a[i].Shape) > 0 && !reflect.DeepEqual(a[i].Shape, b[i].Shape) {
			return false
		}
	}
	return true
}

func golden(t testing.TB, name string, make func(path string) error) string {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := make(path); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

func goldenWeights(t testing.TB) string {
	return golden(t, "weights.arrow", func(path string) error { return WriteWeights(path, goldenMeta, goldenTensors()) })
}

func TestWeights_GoldenFileReadsAsWrittenAndIsWrittenTheSameAgain(t *testing.T) {
	path := goldenWeights(t)
	w, err := OpenWeights(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Close() }()
	if !sameTensors(w.Tensors, goldenTensors()) || !reflect.DeepEqual(w.Meta, goldenMeta) {
		t.Errorf("read %v %v", w.Meta, w.Tensors)
	}
	if i := w.differing(); i >= 0 {
		t.Errorf("tensor %s differs from its sha256", w.Tensors[i].Name)
	}
	again := filepath.Join(t.TempDir(), "w.arrow")
	if err := WriteWeights(again, goldenMeta, goldenTensors()); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(read(t, path), read(t, again)) {
		t.Error("the same tensors gave other bytes than the golden file")
	}
}

func TestWeights_AreViewsOfTheMappedFile(t *testing.T) {
	w, err := OpenWeights(goldenWeights(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range w.Tensors {
		raw := rawFloats(x.Data)
		if at := offsetIn(w.data, raw); len(raw) > 0 && (at < 0 || !bytes.Equal(w.data[at:at+len(raw)], raw)) {
			t.Errorf("%s was copied", x.Name)
		}
	}
	if err := errors.Join(w.Close(), w.Close()); err != nil {
		t.Error(err)
	}
}

// offsetIn is where the memory of part lies in that of whole; negative when it does not.
func offsetIn(whole, part []byte) int {
	from := uintptr(unsafe.Pointer(unsafe.SliceData(whole)))
	at := uintptr(unsafe.Pointer(unsafe.SliceData(part)))
	if at < from || at+uintptr(len(part)) > from+uintptr(len(whole)) {
		return -1
	}
	return int(at - from)
}

func TestWeights_ArrowsOwnReaderAgreesWithOurs(t *testing.T) {
	f, err := os.Open(goldenWeights(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	r, err := ipc.NewFileReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range goldenTensors() {
		rec, err := r.Record(i)
		if err != nil {
			t.Fatal(err)
		}
		data := rec.Column(2).(*array.LargeList).ListValues().(*array.Float32).Float32Values()
		if got := rec.Column(0).(*array.String).Value(0); got != want.Name || !bytes.Equal(rawFloats(data), rawFloats(want.Data)) {
			t.Errorf("tensor %d: %s %v", i, got, data)
		}
	}
}

func TestWeights_WhatCannotBeReadBackIsNotWritten(t *testing.T) {
	dir := t.TempDir()
	for name, ts := range map[string][]Tensor{
		"short":    {{Name: "a", Shape: []int{2}, Data: []float32{1}}},
		"negative": {{Name: "a", Shape: []int{-1, -1}, Data: []float32{1}}},
		"overflow": {{Name: "a", Shape: []int{1 << 62, 4}, Data: nil}},
		"twice":    {{Name: "a", Shape: []int{1}, Data: []float32{1}}, {Name: "a", Shape: []int{1}, Data: []float32{1}}},
	} {
		if err := WriteWeights(filepath.Join(dir, "w.arrow"), nil, ts); err == nil {
			t.Errorf("%s: written", name)
		}
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestWeights_CutAtEveryByteAreRefused(t *testing.T) {
	whole := read(t, goldenWeights(t))
	for n := range whole {
		if a, err := parseArrow(whole[:n:n]); err == nil {
			if err := new(Weights).load(a); err == nil {
				t.Fatalf("%d of %d bytes were accepted", n, len(whole))
			}
		} else if !errors.Is(err, ErrCorrupt) {
			t.Fatalf("%d bytes: %v", n, err)
		}
	}
	path := filepath.Join(t.TempDir(), "w.arrow")
	for _, n := range []int{0, 1, 15, len(whole) / 2, len(whole) - 1} {
		write(t, path, whole[:n])
		if _, err := OpenWeights(path); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

// checkpointOfWeights commits a checkpoint with the golden weights.
func checkpointOfWeights(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "dp")
	p, err := Begin(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := WriteWeights(p.Path("weights.arrow"), goldenMeta, goldenTensors()); err != nil {
		t.Fatal(err)
	}
	write(t, p.Path("resume/state.bin"), []byte("cursor"))
	if err := p.Commit(testManifest()); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestVerify_NoticesEveryFlippedByte(t *testing.T) {
	dir := checkpointOfWeights(t)
	if err := Verify(dir); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"weights.arrow", "manifest.json"} {
		path := filepath.Join(dir, name)
		good := read(t, path)
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		for i := range good {
			for _, mask := range []byte{1 << (i % 8), 0x20} {
				flip(t, f, int64(i), good[i]^mask)
				if err := Verify(dir); err == nil {
					t.Fatalf("%s: byte %d xor %#x went unseen", name, i, mask)
				}
			}
			flip(t, f, int64(i), good[i])
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := Verify(dir); err != nil {
		t.Errorf("after all flips were undone: %v", err)
	}
}

func TestVerify_NamesTheTensorThatDiffers(t *testing.T) {
	dir := checkpointOfWeights(t)
	path := filepath.Join(dir, "weights.arrow")
	data := read(t, path)
	at := bytes.Index(data, rawFloats([]float32{1, 2, 3, 4, 5}))
	if at < 0 {
		t.Fatal("the tensor's bytes are not in the file")
	}
	data[at+6] ^= 4
	write(t, path, data)
	if err := Verify(dir); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "norm.weight") || !strings.Contains(err.Error(), "weights.arrow") {
		t.Errorf("error does not name it: %v", err)
	}
}

func FuzzWeights_AnyFileIsReadOrRefused(f *testing.F) {
	whole := read(f, filepath.Join("testdata", "weights.arrow"))
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Add([]byte(arrowMagic))
	cyclic, _ := hex.DecodeString("4152524f5731000000000000")
	f.Add(cyclic)
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := parseArrow(data)
		if err != nil {
			if !errors.Is(err, ErrCorrupt) {
				t.Fatalf("untyped: %v", err)
			}
			return
		}
		w := &Weights{}
		if err := w.load(a); err != nil {
			if !errors.Is(err, ErrCorrupt) {
				t.Fatalf("untyped: %v", err)
			}
			return
		}
		_ = w.differing()
		for _, x := range w.Tensors {
			if n, ok := elements(x.Shape); !ok || n != len(x.Data) || 4*n > len(data) {
				t.Fatalf("tensor %q of shape %v has %d elements in %d bytes", x.Name, x.Shape, len(x.Data), len(data))
			}
		}
	})
}
