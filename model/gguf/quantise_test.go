package gguf

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"slm/model/kernel"
	"slm/model/weights"
)

// A value of Q8_0 is a whole number of scales, and the largest of a block is 127 of them.
func TestQuantise_Q80TakesTheNearestMultipleOfTheScale(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		row := make([]float32, small)
		most := float32(0)
		for i := range row {
			row[i] = float32(r.NormFloat64())
			most = max(most, float32(math.Abs(float64(row[i]))))
		}
		block := quantise(Q8_0, nil, row)
		if len(block) != 2+small || binary.LittleEndian.Uint16(block) != kernel.ToHalf(most/127) {
			t.Fatalf("%d bytes, scale %#x", len(block), block[:2])
		}
		scale := float64(most / 127)
		for i, v := range row {
			if q := float64(int8(block[2+i])); math.Abs(q*scale-float64(v)) > scale*(0.5+1e-6) {
				t.Errorf("%g is %g of %g", v, q, scale)
			}
		}
	}
	for _, b := range quantise(Q8_0, nil, make([]float32, small)) {
		if b != 0 {
			t.Fatal("zeros are not zero")
		}
	}
}

func TestWrite_MatricesAreOfTheTypeAndVectorsExact(t *testing.T) {
	for kind, want := range map[string]Type{"f32": F32, "f16": F16, "q8_0": Q8_0} {
		c := tinyConfig
		m, _ := writtenModel(t, c)
		m.Type, m.Name, m.End = kind, "toy", m.Tokenizer.Token(0)
		path := filepath.Join(t.TempDir(), "m.gguf")
		if err := Write(path, m); err != nil {
			t.Fatal(err)
		}
		f, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		values := kinds[want].values
		for _, name := range f.Names() {
			tensor, _ := f.Tensor(name)
			switch n := len(tensor.Shape); {
			case n == 1 && tensor.Type != F32:
				t.Errorf("%s: %s has %s", kind, name, tensor.Type)
			case n == 2 && tensor.Shape[1]%values == 0 && tensor.Type != want:
				t.Errorf("%s: %s has %s", kind, name, tensor.Type)
			case n == 2 && tensor.Shape[1]%values != 0 && tensor.Type != F16:
				t.Errorf("%s: %s of rows of %d has %s", kind, name, tensor.Shape[1], tensor.Type)
			}
		}
		if _, err := weights.Params(f); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		bos, always, err := f.BOS()
		end, eerr := f.EOS()
		if err != nil || eerr != nil || always || bos != 0 || end != 0 {
			t.Errorf("%s: start %d always %v, end %d: %v %v", kind, bos, always, end, err, eerr)
		}
		if name, _ := f.Meta("general.name"); name != "toy" {
			t.Errorf("name %v", name)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	m, _ := writtenModel(t, tinyConfig)
	m.Type = "q9"
	if err := Write(filepath.Join(t.TempDir(), "m.gguf"), m); err == nil {
		t.Error("a type that is none was written")
	}
}
