package gguf

import (
	"fmt"
	"iter"
	"math"
	"strings"

	"slm/model"
	"slm/model/kernel"
	"slm/model/weights"
)

// Config reads the shape of a model of the `llama` architecture.
func (f *File) Config() (model.Config, error) {
	arch, _, err := lookup[string](f, "general.architecture")
	if err != nil {
		return model.Config{}, err
	}
	if arch != "llama" {
		return model.Config{}, fmt.Errorf("%w: %s: architecture %q, only \"llama\" can be run", weights.ErrUnsupported, f.name, arch)
	}
	embed, ok := f.tensors["token_embd.weight"]
	if !ok || len(embed.Shape) != 2 {
		return model.Config{}, fmt.Errorf("%w: %s: tensor token_embd.weight is missing or no matrix", weights.ErrFormat, f.name)
	}
	_, untied := f.tensors["output.weight"]
	r := metaReader{file: f}
	c := model.Config{
		Vocab:     embed.Shape[0],
		Width:     r.count("llama.embedding_length", 0),
		Layers:    r.count("llama.block_count", 0),
		Heads:     r.count("llama.attention.head_count", 0),
		Hidden:    r.count("llama.feed_forward_length", 0),
		Context:   r.count("llama.context_length", 0),
		RopeTheta: r.float("llama.rope.freq_base", 10000),
		NormEps:   r.float("llama.attention.layer_norm_rms_epsilon", 0),
		Tied:      !untied,
	}
	c.KVHeads = r.count("llama.attention.head_count_kv", c.Heads)
	perHead := 0
	if c.Heads > 0 {
		perHead = c.Width / c.Heads
	}
	c.HeadDim = r.count("llama.attention.key_length", perHead)
	r.same("llama.attention.value_length", c.HeadDim)
	r.same("llama.rope.dimension_count", c.HeadDim)
	r.same("llama.expert_count", 0)
	if scaling, ok, err := lookup[string](f, "llama.rope.scaling.type"); err != nil {
		return model.Config{}, err
	} else if ok && scaling != "none" {
		r.fail("%w: %s: rope scaling %q", weights.ErrUnsupported, f.name, scaling)
	}
	if r.err != nil {
		return model.Config{}, r.err
	}
	if err := c.Validate(); err != nil {
		return model.Config{}, fmt.Errorf("%w: %s: %w", weights.ErrFormat, f.name, err)
	}
	return c, nil
}

// metaReader reads numbers and keeps the first error.
type metaReader struct {
	file *File
	err  error
}

func (r *metaReader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
}

func (r *metaReader) count(key string, missing int) int {
	v, ok, err := lookup[uint64](r.file, key)
	if err != nil {
		r.fail("%w", err)
	}
	if !ok {
		return missing
	}
	return int(min(v, math.MaxInt32)) // Config.Validate refuses the large ones by name
}

func (r *metaReader) float(key string, missing float64) float64 {
	v, ok, err := lookup[float64](r.file, key)
	if err != nil {
		r.fail("%w", err)
	}
	if !ok {
		return missing
	}
	return v
}

// same refuses a key that asks for something this model does not do.
func (r *metaReader) same(key string, want int) {
	if got := r.count(key, want); got != want {
		r.fail("%w: %s: metadata %s is %d, only %d can be run", weights.ErrUnsupported, r.file.name, key, got, want)
	}
}

// names pairs the parts of Hugging Face's tensor names with GGUF's. A part stands before those that it holds.
var names = []string{
	"model.embed_tokens", "token_embd",
	"model.layers.", "blk.",
	"post_attention_layernorm", "ffn_norm",
	"input_layernorm", "attn_norm",
	"self_attn.q_proj", "attn_q",
	"self_attn.k_proj", "attn_k",
	"self_attn.v_proj", "attn_v",
	"self_attn.o_proj", "attn_output",
	"mlp.gate_proj", "ffn_gate",
	"mlp.up_proj", "ffn_up",
	"mlp.down_proj", "ffn_down",
	"model.norm", "output_norm",
	"lm_head", "output",
}

var (
	toGGUF   = strings.NewReplacer(names...)
	fromGGUF = strings.NewReplacer(swapped(names)...)
)

// swapped exchanges the members of pairs.
func swapped(pairs []string) []string {
	out := make([]string, len(pairs))
	for i := range pairs {
		out[i] = pairs[i^1]
	}
	return out
}

// Tensors goes through the file's tensors under Hugging Face's names, each de-quantised when it is read.
func (f *File) Tensors() iter.Seq2[weights.Tensor, error] {
	return func(yield func(weights.Tensor, error) bool) {
		c, err := f.Config()
		if err != nil {
			yield(weights.Tensor{}, err)
			return
		}
		for _, name := range f.Names() {
			t := f.tensors[name]
			read := func(into []float32) error { return f.read(into, t, c.HeadDim) }
			if !yield(weights.Tensor{Name: fromGGUF.Replace(name), Shape: t.Shape, Read: read}, nil) {
				return
			}
		}
	}
}

// read de-quantises a tensor, its rows in the order of half-split heads.
func (f *File) read(into []float32, t Tensor, headDim int) error {
	if err := f.readable(t); err != nil {
		return err
	}
	row := func(r int) int { return r }
	if headed(t.Name) {
		if err := f.heads(t, headDim); err != nil {
			return err
		}
		row = func(r int) int { return halfSplitRow(r, headDim) }
	}
	readRows(into, t, row)
	return nil
}

// heads refuses a matrix whose rows are no whole heads.
func (f *File) heads(t Tensor, headDim int) error {
	if headDim%2 != 0 || t.Shape[0]%headDim != 0 {
		return fmt.Errorf("%w: %s: tensor %s has %d rows, which are no heads of %d", weights.ErrFormat, f.name, t.Name, t.Shape[0], headDim)
	}
	return nil
}

// halfSplitRow says where a row of q or k goes. GGUF's llama keeps the two rows that rotary positions turn together side by side
// (2j, 2j+1 within a head); here they lie half a head apart (j, j+hd/2).
func halfSplitRow(row, headDim int) int {
	head, within := row/headDim*headDim, row%headDim
	return head + within%2*(headDim/2) + within/2
}

// readRows de-quantises a matrix (a vector is a matrix of one row), row r of the file into row(r) of out.
func readRows(out []float32, t Tensor, row func(int) int) {
	rows, cols := 1, t.Shape[len(t.Shape)-1]
	if len(t.Shape) == 2 {
		rows = t.Shape[0]
	}
	stride := len(t.data) / rows
	kernel.Tiles(rows, 256, func(lo, hi int) {
		for r := lo; r < hi; r++ {
			to := row(r) * cols
			dequantise(t.Type, out[to:to+cols], t.data[r*stride:(r+1)*stride])
		}
	})
}
