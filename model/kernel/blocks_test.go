package kernel

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// blockSpan is a number of terms that every type has whole blocks of.
const blockSpan = 256

// randomBlocks makes n rows of k terms, of the next type for each sixteen, and says which numbers they are. Types of large blocks are left out
// where k has no whole ones.
func randomBlocks(rng *rand.Rand, n, k int) (rows []BlockRow, values []float64) {
	var types []BlockType
	for t := Q41; t <= Q6K; t++ {
		if k%blockKinds[t].terms == 0 {
			types = append(types, t)
		}
	}
	first := rng.IntN(len(types))
	for r := range n {
		row := BlockRow{Type: types[(first+r/16)%len(types)]}
		for at := 0; at < k; at += blockKinds[row.Type].terms {
			block, numbers := randomBlock(rng, row.Type)
			row.Data, values = append(row.Data, block...), append(values, numbers...)
		}
		rows = append(rows, row)
	}
	return rows, values
}

// randomBlock writes a block of a file, and the numbers by ggml's definition of the type.
func randomBlock(rng *rand.Rand, t BlockType) (data []byte, values []float64) {
	data = make([]byte, blockKinds[t].bytes)
	for i := range data {
		data[i] = byte(rng.IntN(256))
	}
	half := func(at int) float64 {
		h := uint16(rng.IntN(0x2c00)) | uint16(rng.IntN(2))<<15 // up to 1/16, subnormals among them
		binary.LittleEndian.PutUint16(data[at:], h)
		return float64(FromHalf(h))
	}
	values = make([]float64, blockKinds[t].terms)
	nibble := func(from, j int) int { return int(data[from+j%16] >> (j / 16 * 4) & 15) }
	fifth := func(from, j int) int { return int(data[from+j/8]>>(j%8)&1) << 4 }
	switch t {
	case Q41, Q51:
		scale, least := half(0), half(2)
		for j := range values {
			if t == Q41 {
				values[j] = scale*float64(nibble(4, j)) + least
			} else {
				values[j] = scale*float64(nibble(8, j)+fifth(4, j)) + least
			}
		}
	case Q50:
		scale := half(0)
		for j := range values {
			values[j] = scale * float64(nibble(6, j)+fifth(2, j)-16)
		}
	case Q80:
		scale := half(0)
		for j := range values {
			values[j] = scale * float64(int8(data[2+j]))
		}
	case Q4K, Q5K: // get_scale_min_k4 and dequantize_row of ggml
		scale, least := half(0), half(2)
		for j := range values {
			part := j / 32
			var s, m byte
			if q := data[4:]; part < 4 {
				s, m = q[part]&63, q[part+4]&63
			} else {
				s, m = q[part+4]&0xF|(q[part-4]>>6)<<4, q[part+4]>>4|(q[part]>>6)<<4
			}
			at := 16
			if t == Q5K {
				at = 48
			}
			v := int(data[at+j/64*32+j%32] >> (j / 32 % 2 * 4) & 15)
			if t == Q5K {
				v += int(data[16+j%32]>>part&1) << 4
			}
			values[j] = scale*float64(s)*float64(v) - least*float64(m)
		}
	case Q6K:
		scale := half(208)
		for j := range values {
			in := j % 128
			low := data[j/128*64+in%64] >> (in / 64 * 4) & 15
			high := data[128+j/128*32+in%32] >> (in / 32 * 2) & 3
			values[j] = scale * float64(int8(data[192+j/16])) * float64(int(low|high<<4)-32)
		}
	}
	return data, values
}

// checkBlocks compares LinearBlocks with the definition in float64, and with the reference bit by bit.
func checkBlocks(t testing.TB, m, n, k int, seed uint64) {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 3))
	rows, values := randomBlocks(rng, n, k)
	w, err := NewBlockWeights(rows, k)
	if err != nil {
		t.Fatal(err)
	}
	left, before := random8(rng, m*k, 2), random8(rng, m*n, 1)
	var x BlockLeft
	x.Fit(m, k)
	for i := range m {
		x.Set(i, left[i*k:(i+1)*k])
	}
	for _, accumulate := range []bool{false, true} {
		want, got := slices.Clone(before), slices.Clone(before)
		linearBlocksGo(w, blockShare{y: want, x: &x, m: m, ldy: n, to: n, accumulate: accumulate})
		LinearBlocks(w, got, &x, 0, m, n, 0, n, accumulate)
		for i := range m {
			for j := range n {
				at := i*n + j
				if math.Float32bits(got[at]) != math.Float32bits(want[at]) {
					t.Fatalf("%d×%d×%d: element %d,%d is %g, the reference has %g", m, n, k, i, j, got[at], want[at])
				}
				sum, size := 0.0, 1e-30
				for p := range k {
					v := float64(left[i*k+p]) * values[j*k+p]
					sum += v
					size += math.Abs(values[j*k+p])
				}
				if accumulate {
					sum += float64(before[at])
				}
				// A value of the left operand is off by half of 1/32639 of the largest, which is below 12 here; and float32 rounds.
				if math.Abs(float64(got[at])-sum) > size*(12*0.51/most16)+1e-5*(1+math.Abs(sum)) {
					t.Fatalf("%d×%d×%d: element %d,%d is %g, want %g", m, n, k, i, j, got[at], sum)
				}
			}
		}
	}
}

func checkLinearBlocks(a *arena) {
	for i, s := range [][3]int{{1, 1, 32}, {1, 64, 64}, {2, 65, 96}, {3, 15, 32}, {4, 40, 128}, {5, 33, 64}, {7, 31, 224}, {8, 16, 576}, {17, 48, 160}, {1, 112, 256}, {4, 112, 512}, {13, 112, 256}} {
		checkBlocks(a.t, s[0], s[1], s[2], uint64(i))
	}
}

func FuzzLinearBlocks_EqualsItsReference(f *testing.F) {
	f.Add(uint8(1), uint8(1), uint8(1), uint64(1))
	f.Add(uint8(9), uint8(65), uint8(3), uint64(2))
	f.Fuzz(func(t *testing.T, m, n, blocks uint8, seed uint64) {
		for _, l := range present() {
			restore := setLevel(l)
			checkBlocks(t, int(m)%20+1, int(n)%70+1, BlockTerms*(int(blocks)%(blockSpan/BlockTerms)+1), seed)
			restore()
		}
	})
}

// checkRoundBlocks compares records with the reference, bit by bit, and with the values.
func checkRoundBlocks(a *arena) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	rng := rand.New(rand.NewPCG(1, 4))
	for i, special := range []float32{1, 0, math.SmallestNonzeroFloat32, math.MaxFloat32, -3e-39, 1e30} {
		x := random8(rng, 3*BlockTerms, 1)
		clear(x[BlockTerms : 2*BlockTerms])
		x[40], x[70] = special, -special
		var l BlockLeft
		l.Fit(2, len(x))
		l.Set(1, x)
		want := make([]uint32, l.width())
		roundBlocksGo(want, x)
		if got := l.records[l.width():]; !slices.Equal(got, want) {
			a.t.Fatalf("case %d: %v, want %v", i, got, want)
		}
		for j, v := range x {
			record := want[j/BlockTerms*recordWords:]
			q := 256*int(int8(record[j%32/4]>>(j%4*8))) + int(int8(record[8+j%32/4]>>(j%4*8)))
			scale := float64(math.Float32frombits(record[recordScale]))
			if e := math.Abs(float64(q)*scale - float64(v)); e > 0.51*scale+1e-38 {
				a.t.Fatalf("case %d: %g became %g", i, v, float64(q)*scale)
			}
		}
	}
	rows, _ := randomBlocks(rng, 20, 2*BlockTerms)
	w, err := NewBlockWeights(rows, 2*BlockTerms)
	if err != nil {
		a.t.Fatal(err)
	}
	for _, bad := range []float32{inf, -inf, nan} {
		x := random8(rng, 2*BlockTerms, 1)
		x[33] = bad
		var l BlockLeft
		l.Fit(1, len(x))
		l.Set(0, x)
		y := make([]float32, 20)
		LinearBlocks(w, y, &l, 0, 1, 20, 0, 20, false)
		for i, v := range y {
			if v == v {
				a.t.Fatalf("with a term %g result %d is %g", bad, i, v)
			}
		}
	}
}

func TestBlocks_RowsThatAreNoneAreRefused(t *testing.T) {
	good := BlockRow{Q80, make([]byte, 34)}
	for name, c := range map[string]struct {
		rows []BlockRow
		k    int
	}{
		"depth":        {[]BlockRow{good}, 31},
		"no depth":     {[]BlockRow{good}, 0},
		"short":        {[]BlockRow{good, {Q80, make([]byte, 33)}}, 32},
		"other type":   {[]BlockRow{good, {Q41, make([]byte, 20)}}, 32},
		"no type":      {[]BlockRow{{0, make([]byte, 34)}}, 32},
		"longer rows":  {[]BlockRow{good}, 64},
		"half a block": {[]BlockRow{{Q4K, make([]byte, 72)}}, 128},
	} {
		if _, err := NewBlockWeights(c.rows, c.k); !errors.Is(err, ErrBlocks) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func BenchmarkLinearBlocks(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, s := range [][3]int{{1, 1536, 576}, {4, 1536, 576}, {32, 1536, 576}, {128, 1536, 576}} {
		m, n, k := s[0], s[1], s[2]
		rows, _ := randomBlocks(rng, 16, k)
		for len(rows) < n {
			rows = append(rows, rows[0])
		}
		w, err := NewBlockWeights(rows, k)
		if err != nil {
			b.Fatal(err)
		}
		var x BlockLeft
		x.Fit(m, k)
		row := random8(rng, k, 1)
		for i := range m {
			x.Set(i, row)
		}
		y := make([]float32, m*n)
		b.Run(fmt.Sprintf("%dx%dx%d", m, n, k), func(b *testing.B) {
			for b.Loop() {
				LinearBlocks(w, y, &x, 0, m, n, 0, n, false)
			}
			b.ReportMetric(2*float64(m*n*k)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GOP/s")
		})
	}
}

// BenchmarkBlocksFromMemory reads matrices that no cache holds, as a token of one sequence does, and of two together.
func BenchmarkBlocksFromMemory(b *testing.B) {
	const n, k = 32768, 2048
	rng := rand.New(rand.NewPCG(1, 2))
	for typ := Q41; typ <= Q6K; typ++ {
		var row BlockRow
		for row.Type = typ; len(row.Data) < k/blockKinds[typ].terms*blockKinds[typ].bytes; {
			block, _ := randomBlock(rng, typ)
			row.Data = append(row.Data, block...)
		}
		w, err := NewBlockWeights(slices.Repeat([]BlockRow{row}, n), k)
		if err != nil {
			b.Fatal(err)
		}
		var x BlockLeft
		x.Fit(2, k)
		for i := range 2 {
			x.Set(i, random8(rng, k, 1))
		}
		y := make([]float32, 2*n)
		for m := 1; m <= 2; m++ {
			b.Run(fmt.Sprintf("%v/%d", typ, m), func(b *testing.B) {
				for b.Loop() {
					LinearBlocks(w, y, &x, 0, m, n, 0, n, false)
				}
				b.ReportMetric(float64(w.Bytes())*float64(b.N)/b.Elapsed().Seconds()/1e9, "GB/s")
			})
		}
	}
}
