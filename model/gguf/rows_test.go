package gguf

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"slm/model/blocks"
	"slm/model/kernel"
	"slm/model/weights"
)

// blocked writes a model whose matrices have types of blocks, with random contents.
func blocked(types ...blocks.Type) *writer {
	const width, hidden, vocab = 64, 96, 20
	w := newWriter().meta("general.architecture", "llama")
	w.meta("llama.embedding_length", uint32(width)).meta("llama.block_count", uint32(2)).meta("llama.attention.head_count", uint32(2))
	w.meta("llama.attention.head_count_kv", uint32(1)).meta("llama.feed_forward_length", uint32(hidden)).meta("llama.context_length", uint32(64))
	w.meta("llama.attention.layer_norm_rms_epsilon", float32(1e-5))
	rng := rand.New(rand.NewPCG(1, 5))
	n := 0
	add := func(name string, rows, cols int) {
		t := types[n%len(types)]
		n++
		values, size := t.Size()
		var raw []byte
		for range rows * cols / values {
			block := make([]byte, size)
			for i := range block {
				block[i] = byte(rng.IntN(256))
			}
			if size > 4 { // scales that are finite, and eight times them too
				binary.LittleEndian.PutUint16(block, uint16(rng.IntN(0x5000))|uint16(rng.IntN(2))<<15)
				if t == blocks.Q4_1 {
					binary.LittleEndian.PutUint16(block[2:], uint16(rng.IntN(0x7000)))
				}
			}
			raw = append(raw, block...)
		}
		w.tensor(name, t, []int{rows, cols}, raw)
	}
	norm := func(name string) { w.tensor(name, blocks.F32, []int{width}, floats(make([]float32, width)...)) }
	add("token_embd.weight", vocab, width)
	norm("output_norm.weight")
	for l := range 2 {
		at := fmt.Sprintf("blk.%d.", l)
		norm(at + "attn_norm.weight")
		norm(at + "ffn_norm.weight")
		add(at+"attn_q.weight", width, width)
		add(at+"attn_k.weight", width/2, width)
		add(at+"attn_v.weight", width/2, width)
		add(at+"attn_output.weight", width, width)
		add(at+"ffn_gate.weight", hidden, width)
		add(at+"ffn_up.weight", hidden, width)
		add(at+"ffn_down.weight", width, hidden)
	}
	return w
}

func TestRows_OfBlocksAreTheNumbersOfParams(t *testing.T) {
	f, err := parse("blocks", blocked(blocks.Q8_0, blocks.Q4_0, blocks.Q4_1).bytes())
	if err != nil {
		t.Fatal(err)
	}
	p, err := weights.Params(f)
	if err != nil {
		t.Fatal(err)
	}
	matrices := 0
	for _, want := range p.Tensors() {
		if len(want.Shape) < 2 {
			continue
		}
		matrices++
		rows, err := f.Rows(want.Name)
		if err != nil {
			t.Fatal(err)
		}
		cols := want.Shape[1]
		if len(rows)*cols != len(want.Data) {
			t.Fatalf("%s: %d rows", want.Name, len(rows))
		}
		got := make([]float32, cols)
		for r, row := range rows {
			typ := blocks.Q4_1
			if row.Type == kernel.Q80 {
				typ = blocks.Q8_0
			}
			blocks.Dequantise(typ, got, row.Data)
			if !slices.Equal(got, want.Data[r*cols:(r+1)*cols]) {
				t.Fatalf("%s: row %d is %v, want %v", want.Name, r, got, want.Data[r*cols:(r+1)*cols])
			}
		}
	}
	if matrices != 15 {
		t.Errorf("%d matrices", matrices)
	}
}

func TestRows_OfEachTypeMultiplyAsTheirDequantisedValues(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "blocks", "testdata", "blocks.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Type blocks.Type
		Data []byte
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	seen := map[kernel.BlockType]bool{}
	for _, c := range cases {
		typ := blockTypes[c.Type]
		values, size := c.Type.Size()
		if typ == 0 || c.Type == blocks.Q4_0 { // Rows makes it a Q4_1
			continue
		}
		seen[typ] = true
		w, err := kernel.NewBlockWeights([]kernel.BlockRow{{Type: typ, Data: c.Data[:size]}}, values)
		if err != nil {
			t.Fatal(err)
		}
		want := make([]float32, values)
		blocks.Dequantise(c.Type, want, c.Data[:size])
		row := make([]float32, values)
		if w.Row(0, row); !slices.Equal(row, want) {
			t.Errorf("%s: %v, want %v", c.Type, row, want)
		}
		for i, v := range want {
			var x kernel.BlockLeft
			x.Fit(1, values)
			one := make([]float32, values)
			one[i] = 1
			x.Set(0, one)
			got := []float32{0}
			kernel.LinearBlocks(w, got, &x, 0, 1, 1, 0, 1, false)
			if math.Abs(float64(got[0]-v)) > 1e-5*math.Abs(float64(slices.Max(want))) {
				t.Fatalf("%s: term %d is %g, want %g", c.Type, i, got[0], v)
			}
		}
	}
	for name, typ := range blockTypes {
		if !seen[typ] {
			t.Errorf("%s was not tried", name)
		}
	}
}

func TestRows_ThatAreNoBlocksAreRefusedByName(t *testing.T) {
	f, err := parse("halves", blocked(blocks.F16).bytes())
	if err != nil {
		t.Fatal(err)
	}
	const q = "model.layers.0.self_attn.q_proj.weight"
	if _, err := f.Rows(q); !errors.Is(err, weights.ErrUnsupported) || !strings.Contains(err.Error(), "F16") || !strings.Contains(err.Error(), "attn_q") {
		t.Error(err)
	}
	if _, err := f.Rows("lm_head.weight"); !errors.Is(err, weights.ErrFormat) || !strings.Contains(err.Error(), "lm_head.weight") {
		t.Error(err)
	}
	odd := blocked(blocks.Q8_0).meta("llama.attention.key_length", uint32(22)).meta("llama.attention.value_length", uint32(22))
	if f, err = parse("odd", odd.bytes()); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Rows(q); !errors.Is(err, weights.ErrFormat) || !strings.Contains(err.Error(), "heads of 22") {
		t.Error(err)
	}
	data := blocked(blocks.Q4_0).bytes()
	binary.LittleEndian.PutUint16(data[len(data)-18:], 0x7800) // 32768, eight times which is no half
	if f, err = parse("large", data); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Rows("model.layers.1.mlp.down_proj.weight"); !errors.Is(err, weights.ErrUnsupported) || !strings.Contains(err.Error(), "32768") {
		t.Error(err)
	}
}

func TestRows_EightTimesAHalfIsExact(t *testing.T) {
	for h := range 1 << 16 {
		v := 8 * kernel.FromHalf(uint16(h))
		got, ok := eightTimes(uint16(h))
		if fits := v == v && v <= 65504 && v >= -65504; ok != fits || ok && kernel.FromHalf(got) != v {
			t.Fatalf("%#04x: %#04x %v, want %g", h, got, ok, v)
		}
	}
}
