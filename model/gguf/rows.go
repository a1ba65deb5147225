package gguf

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"slm/model/blocks"
	"slm/model/kernel"
	"slm/model/weights"
)

// blockTypes are the types that can stay as they are.
var blockTypes = map[blocks.Type]kernel.BlockType{
	blocks.Q4_0: kernel.Q41, blocks.Q4_1: kernel.Q41, blocks.Q5_0: kernel.Q50, blocks.Q5_1: kernel.Q51, blocks.Q8_0: kernel.Q80, blocks.Q4_K: kernel.Q4K, blocks.Q5_K: kernel.Q5K, blocks.Q6_K: kernel.Q6K,
}

// kept lists blockTypes, for messages.
const kept = "Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K and Q6_K"

// Rows returns the rows of a matrix, by its name in Hugging Face's model, as the file has them: in the order that Tensors gives them, and of the
// same numbers. Types of blocks alone can be had; a Q4_0 is a Q4_1 whose least value is -8 scales. The rows may share the file's memory, which is given back
// when other rows are asked for, and is read again where they are still needed.
func (f *File) Rows(name string) ([]kernel.BlockRow, error) {
	c, arch, all, err := f.model()
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(v view) bool { return v.name == name })
	if i < 0 || len(all[i].Shape) != 2 {
		return nil, fmt.Errorf("%w: %s: matrix %s is missing", weights.ErrFormat, f.name, name)
	}
	t := all[i].Tensor
	if last := f.rows.Swap(&t); last != nil && len(f.unmap) > 0 { // they have been taken over
		forget(last.data)
	}
	turned := arch.paired && headed(t.Name)
	switch {
	case blockTypes[t.Type] == 0 || t.data == nil:
		return nil, fmt.Errorf("%w: %s: tensor %s has type %s, and only %s can stay as they are", weights.ErrUnsupported, f.name, t.Name, t.Type, kept)
	case turned:
		if err := f.heads(t, c.HeadDim); err != nil {
			return nil, err
		}
	}
	rows := make([]kernel.BlockRow, t.Shape[0])
	stride := len(t.data) / max(1, len(rows))
	for r := range rows {
		row := kernel.BlockRow{Type: blockTypes[t.Type], Data: t.data[r*stride : (r+1)*stride]}
		if t.Type == blocks.Q4_0 {
			if row.Data, err = withLeast(row.Data); err != nil {
				return nil, fmt.Errorf("%w: %s: tensor %s: row %d: %w", weights.ErrUnsupported, f.name, t.Name, r, err)
			}
		}
		to := r
		if turned {
			to = halfSplitRow(r, c.HeadDim)
		}
		rows[to] = row
	}
	return rows, nil
}

// withLeast makes Q4_1 of Q4_0: scale·(q−8) = scale·q − 8·scale.
func withLeast(data []byte) ([]byte, error) {
	_, size := blocks.Q4_0.Size()
	var out []byte
	for ; len(data) > 0; data = data[size:] {
		scale := binary.LittleEndian.Uint16(data)
		least, ok := eightTimes(scale)
		if !ok {
			return nil, fmt.Errorf("a scale of %g is too large", kernel.FromHalf(scale))
		}
		out = append(out, data[:2]...)
		out = binary.LittleEndian.AppendUint16(out, least^1<<15)
		out = append(out, data[2:size]...)
	}
	return out, nil
}

// eightTimes multiplies a half by 8, which is exact where the result is a half at all.
func eightTimes(h uint16) (uint16, bool) {
	sign, rest := h&(1<<15), h&^(1<<15)
	for range 3 {
		switch {
		case rest < 1<<10: // zero or subnormal: twice the fraction, which may become the smallest exponent
			rest *= 2
		case rest+1<<10 < 31<<10:
			rest += 1 << 10
		default:
			return 0, false
		}
	}
	return sign | rest, true
}

// headed says that a matrix has its rows in GGUF's order within a head.
func headed(name string) bool {
	return strings.HasSuffix(name, ".attn_q.weight") || strings.HasSuffix(name, ".attn_k.weight")
}
