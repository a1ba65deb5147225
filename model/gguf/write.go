package gguf

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"slices"

	"slm/checkpoint"
	"slm/data/tokenizer"
	"slm/model/blocks"
	"slm/model/kernel"
	"slm/model/weights"
)

// Write writes a model, whole or not at all. As f32, Open reads the same bits again. The numbers of the configuration are rounded to float32, which
// is what other programs expect.
//
// A model without a start token is written with add_bos_token false, and its end token as the start token that is never added: a file that names
// none leaves llama.cpp with token 11, whatever that is.
func Write(path string, m weights.Model) error {
	fail := func(err error) error { return fmt.Errorf("gguf: write %s: %w", path, err) }
	pre := map[tokenizer.Pattern]string{tokenizer.SmolLM2: "smollm", tokenizer.GPT2: "gpt-2"}[m.Tokenizer.Pattern()]
	if pre == "" {
		return fail(fmt.Errorf("%w: GGUF has no name for the tokenizer's way of cutting words (%s)", weights.ErrUnsupported, m.Tokenizer.Pattern()))
	}
	if m.Type == "" {
		m.Type = types[0]
	}
	mix, ok := mixes[m.Type]
	if !ok {
		return fail(fmt.Errorf("%w: type %q; there are %v", weights.ErrUnsupported, m.Type, types))
	}
	pairs, err := metadata(m, pre, mix)
	if err != nil {
		return fail(err)
	}
	tensors := m.Params.Tensors()
	chosen := make([]blocks.Type, len(tensors))
	for i, t := range tensors {
		chosen[i] = mix.of(t, m.Params.Config)
	}
	err = checkpoint.WriteStreamAtomic(path, func(to io.Writer) error {
		w := &encoder{to: bufio.NewWriterSize(to, 1<<16)}
		w.header(pairs, len(tensors))
		for i, t := range tensors {
			w.describe(t, chosen[i])
		}
		w.align()
		for i, t := range tensors {
			w.values(t, chosen[i], m.Params.Config.HeadDim)
			w.align()
		}
		if w.err != nil {
			return w.err
		}
		return w.to.Flush()
	})
	if err != nil {
		return fail(err)
	}
	return nil
}

// pair is a key of the metadata with its value.
type pair struct {
	key   string
	value any
}

// metadata is everything in front of the tensors' descriptions.
func metadata(m weights.Model, pre string, mix mix) ([]pair, error) {
	c := m.Params.Config
	tokens, merges, special := m.Tokenizer.Parts()
	types := make([]int32, len(tokens))
	for i, t := range tokens {
		types[i] = 1
		if slices.Contains(special, t) {
			types[i] = tokenControl
		}
	}
	pairs := []pair{{"general.architecture", "llama"}}
	if m.Name != "" {
		pairs = append(pairs, pair{"general.name", m.Name})
	}
	pairs = append(pairs, []pair{
		{"general.file_type", mix.number}, {"general.quantization_version", uint32(2)},
		{"llama.vocab_size", uint32(c.Vocab)},
		{"llama.embedding_length", uint32(c.Width)}, {"llama.block_count", uint32(c.Layers)}, {"llama.context_length", uint32(c.Context)},
		{"llama.attention.head_count", uint32(c.Heads)}, {"llama.attention.head_count_kv", uint32(c.KVHeads)}, {"llama.attention.key_length", uint32(c.HeadDim)},
		{"llama.attention.value_length", uint32(c.HeadDim)}, {"llama.rope.dimension_count", uint32(c.HeadDim)}, {"llama.feed_forward_length", uint32(c.Hidden)},
		{"llama.rope.freq_base", float32(c.RopeTheta)}, {"llama.attention.layer_norm_rms_epsilon", float32(c.NormEps)},
		{"tokenizer.ggml.model", "gpt2"}, {"tokenizer.ggml.pre", pre},
		{"tokenizer.ggml.tokens", tokens}, {"tokenizer.ggml.token_type", types}, {"tokenizer.ggml.merges", merges},
		{"tokenizer.ggml.add_bos_token", false}, {"tokenizer.ggml.add_eos_token", false},
	}...)
	if m.End != "" {
		id, ok := m.Tokenizer.ID(m.End)
		if !ok {
			return nil, fmt.Errorf("%w: the vocabulary lacks %s", weights.ErrFormat, weights.Clip(m.End))
		}
		for _, key := range []string{"eos", "bos", "padding"} {
			pairs = append(pairs, pair{"tokenizer.ggml." + key + "_token_id", uint32(id)})
		}
	}
	if m.ChatTemplate != "" {
		pairs = append(pairs, pair{"tokenizer.chat_template", m.ChatTemplate})
	}
	return pairs, nil
}

// encoder writes the parts of a file one after the other, and keeps the first error.
type encoder struct {
	to     *bufio.Writer
	at     uint64 // bytes written
	offset uint64 // of the next tensor among the data
	err    error
}

func (w *encoder) bytes(b []byte) {
	w.at += uint64(len(b))
	if w.err == nil {
		_, w.err = w.to.Write(b)
	}
}

// number writes what encoding/binary gives a size: numbers and slices of them.
func (w *encoder) number(v any) {
	b, err := binary.Append(nil, binary.LittleEndian, v)
	if w.err == nil {
		w.err = err
	}
	w.bytes(b)
}

func (w *encoder) text(s string) {
	w.number(uint64(len(s)))
	w.bytes([]byte(s))
}

func (w *encoder) align() {
	w.bytes(make([]byte, (defaultAlignment-w.at%defaultAlignment)%defaultAlignment))
}

func (w *encoder) header(pairs []pair, tensors int) {
	w.number(uint32(magic))
	w.number(uint32(3))
	w.number(uint64(tensors))
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
	case bool:
		w.number(uint32(kindBool))
		w.number(v)
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
func (w *encoder) describe(t checkpoint.Tensor, typ blocks.Type) {
	w.text(toGGUF.Replace(t.Name))
	w.number(uint32(len(t.Shape)))
	for _, d := range slices.Backward(t.Shape) {
		w.number(uint64(d))
	}
	w.number(uint32(typ))
	w.number(w.offset)
	values, bytes := typ.Size()
	size := uint64(len(t.Data) / values * bytes)
	w.offset += (size + defaultAlignment - 1) / defaultAlignment * defaultAlignment
}

// values writes a tensor, the rows of q and k in GGUF's order.
func (w *encoder) values(t checkpoint.Tensor, typ blocks.Type, headDim int) {
	cols := t.Shape[len(t.Shape)-1]
	rows := len(t.Data) / cols
	values, bytes := typ.Size()
	stride := cols / values * bytes
	turned := headed(toGGUF.Replace(t.Name))
	for first := 0; first < rows; first += rowsAtOnce {
		part := make([]byte, min(rowsAtOnce, rows-first)*stride)
		kernel.Tiles(len(part)/stride, 8, func(lo, hi int) {
			for r := lo; r < hi; r++ {
				from := first + r
				if turned {
					from = halfSplitRow(from, headDim)
				}
				blocks.Quantise(typ, part[r*stride:r*stride], t.Data[from*cols:(from+1)*cols])
			}
		})
		w.bytes(part)
	}
}

// rowsAtOnce is how many rows of a matrix are quantised before they are written.
const rowsAtOnce = 1024

var _ weights.Blocks = (*File)(nil)
