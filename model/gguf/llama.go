package gguf

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"slm/model"
	"slm/model/kernel"
)

// Config reads the shape of a model of the `llama` architecture.
func (f *File) Config() (model.Config, error) {
	arch, _, err := lookup[string](f, "general.architecture")
	if err != nil {
		return model.Config{}, err
	}
	if arch != "llama" {
		return model.Config{}, fmt.Errorf("%w: %s: architecture %q, only \"llama\" can be run", ErrUnsupported, f.name, arch)
	}
	embed, ok := f.tensors["token_embd.weight"]
	if !ok || len(embed.Shape) != 2 {
		return model.Config{}, fmt.Errorf("%w: %s: tensor token_embd.weight is missing or no matrix", ErrFormat, f.name)
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
		r.fail("%w: %s: rope scaling %q", ErrUnsupported, f.name, scaling)
	}
	if r.err != nil {
		return model.Config{}, r.err
	}
	if err := c.Validate(); err != nil {
		return model.Config{}, fmt.Errorf("%w: %s: %w", ErrFormat, f.name, err)
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
		r.fail("%w: %s: metadata %s is %d, only %d can be run", ErrUnsupported, r.file.name, key, got, want)
	}
}

// ggufNames maps the parts of Hugging Face's tensor names to GGUF's.
var ggufNames = strings.NewReplacer(
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
)

// Params reads the weights into parameters of their own, de-quantised. Every tensor of the file must be one of the model's.
func (f *File) Params() (*model.Params, error) {
	c, err := f.Config()
	if err != nil {
		return nil, err
	}
	// The file's values are counted before memory is asked for, so that a small file cannot claim a large model.
	var have int64
	for _, t := range f.tensors {
		have += int64(t.count())
	}
	if want := c.Count(); have != want {
		return nil, fmt.Errorf("%w: %s: the tensors hold %d values, the metadata describe a model of %d", ErrFormat, f.name, have, want)
	}
	p := model.Zeros(c)
	for _, want := range p.Tensors() {
		name := ggufNames.Replace(want.Name)
		t, ok := f.tensors[name]
		switch {
		case !ok:
			return nil, fmt.Errorf("%w: %s: tensor %s is missing", ErrFormat, f.name, name)
		case !slices.Equal(t.Shape, want.Shape):
			return nil, fmt.Errorf("%w: %s: tensor %s has shape %v, want %v", ErrFormat, f.name, name, t.Shape, want.Shape)
		}
		if err := f.readable(t); err != nil {
			return nil, err
		}
		row := func(r int) int { return r }
		if headed(name) {
			row = func(r int) int { return halfSplitRow(r, c.HeadDim) }
		}
		readRows(want.Data, t, row)
	}
	return p, nil
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
