package decode

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"slm/model"
	"slm/model/kernel"
)

// half rounds towards zero to an IEEE half, between its smallest and its largest normal number.
func half(v float32) uint16 {
	bits := math.Float32bits(v)
	return uint16(bits>>31<<15) | uint16((bits>>23&255-112)<<10|bits>>13&1023)
}

// inBlocks rounds the matrices of p to blocks, and returns the model of the rounded numbers and the rows.
func inBlocks(t testing.TB, p *model.Params) (*model.Params, RowsOf) {
	t.Helper()
	q, err := model.FromTensors(p.Config, p.Tensors()) // a copy
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]kernel.BlockRow{}
	for _, m := range q.Tensors() {
		if len(m.Shape) < 2 {
			continue
		}
		for at := 0; at < len(m.Data); at += m.Shape[1] {
			row := kernel.BlockRow{Type: kernel.Q41}
			if strings.Contains(m.Name, "embed") || strings.Contains(m.Name, "v_proj") {
				row.Type = kernel.Q80
			}
			for b := 0; b < m.Shape[1]; b += kernel.BlockTerms {
				row.Data = append(row.Data, inBlock(row.Type, m.Data[at+b:at+b+kernel.BlockTerms])...)
			}
			all[m.Name] = append(all[m.Name], row)
		}
	}
	return q, func(name string) ([]kernel.BlockRow, error) {
		if rows, ok := all[name]; ok {
			return rows, nil
		}
		return nil, errors.New(name + " is missing")
	}
}

// inBlock rounds a block in place and returns it as a file has it.
func inBlock(typ kernel.BlockType, v []float32) (data []byte) {
	low, high := slices.Min(v), slices.Max(v)
	put := func(h uint16) float32 {
		data = binary.LittleEndian.AppendUint16(data, h)
		return kernel.FromHalf(h)
	}
	if typ == kernel.Q80 {
		scale := put(half(max(high, -low, 1e-3) / 126))
		for i := range v {
			q := math.Round(float64(v[i] / scale))
			data = append(data, byte(int8(q)))
			v[i] = scale * float32(q)
		}
		return data
	}
	scale, least := put(half(max(high-low, 1e-3)/14.5)), put(half(low))
	nibbles := make([]byte, len(v)/2)
	for i := range v {
		q := min(15, max(0, math.Round(float64((v[i]-least)/scale))))
		nibbles[i%16] |= byte(q) << (i / 16 * 4)
		v[i] = float32(scale*float32(q)) + least
	}
	return append(data, nibbles...)
}

func TestNewFile_BlocksGiveWhatTheirNumbersGive(t *testing.T) {
	for _, name := range []string{"amx", "go"} {
		be, err := kernel.Open(name)
		if err != nil {
			continue // no AMX here
		}
		p, rows := inBlocks(t, sharp(wideHeads))
		d, err := NewFile(p, be, rows)
		if err != nil {
			t.Fatal(err)
		}
		text := tokens(3, 270, wideHeads.Vocab)
		got, err := d.Logits(context.Background(), text)
		if err != nil {
			t.Fatal(err)
		}
		var diff, size float64
		for r, row := range plainLogits(p, nil, text) {
			for i, want := range row {
				diff += math.Pow(float64(got[r*wideHeads.Vocab+i])-want, 2)
				size += want * want
			}
		}
		limit := 1e-3 // what enters products has 16 bits
		if be.Precision() == kernel.BF16 {
			limit = 3e-2 // attention has fewer
		}
		if e := math.Sqrt(diff / size); !(e < limit) || e == 0 {
			t.Errorf("%s: relative error %v", name, e)
		}
	}
}

func TestNewFile_FileWithoutBlocksIsRefused(t *testing.T) {
	p, rows := inBlocks(t, sharp(wideHeads))
	missing := func(name string) ([]kernel.BlockRow, error) {
		if strings.Contains(name, "layers.1.mlp.up_proj") {
			return nil, errors.New("it is elsewhere")
		}
		return rows(name)
	}
	if _, err := NewFile(p, backend(t, "go"), missing); err == nil || !strings.Contains(err.Error(), "elsewhere") {
		t.Errorf("a missing matrix: %v", err)
	}
	short := func(name string) ([]kernel.BlockRow, error) {
		all, err := rows(name)
		if strings.Contains(name, "layers.0.mlp.down_proj") {
			all = slices.Clone(all)
			all[3].Data = all[3].Data[1:]
		}
		return all, err
	}
	if _, err := NewFile(p, backend(t, "go"), short); !errors.Is(err, kernel.ErrBlocks) || !strings.Contains(err.Error(), "down_proj") {
		t.Errorf("a short row: %v", err)
	}
}
