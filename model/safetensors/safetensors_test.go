package safetensors

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"slm/model/weights"
	"slm/model/weights/weightstest"
)

func golden(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "small.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// values reads all tensors that can be read.
func values(t testing.TB, f *File) map[string][]float32 {
	t.Helper()
	out := map[string][]float32{}
	for tensor, err := range f.Tensors() {
		if err != nil {
			t.Fatal(err)
		}
		n := 1
		for _, d := range tensor.Shape {
			n *= d
		}
		if n > 1<<20 {
			continue // a type that takes no room, in a fuzzed file
		}
		into := make([]float32, n)
		if err := tensor.Read(into); err == nil {
			out[tensor.Name] = into
		} else if !errors.Is(err, weights.ErrUnsupported) {
			t.Fatal(err)
		}
	}
	return out
}

// The golden file is of the format's own library (scripts/golden/tensors.py).
func TestOpen_FileOfTheLibraryHasItsValues(t *testing.T) {
	var want map[string]struct {
		Shape  []int
		Values []float32
	}
	text, err := os.ReadFile(filepath.Join("testdata", "small.json"))
	if err == nil {
		err = json.Unmarshal(text, &want)
	}
	if err != nil {
		t.Fatal(err)
	}
	f, err := Open(filepath.Join("testdata", "small.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	got := values(t, f)
	if len(got) != len(want) {
		t.Errorf("%d tensors can be read, want %d", len(got), len(want))
	}
	for tensor, err := range f.Tensors() {
		w, ok := want[tensor.Name]
		if err != nil || !ok {
			continue
		}
		if !slices.Equal(tensor.Shape, w.Shape) || !slices.EqualFunc(got[tensor.Name], w.Values, func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) }) {
			t.Errorf("%s: %v %v, want %v %v", tensor.Name, tensor.Shape, got[tensor.Name], w.Shape, w.Values)
		}
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

func TestTensors_OtherTypesAreRefusedByName(t *testing.T) {
	f, err := parse("m", bytes.NewReader(golden(t)), int64(len(golden(t))))
	if err != nil {
		t.Fatal(err)
	}
	for tensor, err := range f.Tensors() {
		if err != nil || tensor.Name != "ids" {
			continue
		}
		if err := tensor.Read(make([]float32, 4)); !errors.Is(err, weights.ErrUnsupported) || !strings.Contains(err.Error(), "ids has type I64") {
			t.Error(err)
		}
		return
	}
	t.Error("the tensor ids is not there")
}

func TestParse_CutAtAnyByteIsAnError(t *testing.T) {
	data := golden(t)
	for n := range data {
		if f, err := parse("cut", bytes.NewReader(data[:n]), int64(n)); !errors.Is(err, weights.ErrFormat) {
			t.Fatalf("cut at %d: %v, %v", n, f, err)
		}
	}
	if _, err := parse("long", bytes.NewReader(append(slices.Clone(data), 0)), int64(len(data)+1)); !errors.Is(err, weights.ErrFormat) {
		t.Errorf("a byte too many: %v", err)
	}
}

// file is a header with values behind it.
func file(header string, values int) []byte {
	data := append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...)
	return append(data, make([]byte, values)...)
}

func TestParse_HostileHeadersAreRefusedByName(t *testing.T) {
	for _, c := range []struct {
		header string
		values int
		word   string
	}{
		{``, 0, "no JSON object"},
		{`[]`, 0, "no JSON object"},
		{`{"a":1}`, 0, "tensor a"},
		{`{"a":{}}`, 0, "lacks dtype"},
		{`{"a":{"dtype":"F32","shape":[1]}}`, 4, "data_offsets"},
		{`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}}`, 4, "data_offsets [0 8]"},
		{`{"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}`, 4, "data_offsets [-4 0]"},
		{`{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}`, 4, "data_offsets [4 0]"},
		{`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}`, 4, "2 values of F32 in 4 bytes"},
		{`{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}`, 4, "shape [-1]"},
		{`{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}}`, 4, "shape"},
		{`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 8, "a stands twice"},
		{`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 4, "tensor b begins at"},
		{`{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 8, "tensor a begins at"},
		{`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 5, "end at byte"},
		{`{"__metadata__":{"a":1}}`, 0, "__metadata__"},
		{`{} {}`, 0, "more behind"},
	} {
		data := file(c.header, c.values)
		if _, err := parse("evil", bytes.NewReader(data), int64(len(data))); !errors.Is(err, weights.ErrFormat) || !strings.Contains(err.Error(), c.word) || !strings.Contains(err.Error(), "evil") {
			t.Errorf("%s: %v, want one with %q", c.header, err, c.word)
		}
	}
	huge := binary.LittleEndian.AppendUint64(nil, 1<<63)
	if _, err := parse("evil", bytes.NewReader(huge), 8); !errors.Is(err, weights.ErrFormat) {
		t.Errorf("a header of 2^63 bytes: %v", err)
	}
}

func TestOpen_WhatIsNoFileIsTold(t *testing.T) {
	if _, err := Open(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if _, err := Open(t.TempDir()); err == nil || !strings.Contains(err.Error(), "regular") {
		t.Error(err)
	}
}

// written writes the toy model and returns the path.
func written(t *testing.T) string {
	t.Helper()
	m, err := weightstest.Model(5)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "model.safetensors")
	if err := Write(path, m); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFiles_AreThoseOfTheModelAndItsTokenizer(t *testing.T) {
	path := written(t)
	got, err := Format.Files(path)
	if err != nil || len(got) != 4 || got[0] != path {
		t.Errorf("%v %v", got, err)
	}
	if err := os.Remove(folder(filepath.Dir(path)).path(templateFile)); err != nil {
		t.Fatal(err)
	}
	if got, err := Format.Files(path); err != nil || len(got) != 3 {
		t.Errorf("without a template: %v %v", got, err)
	}
}

func TestConfig_WhatWouldBeComputedOtherwiseIsRefused(t *testing.T) {
	path := written(t)
	config, err := os.ReadFile(folder(filepath.Dir(path)).path(configFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		old, new, word string
		want           error
	}{
		{`"model_type": "llama"`, `"model_type": "bert"`, `model_type "bert"`, weights.ErrUnsupported},
		{`"hidden_act": "silu"`, `"hidden_act": "gelu"`, `hidden_act "gelu"`, weights.ErrUnsupported},
		{`"rope_scaling": null`, `"rope_scaling": {"factor": 2}`, "rope_scaling", weights.ErrUnsupported},
		{`"attention_bias": false`, `"attention_bias": true`, "attention_bias", weights.ErrUnsupported},
		{`"hidden_size": 32`, `"hidden_size": 0`, "hidden_size", weights.ErrFormat},
		{`{`, `[`, configFile, weights.ErrFormat},
	} {
		bent := strings.Replace(string(config), c.old, c.new, 1)
		if bent == string(config) {
			t.Fatalf("%s is not in the file", c.old)
		}
		if err := os.WriteFile(folder(filepath.Dir(path)).path(configFile), []byte(bent), 0o644); err != nil {
			t.Fatal(err)
		}
		f, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Config(); !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.word) {
			t.Errorf("%s: %v, want one with %q", c.new, err, c.word)
		}
	}
}

func FuzzParse_AnyFileIsReadOrRefused(f *testing.F) {
	f.Add(golden(f))
	f.Add(file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 4))
	f.Add([]byte{1, 0, 0, 0, 0, 0, 0, 0, '{'})
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := parse("fuzz", bytes.NewReader(data), int64(len(data)))
		if err != nil {
			if !errors.Is(err, weights.ErrFormat) {
				t.Fatalf("an error of no kind: %v", err)
			}
			return
		}
		values(t, file)
	})
}
