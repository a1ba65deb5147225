package gguf

import (
	"encoding/binary"
	"errors"
	"flag"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"slm/model/blocks"
	"slm/model/kernel"
	"slm/model/weights"
)

var update = flag.Bool("update", false, "write the golden file anew")

// handMade is a small file with every kind of value and every readable type.
func handMade() *writer {
	w := newWriter()
	w.meta("u8", uint8(200)).meta("i8", int8(-3)).meta("u16", uint16(60000)).meta("i16", int16(-300)).meta("u32", uint32(4e9)).meta("i32", int32(-5))
	w.meta("f32", float32(0.5)).meta("yes", true).meta("text", "licence §").meta("u64", uint64(1<<60)).meta("i64", int64(-1<<60)).meta("f64", 0.1)
	w.meta("texts", []string{"a", "", "bc"}).meta("ints", []int32{-1, 2}).meta("floats", []float32{1.5}).meta("bools", []bool{true, false}).meta("words", []uint16{1, 65535})
	w.tensor("f32", blocks.F32, []int{2, 3}, floats(1, 2, 3, 4, 5, -6))
	w.tensor("f16", blocks.F16, []int{4}, []byte{0x00, 0x3c, 0x00, 0xc0, 0x01, 0x00, 0xff, 0x7b}) // 1, -2, 2^-24, 65504
	w.tensor("bf16", blocks.BF16, []int{2}, []byte{0x80, 0x3f, 0x49, 0xc0})                       // 1, -3.140625
	q8 := []byte{0x00, 0x38}                                                                      // scale 0.5
	for i := range 32 {
		q8 = append(q8, byte(int8(8*i-128)))
	}
	w.tensor("q8", blocks.Q8_0, []int{32}, q8)
	q40, q41 := []byte{0x00, 0x40}, []byte{0x00, 0x34, 0x00, 0xbc} // scale 2; scale 0.25, minimum -1
	for i := range 16 {
		q40, q41 = append(q40, byte(i|(15-i)<<4)), append(q41, byte(i|(15-i)<<4))
	}
	w.tensor("q40", blocks.Q4_0, []int{1, 32}, q40)
	return w.tensor("q41", blocks.Q4_1, []int{32}, q41)
}

// wantValues are the tensors of handMade, computed by hand from the format's description.
func wantValues() map[string][]float32 {
	want := map[string][]float32{
		"f32": {1, 2, 3, 4, 5, -6}, "f16": {1, -2, 1.0 / (1 << 24), 65504}, "bf16": {1, -3.140625},
		"q8": make([]float32, 32), "q40": make([]float32, 32), "q41": make([]float32, 32),
	}
	for i := range 32 {
		want["q8"][i] = 4*float32(i) - 64
		nibble := float32(i)
		if i >= 16 {
			nibble = float32(31 - i) // the high nibbles run down
		}
		want["q40"][i] = 2 * (nibble - 8)
		want["q41"][i] = nibble/4 - 1
	}
	return want
}

func TestTensor_EveryTypeDequantisesToTheValuesComputedByHand(t *testing.T) {
	f, err := parse("hand", handMade().bytes())
	if err != nil {
		t.Fatal(err)
	}
	want := wantValues()
	if len(f.Names()) != len(want) {
		t.Fatalf("tensors %v", f.Names())
	}
	for name, values := range want {
		got, err := f.Floats(name)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, values) {
			t.Errorf("%s: %v, want %v", name, got, values)
		}
	}
	if tensor, _ := f.Tensor("f32"); !slices.Equal(tensor.Shape, []int{2, 3}) {
		t.Errorf("shape %v", tensor.Shape)
	}
}

func TestParse_MetadataOfEveryKindIsRead(t *testing.T) {
	for _, version := range []uint32{2, 3} {
		w := handMade()
		w.version = version
		f, err := parse("hand", w.bytes())
		if err != nil {
			t.Fatal(err)
		}
		for key, want := range map[string]any{
			"u8": uint64(200), "i8": int64(-3), "u16": uint64(60000), "i16": int64(-300), "u32": uint64(4e9), "i32": int64(-5), "f32": 0.5, "yes": true,
			"text": "licence §", "u64": uint64(1 << 60), "i64": int64(-1 << 60), "f64": 0.1, "texts": []string{"a", "", "bc"}, "ints": []int64{-1, 2},
			"floats": []float64{1.5}, "bools": []bool{true, false}, "words": []uint64{1, 65535},
		} {
			if got, ok := f.Meta(key); !ok || !reflect.DeepEqual(got, want) {
				t.Errorf("version %d, %s: %#v, want %#v", version, key, got, want)
			}
		}
		if f.Version() != int(version) || len(f.Keys()) != 17 {
			t.Errorf("version %d, keys %v", f.Version(), f.Keys())
		}
	}
}

func golden(t *testing.T) []byte {
	t.Helper()
	path := filepath.Join("testdata", "hand.gguf")
	if *update {
		if err := os.WriteFile(path, handMade().bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestOpen_GoldenFileIsReadFromDisk(t *testing.T) {
	if !slices.Equal(golden(t), handMade().bytes()) {
		t.Fatal("the golden file differs from what the writer makes")
	}
	f, err := Open(filepath.Join("testdata", "hand.gguf"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := f.Floats("q41")
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, wantValues()["q41"]) { // after Close: values are copies
		t.Fatalf("%v", got)
	}
	if _, err := f.Floats("q41"); err == nil {
		t.Fatal("a closed file was read")
	}
}

func TestParse_CutAtAnyByteIsAnError(t *testing.T) {
	data := golden(t)
	for n := range data {
		f, err := parse("cut", slices.Clone(data[:n]))
		if !errors.Is(err, weights.ErrFormat) {
			t.Fatalf("cut at %d: %v, %v", n, f, err)
		}
	}
}

func TestOpen_NamesTheFile(t *testing.T) {
	dir := t.TempDir()
	empty, text := filepath.Join(dir, "empty.gguf"), filepath.Join(dir, "text.gguf")
	for path, content := range map[string]string{empty: "", text: "no model, but long enough for a header"} {
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path); !errors.Is(err, weights.ErrFormat) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if _, err := Open(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
	if _, err := Open(dir); err == nil {
		t.Error("a directory was opened")
	}
}

func TestParse_HostileFilesAreRefusedByName(t *testing.T) {
	edit := func(change func(w *writer)) []byte {
		w := newWriter()
		change(w)
		return w.bytes()
	}
	at := func(data []byte, offset int, value uint64) []byte {
		data = slices.Clone(data)
		binary.LittleEndian.PutUint64(data[offset:], value)
		return data
	}
	hand := handMade().bytes()
	f := floats(1, 2, 3, 4, 5, 6, 7, 8)
	for _, c := range []struct {
		name string
		data []byte
		want error
		word string
	}{
		{"2^60 tensors", at(hand, 8, 1<<60), weights.ErrFormat, "tensor count"},
		{"2^64-1 pairs", at(hand, 16, math.MaxUint64), weights.ErrFormat, "metadata count"},
		{"huge key", at(hand, 24, 1<<62), weights.ErrFormat, "metadata key 1"},
		{"version 1", edit(func(w *writer) { w.version = 1 }), weights.ErrFormat, "version"},
		{"big-endian", edit(func(w *writer) { w.version = 3 << 24 }), weights.ErrUnsupported, "big-endian"},
		{"huge string", edit(func(w *writer) { w.npairs++; put(&w.pairs, "k", uint32(kindString), uint64(1<<61)) }), weights.ErrFormat, "metadata k"},
		{"huge array", edit(func(w *writer) { w.npairs++; put(&w.pairs, "k", uint32(kindArray), uint32(kindF64), uint64(1<<61)) }), weights.ErrFormat, "metadata k"},
		{"large array", edit(func(w *writer) { w.npairs++; put(&w.pairs, "k", uint32(kindArray), uint32(kindU8), uint64(1<<24)) }), weights.ErrFormat, "metadata k"},
		{"many strings", edit(func(w *writer) { w.npairs++; put(&w.pairs, "k", uint32(kindArray), uint32(kindString), uint64(1<<20)) }), weights.ErrFormat, "metadata k"},
		{"nested array", edit(func(w *writer) { w.npairs++; put(&w.pairs, "k", uint32(kindArray), uint32(kindArray), uint64(0)) }), weights.ErrFormat, "metadata k"},
		{"unknown kind", edit(func(w *writer) { w.npairs++; put(&w.pairs, "k", uint32(13)) }), weights.ErrFormat, "metadata k"},
		{"bad boolean", edit(func(w *writer) { w.npairs++; put(&w.pairs, "k", uint32(kindBool), uint8(2)) }), weights.ErrFormat, "boolean"},
		{"key twice", edit(func(w *writer) { w.meta("k", true).meta("k", true) }), weights.ErrFormat, "twice"},
		{"tensor twice", edit(func(w *writer) { w.tensor("t", blocks.F32, []int{8}, f).tensor("t", blocks.F32, []int{8}, f) }), weights.ErrFormat, "twice"},
		{"rank 5", edit(func(w *writer) { w.tensor("t", blocks.F32, []int{1, 1, 1, 1, 1}, f) }), weights.ErrFormat, "rank"},
		{"empty dimension", edit(func(w *writer) { w.tensor("t", blocks.F32, []int{2, 0}, f) }), weights.ErrFormat, "shape"},
		{"overflowing shape", edit(func(w *writer) { w.tensor("t", blocks.F32, []int{1 << 31, 1 << 31, 1 << 31}, f) }), weights.ErrFormat, "shape"},
		{"broken block", edit(func(w *writer) { w.tensor("t", blocks.Q8_0, []int{8}, f) }), weights.ErrFormat, "block"},
		{"too long", edit(func(w *writer) { w.tensor("t", blocks.F32, []int{9}, f) }), weights.ErrFormat, "tensor t"},
		{"overlap", edit(func(w *writer) { w.tensor("t", blocks.F32, []int{8}, f).info("u", blocks.F32, []int{8}, 0) }), weights.ErrFormat, "overlaps"},
		{"beyond", edit(func(w *writer) { w.tensor("t", blocks.F32, []int{8}, f).info("u", blocks.F32, []int{8}, 1<<40) }), weights.ErrFormat, "tensor u"},
		{"huge offset", edit(func(w *writer) {
			w.tensor("t", blocks.F32, []int{8}, f).info("u", blocks.F32, []int{8}, math.MaxUint64-31)
		}), weights.ErrFormat, "tensor u"},
		{"askew", edit(func(w *writer) { w.tensor("t", blocks.F32, []int{8}, f).info("u", blocks.F32, []int{1}, 4) }), weights.ErrFormat, "aligned"},
		{"alignment 0", edit(func(w *writer) { w.meta(alignmentKey, uint32(0)).tensor("t", blocks.F32, []int{8}, f) }), weights.ErrFormat, alignmentKey},
		{"alignment 2^63", edit(func(w *writer) { w.meta(alignmentKey, uint64(1<<63)).tensor("t", blocks.F32, []int{8}, f) }), weights.ErrFormat, alignmentKey},
		{"alignment a word", edit(func(w *writer) { w.meta(alignmentKey, "32").tensor("t", blocks.F32, []int{8}, f) }), weights.ErrFormat, alignmentKey},
	} {
		before := allocated()
		_, err := parse("evil.gguf", c.data)
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.word) || !strings.Contains(err.Error(), "evil.gguf") {
			t.Errorf("%s: %v, want %v with %q", c.name, err, c.want, c.word)
		}
		if grown := allocated() - before; grown > 1<<20 {
			t.Errorf("%s: %d bytes allocated for a file of %d", c.name, grown, len(c.data))
		}
	}
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

func TestTensor_OfAnotherTypeIsNamed(t *testing.T) {
	f, err := parse("k.gguf", newWriter().tensor("t", 16, []int{256}, make([]byte, 66)).bytes())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Floats("t"); !errors.Is(err, weights.ErrUnsupported) || !strings.Contains(err.Error(), "IQ2_XXS") {
		t.Fatal(err)
	}
}

func FuzzParse_AnyFileIsReadOrRefused(f *testing.F) {
	f.Add(handMade().bytes())
	f.Add(tinyLlama(true).bytes())
	f.Add(blocked(blocks.Q8_0, blocks.Q4_0, blocks.Q4_1).bytes())
	f.Add(blocked(blocks.Q5_0, blocks.Q5_1).bytes())
	f.Add([]byte("GGUF"))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := parse("fuzz", data)
		if err != nil {
			if !errors.Is(err, weights.ErrFormat) && !errors.Is(err, weights.ErrUnsupported) {
				t.Fatalf("an error of no kind: %v", err)
			}
			return
		}
		for _, name := range file.Names() {
			if values, err := file.Floats(name); err == nil && len(values) == 0 {
				t.Fatalf("tensor %q has no values", name)
			}
		}
		if p, err := weights.Params(file); err == nil && p.Config.Validate() != nil {
			t.Fatal("parameters of an invalid configuration")
		}
		for _, name := range []string{"model.embed_tokens.weight", "model.layers.0.self_attn.q_proj.weight", "model.layers.1.mlp.down_proj.weight"} {
			if rows, err := file.Rows(name); err == nil && slices.ContainsFunc(rows, func(r kernel.BlockRow) bool { return r.Type == 0 }) {
				t.Fatalf("%s lacks a row", name)
			}
		}
		if tok, err := file.Tokenizer(); err == nil {
			_, _ = weights.ChatOf(file, tok)
		}
	})
}
