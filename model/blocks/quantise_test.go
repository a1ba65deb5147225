package blocks

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"

	"slm/model/kernel"
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
		block := Quantise(Q8_0, nil, row)
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
	for _, b := range Quantise(Q8_0, nil, make([]float32, small)) {
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
		Dequantise(typ, back, Quantise(typ, nil, x))
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
			data := Quantise(typ, nil, x)
			if len(data) != super/kinds[typ].values*kinds[typ].bytes {
				t.Fatalf("%s: %d bytes", typ, len(data))
			}
			back := make([]float32, super)
			Dequantise(typ, back, data)
			for i, v := range back {
				if e := math.Abs(float64(v - x[i])); !(e <= 0.25) {
					t.Errorf("%s of %s: value %d is %g, was %g", typ, name, i, v, x[i])
					break
				}
			}
		}
	}
}
