package gguf

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"slm/model"
	"slm/model/weights"
)

// architecture is a kind of model, by the name that general.architecture has.
type architecture struct {
	name string
	// paired: a head's rows of queries and keys that rotary positions turn together stand side by side, not half a head apart.
	paired bool
	// variant sets what the models do beyond LLaMA's shape; the keys that r reads begin with the architecture's name. nil: nothing.
	variant func(r *metaReader, c *model.Config)
}

// architectures lists what can be run. Mistral's and SmolLM's files say llama.
var architectures = []architecture{
	{name: "llama", paired: true, variant: func(r *metaReader, c *model.Config) { c.Window = r.count("attention.sliding_window", 0) }},
	{name: "qwen2"},
	{name: "qwen3"},
	{name: "phi3", variant: func(r *metaReader, c *model.Config) { c.Window = r.count("attention.sliding_window", 0) }},
	{name: "gemma2", variant: gemma2},
	{name: "gemma3", variant: gemma3},
}

func architectureOf(f *File) (architecture, error) {
	name, _, err := lookup[string](f, "general.architecture")
	if err != nil {
		return architecture{}, err
	}
	if i := slices.IndexFunc(architectures, func(a architecture) bool { return a.name == name }); i >= 0 {
		return architectures[i], nil
	}
	var all []string
	for _, a := range architectures {
		all = append(all, a.name)
	}
	return architecture{}, fmt.Errorf("%w: %s: architecture %q; there are %s", weights.ErrUnsupported, f.name, weights.Clip(name), strings.Join(all, ", "))
}

// gemma sets what all Gemmas do. Of the largest model of a family the queries' scale is another, and no key says so: llama.cpp, too, knows it by
// its layers.
func gemma(c *model.Config, largest int) {
	c.GELU, c.PostNorm, c.EmbedScale = true, true, math.Sqrt(float64(c.Width))
	if c.Layers == largest && c.Heads > 0 {
		c.QueryScale = 1 / math.Sqrt(float64(c.Width)/float64(c.Heads))
	}
}

func gemma2(r *metaReader, c *model.Config) {
	gemma(c, 46)
	c.ScoreCap, c.LogitCap = r.float("attn_logit_softcapping", 50), r.float("final_logit_softcapping", 30)
	c.Window, c.GlobalEvery = r.count("attention.sliding_window", 4096), 2
}

func gemma3(r *metaReader, c *model.Config) {
	gemma(c, 62)
	c.LogitCap = r.float("final_logit_softcapping", 0)
	c.Window, c.GlobalEvery = r.count("attention.sliding_window", 0), r.count("attention.sliding_window_pattern", 6)
	c.WindowTheta = r.float("rope.freq_base_swa", 10000)
	if c.Window == 0 {
		c.GlobalEvery, c.WindowTheta = 0, 0
	}
}

// Config reads the shape of a model.
func (f *File) Config() (model.Config, error) {
	arch, err := architectureOf(f)
	if err != nil {
		return model.Config{}, err
	}
	embed, ok := f.tensors["token_embd.weight"]
	if !ok || len(embed.Shape) != 2 {
		return model.Config{}, fmt.Errorf("%w: %s: tensor token_embd.weight is missing or no matrix", weights.ErrFormat, f.name)
	}
	r := metaReader{file: f, arch: arch.name}
	c := model.Config{
		Vocab:     embed.Shape[0],
		Width:     r.count("embedding_length", 0),
		Layers:    r.count("block_count", 0),
		Heads:     r.count("attention.head_count", 0),
		Hidden:    r.count("feed_forward_length", 0),
		Context:   r.count("context_length", 0),
		RopeTheta: r.float("rope.freq_base", 10000),
		NormEps:   r.float("attention.layer_norm_rms_epsilon", 0),
		Tied:      !f.has("output.weight"),
	}
	c.KVHeads = r.count("attention.head_count_kv", c.Heads)
	perHead := 0
	if c.Heads > 0 {
		perHead = c.Width / c.Heads
	}
	c.HeadDim = r.count("attention.key_length", perHead)
	r.same("attention.value_length", c.HeadDim)
	r.same("rope.dimension_count", c.HeadDim)
	r.same("expert_count", 0)
	c.Bias, c.HeadNorm, c.RopeFactors = f.has("blk.0.attn_q.bias"), f.has("blk.0.attn_q_norm.weight"), f.has(model.RopeFactorsName)
	if arch.variant != nil {
		arch.variant(&r, &c)
	}
	r.scaling(&c)
	if c.Bias && arch.paired {
		r.fail("%w: %s: the projections of architecture %q have biases", weights.ErrUnsupported, f.name, arch.name)
	}
	if r.err != nil {
		return model.Config{}, r.err
	}
	if err := c.Validate(); err != nil {
		return model.Config{}, fmt.Errorf("%w: %s: %w", weights.ErrFormat, f.name, err)
	}
	return c, nil
}

func (f *File) has(tensor string) bool {
	_, ok := f.tensors[tensor]
	return ok
}

// metaReader reads numbers of an architecture and keeps the first error.
type metaReader struct {
	file *File
	arch string
	err  error
}

func (r *metaReader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
}

func (r *metaReader) count(key string, missing int) int {
	v, ok, err := lookup[uint64](r.file, r.arch+"."+key)
	if err != nil {
		r.fail("%w", err)
	}
	if !ok {
		return missing
	}
	return int(min(v, math.MaxInt32)) // Config.Validate refuses the large ones by name
}

func (r *metaReader) float(key string, missing float64) float64 {
	v, ok, err := lookup[float64](r.file, r.arch+"."+key)
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
		r.fail("%w: %s: metadata %s.%s is %d, only %d can be run", weights.ErrUnsupported, r.file.name, r.arch, key, got, want)
	}
}

// scaling reads how rotary positions are scaled for long texts.
func (r *metaReader) scaling(c *model.Config) {
	kind, ok, err := lookup[string](r.file, r.arch+".rope.scaling.type")
	if err != nil {
		r.fail("%w", err)
	}
	for _, name := range []string{"rope_factors_long.weight", "rope_factors_short.weight"} {
		if r.file.has(name) {
			kind, ok = "longrope", true
		}
	}
	switch {
	case !ok || kind == "none" || kind == "":
	case kind == "linear":
		c.RopeLinear = r.float("rope.scaling.factor", 1)
	default:
		r.fail("%w: %s: rope scaling %q; there are none and linear", weights.ErrUnsupported, r.file.name, weights.Clip(kind))
	}
}
