package encoder_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"testing"

	"slm/model/encoder"
	"slm/model/kernel"
	"slm/model/weights"
)

// e5 writes a file of a model of one layer: width 32, two heads, inner width 64, three tokens, four positions.
func e5(t *testing.T) []byte {
	t.Helper()
	u32 := func(to []byte, n ...uint32) []byte {
		for _, v := range n {
			to = binary.LittleEndian.AppendUint32(to, v)
		}
		return to
	}
	const c, f = 32, 64
	b := u32([]byte("E5S1"), 1, c, 1, 2, f, 3, 4, 2, math.Float32bits(1e-12), 32)
	b = u32(b, 3, 0, 1, 2, 2) // pieces, and the tokens before, after, of padding and unknown
	b = binary.LittleEndian.AppendUint64(b, 5)
	b = u32(b, 0, 1, 2, 5, math.Float32bits(0), math.Float32bits(0), math.Float32bits(-3))
	b = append(b, "<>▁"...)
	b = append(u32(b, 1, 9), 0xA0, 0, 0, 0, 1, ' ', 0, 0, 0)
	type tensor struct {
		name   string
		blocks bool
		values int
	}
	all := []tensor{{"emb.word", true, 3 * c}, {"emb.pos", false, 4 * c}, {"emb.type", false, 2 * c}, {"emb.ln.w", false, c}, {"emb.ln.b", false, c}}
	for _, m := range []tensor{{"q", true, c * c}, {"k", true, c * c}, {"v", true, c * c}, {"ao", true, c * c}, {"fi", true, f * c}, {"fo", true, c * f}} {
		n := c
		if m.name == "fi" {
			n = f
		}
		all = append(all, tensor{"l0." + m.name + ".w", true, m.values}, tensor{"l0." + m.name + ".b", false, n})
	}
	for _, name := range []string{"l0.aln", "l0.oln"} {
		all = append(all, tensor{name + ".w", false, c}, tensor{name + ".b", false, c})
	}
	at := len(b) + 4
	for _, m := range all {
		at += 2 + len(m.name) + 21
	}
	b = u32(b, uint32(len(all)))
	var data []byte
	for _, m := range all {
		b = append(binary.LittleEndian.AppendUint16(b, uint16(len(m.name))), m.name...)
		from := len(data)
		if m.blocks {
			for i := range m.values / 32 {
				data = binary.LittleEndian.AppendUint16(data, kernel.ToHalf(0.5))
				for j := range 16 {
					data = append(data, byte(i+j)&15|byte(3*j)<<4)
				}
			}
		} else {
			for i := range m.values {
				data = u32(data, math.Float32bits(float32(i%7)/8))
			}
		}
		kind := byte(0)
		if m.blocks {
			kind = 1
		}
		b = u32(append(b, kind), uint32(m.values))
		b = binary.LittleEndian.AppendUint64(b, uint64(at+from))
		b = binary.LittleEndian.AppendUint64(b, uint64(len(data)-from))
	}
	return append(b, data...)
}

func TestParseE5_EmbeddingRowByRowGivesTheVectorsOfOneInMemory(t *testing.T) {
	f, err := encoder.ParseE5("file", e5(t))
	if err != nil {
		t.Fatal(err)
	}
	row := make([]float32, 32)
	f.Row(1, row)
	if row[0] != 0.5*(1-8) || row[15] != 0.5*(0-8) || row[17] != 0.5*(3-8) {
		t.Errorf("row 1 is %v", row)
	}
	if p := f.Pieces; fmt.Sprint(p.Pieces, p.Normal[0xA0] == " ", p.Special) != "[< > ▁] true [2]" {
		t.Errorf("%+v", p)
	}
	be := backends(t)[0]
	var got [2][][]float32
	for i, s := range []weights.Source{f, struct{ weights.Source }{f}} { // the second gives no rows
		e, err := encoder.New(s, f.Shape, be)
		if err != nil {
			t.Fatal(err)
		}
		if got[i], err = e.Encode(context.Background(), [][]int32{{0, 2, 1}, {1}}); err != nil {
			t.Fatal(err)
		}
	}
	if fmt.Sprint(got[0]) != fmt.Sprint(got[1]) || math.IsNaN(float64(got[0][0][0])) {
		t.Errorf("%v\nand %v", got[0], got[1])
	}
}

func TestParseE5_EveryBeginningOfAFileIsRefused(t *testing.T) {
	whole := e5(t)
	for n := range len(whole) {
		if _, err := encoder.ParseE5("file", whole[:n:n]); !errors.Is(err, weights.ErrFormat) {
			t.Fatalf("%d bytes of %d: %v", n, len(whole), err)
		}
	}
}
