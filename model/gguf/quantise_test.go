package gguf

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"slm/checkpoint"
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

// Values of a normal distribution, as weights have. The limits are errors by size; ggml's quantisers have .0421 for Q5_0, .0053 for Q8_0, .0700 for Q4_K and
// .0174 for Q6_K on such values.
func TestQuantise_ErrorsAreSmall(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	x := make([]float32, 64*super)
	for i := range x {
		x[i] = float32(r.NormFloat64()) * 0.02
	}
	for typ, limit := range map[Type]float64{Q5_0: 0.043, Q8_0: 0.0056, Q4_K: 0.0735, Q6_K: 0.0183} {
		back := make([]float32, len(x))
		dequantise(typ, back, quantise(typ, nil, x))
		var failed, size float64
		for i, v := range x {
			failed += float64(v-back[i]) * float64(v-back[i])
			size += float64(v) * float64(v)
		}
		if e := math.Sqrt(failed / size); !(e < limit) || e == 0 {
			t.Errorf("%s: relative error %.4f", typ, e)
		} else {
			t.Logf("%s: %.5f", typ, e)
		}
	}
}

func TestQuantise_ValuesAtTheEdgeStayFinite(t *testing.T) {
	for typ := range blockWriters {
		for name, f := range map[string]func(i int) float32{
			"zeros": func(int) float32 { return 0 }, "equal": func(int) float32 { return -3 }, "tiny": func(i int) float32 { return float32(i%7) * 1e-42 },
			"one": func(i int) float32 { return map[bool]float32{true: 5}[i == 17] }, "positive": func(i int) float32 { return 1 + float32(i)/100 },
		} {
			x := make([]float32, super)
			for i := range x {
				x[i] = f(i)
			}
			data := quantise(typ, nil, x)
			if len(data) != super/kinds[typ].values*kinds[typ].bytes {
				t.Fatalf("%s: %d bytes", typ, len(data))
			}
			back := make([]float32, super)
			dequantise(typ, back, data)
			for i, v := range back {
				if e := math.Abs(float64(v - x[i])); !(e <= 0.25) {
					t.Errorf("%s of %s: value %d is %g, was %g", typ, name, i, v, x[i])
					break
				}
			}
		}
	}
}

func TestMix_MoreBitsWhereLlamaCppGivesThem(t *testing.T) {
	c := tinyConfig
	c.Layers = 30
	wide, narrow := []int{4, 512}, []int{4, 576}
	for name, want := range map[string][2]Type{
		"model.embed_tokens.weight": {Q6_K, Q8_0}, "model.layers.0.mlp.down_proj.weight": {Q6_K, Q8_0}, "model.layers.2.self_attn.v_proj.weight": {Q6_K, Q8_0},
		"model.layers.3.self_attn.v_proj.weight": {Q4_K, Q5_0}, "model.layers.5.self_attn.v_proj.weight": {Q6_K, Q8_0}, "model.layers.25.mlp.down_proj.weight": {Q4_K, Q5_0},
		"model.layers.26.mlp.down_proj.weight": {Q6_K, Q8_0}, "model.layers.0.self_attn.q_proj.weight": {Q4_K, Q5_0}, "model.layers.29.mlp.up_proj.weight": {Q4_K, Q5_0},
	} {
		for i, shape := range [][]int{wide, narrow} {
			c.Tied = true
			if got := mixes["q4_k_m"].of(checkpoint.Tensor{Name: name, Shape: shape}, c); got != want[i] {
				t.Errorf("%s of rows of %d: %s, want %s", name, shape[1], got, want[i])
			}
		}
	}
}

func TestWrite_MatricesAreOfTheTypeAndVectorsExact(t *testing.T) {
	for kind, want := range map[string]Type{"f32": F32, "f16": F16, "q8_0": Q8_0, "q4_k_m": Q5_0} { // of rows shorter than 256

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
			case n == 2 && want == Q5_0 && tensor.Type == Q8_0: // what loses most
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
