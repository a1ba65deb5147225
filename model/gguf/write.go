package gguf

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"slm/checkpoint"
	"slm/data/tokenizer"
	"slm/model/weights"
)

// Write writes a model, whole or not at all. The tensors are float32, so Open reads the same bits again. The numbers of the configuration are
// rounded to float32, which is what other programs expect.
func Write(path string, m weights.Model) error {
	pre := map[tokenizer.Pattern]string{tokenizer.SmolLM2: "smollm", tokenizer.GPT2: "gpt-2"}[m.Tokenizer.Pattern()]
	if pre == "" {
		return fmt.Errorf("%w: %s: GGUF has no name for the tokenizer's way of cutting words", weights.ErrUnsupported, path)
	}
	var w encoder
	w.header(m, pre)
	tensors := m.Params.Tensors()
	for _, t := range tensors {
		w.describe(t)
	}
	w.align()
	for _, t := range tensors {
		w.values(t, m.Params.Config.HeadDim)
		w.align()
	}
	if err := checkpoint.WriteFileAtomic(path, w.buf.Bytes()); err != nil {
		return fmt.Errorf("gguf: write: %w", err)
	}
	return nil
}

// encoder writes the parts of a file one after the other.
type encoder struct {
	buf    bytes.Buffer
	offset uint64 // of the next tensor among the data
}

func (w *encoder) number(v any) { _ = binary.Write(&w.buf, binary.LittleEndian, v) } // a buffer takes all

func (w *encoder) text(s string) {
	w.number(uint64(len(s)))
	w.buf.WriteString(s)
}

func (w *encoder) align() {
	for w.buf.Len()%defaultAlignment != 0 {
		w.buf.WriteByte(0)
	}
}

// header writes everything in front of the tensors' descriptions.
func (w *encoder) header(m weights.Model, pre string) {
	c := m.Params.Config
	tokens, merges, special := m.Tokenizer.Parts()
	types := make([]int32, len(tokens))
	for i, t := range tokens {
		types[i] = 1
		if slices.Contains(special, t) {
			types[i] = tokenControl
		}
	}
	type pair struct {
		key   string
		value any
	}
	pairs := []pair{
		{"general.architecture", "llama"},
		{"llama.embedding_length", uint32(c.Width)}, {"llama.block_count", uint32(c.Layers)}, {"llama.context_length", uint32(c.Context)},
		{"llama.attention.head_count", uint32(c.Heads)}, {"llama.attention.head_count_kv", uint32(c.KVHeads)}, {"llama.attention.key_length", uint32(c.HeadDim)},
		{"llama.attention.value_length", uint32(c.HeadDim)}, {"llama.rope.dimension_count", uint32(c.HeadDim)}, {"llama.feed_forward_length", uint32(c.Hidden)},
		{"llama.rope.freq_base", float32(c.RopeTheta)}, {"llama.attention.layer_norm_rms_epsilon", float32(c.NormEps)},
		{"tokenizer.ggml.model", "gpt2"}, {"tokenizer.ggml.pre", pre},
		{"tokenizer.ggml.tokens", tokens}, {"tokenizer.ggml.token_type", types}, {"tokenizer.ggml.merges", merges},
	}
	if m.ChatTemplate != "" {
		pairs = append(pairs, pair{"tokenizer.chat_template", m.ChatTemplate})
	}
	w.number(uint32(magic))
	w.number(uint32(3))
	w.number(uint64(len(m.Params.Tensors())))
	w.number(uint64(len(pairs)))
	for _, p := range pairs {
		w.text(p.key)
		w.value(p.value)
	}
}

// value writes a metadata value with its kind.
func (w *encoder) value(v any) {
	switch v := v.(type) {
	case string:
		w.number(uint32(kindString))
		w.text(v)
	case uint32:
		w.number(uint32(kindU32))
		w.number(v)
	case float32:
		w.number(uint32(kindF32))
		w.number(v)
	case []string:
		w.number([]uint32{kindArray, kindString})
		w.number(uint64(len(v)))
		for _, s := range v {
			w.text(s)
		}
	case []int32:
		w.number([]uint32{kindArray, kindI32})
		w.number(uint64(len(v)))
		w.number(v)
	}
}

// describe writes a tensor's name, shape, type and place.
func (w *encoder) describe(t checkpoint.Tensor) {
	w.text(toGGUF.Replace(t.Name))
	w.number(uint32(len(t.Shape)))
	for _, d := range slices.Backward(t.Shape) {
		w.number(uint64(d))
	}
	w.number(uint32(F32))
	w.number(w.offset)
	w.offset = (w.offset + 4*uint64(len(t.Data)) + defaultAlignment - 1) / defaultAlignment * defaultAlignment
}

// values writes a tensor, the rows of q and k in GGUF's order.
func (w *encoder) values(t checkpoint.Tensor, headDim int) {
	cols := t.Shape[len(t.Shape)-1]
	row := make([]byte, 0, 4*cols)
	for r := range len(t.Data) / cols {
		from := r
		if headed(toGGUF.Replace(t.Name)) {
			from = halfSplitRow(r, headDim)
		}
		row = row[:0]
		for _, v := range t.Data[from*cols : (from+1)*cols] {
			row = binary.LittleEndian.AppendUint32(row, math.Float32bits(v))
		}
		w.buf.Write(row)
	}
}

var _ weights.Blocks = (*File)(nil)
