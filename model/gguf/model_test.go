package gguf

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"slm/model"
	"slm/model/blocks"
	"slm/model/weights"
)

var tinyConfig = model.Config{Vocab: 10, Width: 8, Layers: 2, Heads: 2, KVHeads: 1, HeadDim: 4, Hidden: 6, Context: 64, RopeTheta: 10000, NormEps: 1e-5}

// tinyLlama writes a model whose every weight differs: value i of tensor j is j + i/1000.
func tinyLlama(tied bool) *writer {
	c := tinyConfig
	w := newWriter().meta("general.architecture", "llama")
	w.meta("llama.embedding_length", uint32(c.Width)).meta("llama.block_count", uint32(c.Layers)).meta("llama.attention.head_count", uint32(c.Heads))
	w.meta("llama.attention.head_count_kv", uint32(c.KVHeads)).meta("llama.feed_forward_length", uint32(c.Hidden)).meta("llama.context_length", uint32(c.Context))
	w.meta("llama.attention.layer_norm_rms_epsilon", float32(c.NormEps))
	j := 0
	add := func(name string, shape ...int) {
		n := 1
		for _, d := range shape {
			n *= d
		}
		values := make([]float32, n)
		for i := range values {
			values[i] = float32(j) + float32(i)/1000
		}
		w.tensor(name, blocks.F32, shape, floats(values...))
		j++
	}
	add("token_embd.weight", c.Vocab, c.Width)
	add("output_norm.weight", c.Width)
	if !tied {
		add("output.weight", c.Vocab, c.Width)
	}
	for l := range c.Layers {
		at := fmt.Sprintf("blk.%d.", l)
		add(at+"attn_norm.weight", c.Width)
		add(at+"attn_q.weight", 8, c.Width)
		add(at+"attn_k.weight", 4, c.Width)
		add(at+"attn_v.weight", 4, c.Width)
		add(at+"attn_output.weight", c.Width, 8)
		add(at+"ffn_norm.weight", c.Width)
		add(at+"ffn_gate.weight", c.Hidden, c.Width)
		add(at+"ffn_up.weight", c.Hidden, c.Width)
		add(at+"ffn_down.weight", c.Width, c.Hidden)
	}
	return w
}

func TestLlama_WeightsComeInHalfSplitOrder(t *testing.T) {
	for _, tied := range []bool{true, false} {
		f, err := parse("tiny", tinyLlama(tied).bytes())
		if err != nil {
			t.Fatal(err)
		}
		p, err := weights.Params(f)
		if err != nil {
			t.Fatal(err)
		}
		want := tinyConfig
		want.Tied = tied
		want.NormEps = float64(float32(1e-5))
		if p.Config != want {
			t.Fatalf("config %+v, want %+v", p.Config, want)
		}
		if (p.Head == nil) != tied {
			t.Fatalf("tied %v, head of %d values", tied, len(p.Head))
		}
		q, err := f.Floats("blk.1.attn_q.weight")
		if err != nil {
			t.Fatal(err)
		}
		// Within a head of 4 the file's rows 0 1 2 3 are the pairs (0,1), (2,3); half-split they are 0 2 1 3.
		for to, from := range []int{0, 2, 1, 3, 4, 6, 5, 7} {
			if !slices.Equal(p.Layers[1].QKV[to*8:to*8+8], q[from*8:from*8+8]) {
				t.Errorf("row %d of q is not the file's row %d", to, from)
			}
		}
		v, err := f.Floats("blk.1.attn_v.weight")
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(p.Layers[1].QKV[12*8:], v) {
			t.Error("the rows of v moved")
		}
		down, err := f.Floats("blk.0.ffn_down.weight")
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(p.Layers[0].Down, down) {
			t.Error("ffn_down differs")
		}
	}
}

func TestLlama_OtherArchitecturesAreRefusedByName(t *testing.T) {
	rename := func(from, to string) []byte {
		return []byte(strings.ReplaceAll(string(tinyLlama(true).bytes()), from, to))
	}
	with := func(key string, value any) []byte { return tinyLlama(true).meta(key, value).bytes() }
	for _, c := range []struct {
		name string
		data []byte
		want error
		word string
	}{
		{"architecture", rename("\x05\x00\x00\x00\x00\x00\x00\x00llama", "\x05\x00\x00\x00\x00\x00\x00\x00gemma"), weights.ErrUnsupported, "gemma"},
		{"missing tensor", rename("blk.1.ffn_down", "blk.9.ffn_down"), weights.ErrFormat, "model.layers.1.mlp.down_proj.weight is missing"},
		{"no layers", rename("llama.block_count", "llama.block_xount"), weights.ErrFormat, "num_hidden_layers"},
		{"unknown tensor", rename("blk.1.ffn_up", "blk.1.ffn_uq"), weights.ErrUnsupported, "blk.1.ffn_uq.weight has no place"},
		{"extra values", tinyLlama(true).tensor("blk.9.attn_norm.weight", blocks.F32, []int{2}, floats(1, 2)).bytes(), weights.ErrFormat, "values"},
		{"biases", tinyLlama(true).tensor("blk.0.attn_q.bias", blocks.F32, []int{2}, floats(1, 2)).bytes(), weights.ErrUnsupported, "have biases"},
		{"rope scaling", with("llama.rope.scaling.type", "yarn"), weights.ErrUnsupported, "yarn"},
		{"experts", with("llama.expert_count", uint32(8)), weights.ErrUnsupported, "expert_count"},
		{"partial rope", with("llama.rope.dimension_count", uint32(2)), weights.ErrUnsupported, "dimension_count"},
		{"no heads", []byte(strings.Replace(string(tinyLlama(true).bytes()), "llama.attention.head_count", "llama.attention.head_cxunt", 1)), weights.ErrFormat, "num_attention_heads"},
		{"theta", with("llama.rope.freq_base", float32(-1)), weights.ErrFormat, "rope_theta"},
		{"theta a word", with("llama.rope.freq_base", "big"), weights.ErrFormat, "freq_base"},
		{"more heads than weights", with("llama.attention.key_length", uint32(1<<20)), weights.ErrFormat, "values"},
	} {
		f, err := parse("x.gguf", c.data)
		if err != nil {
			t.Errorf("%s: parse: %v", c.name, err)
			continue
		}
		if _, err = weights.Params(f); !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.word) || !strings.Contains(err.Error(), "x.gguf") {
			t.Errorf("%s: %v, want %v with %q", c.name, err, c.want, c.word)
		}
	}
}
