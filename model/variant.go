package model

import (
	"fmt"
	"math"
)

// Variant is what an architecture does beyond LLaMA's shape; the zero value is LLaMA. A model with a variant is run (model/decode) and not trained.
type Variant struct {
	Bias     bool `json:"qkv_bias,omitempty"`  // the projections to queries, keys and values have biases (Qwen 2)
	HeadNorm bool `json:"head_norm,omitempty"` // each head's query and key go through an RMSNorm before they are rotated (Qwen 3, Gemma 3)
	PostNorm bool `json:"post_norm,omitempty"` // what attention and MLP give goes through an RMSNorm before it is added (Gemma 2)
	GELU     bool `json:"gelu,omitempty"`      // the gate's activation is GELU in its tanh form (Gemma)

	EmbedScale  float64 `json:"embed_scale,omitempty"`  // multiplies the embeddings of tokens; 0 = 1
	QueryScale  float64 `json:"query_scale,omitempty"`  // multiplies the scores of attention; 0 = 1/√head_dim
	ScoreCap    float64 `json:"score_cap,omitempty"`    // scores become cap·tanh(score/cap); 0 = they stay
	LogitCap    float64 `json:"logit_cap,omitempty"`    // the same of logits
	Window      int     `json:"window,omitempty"`       // newest positions that a layer with a window sees, its own included; 0 = no layer has one
	GlobalEvery int     `json:"global_every,omitempty"` // every n-th layer has no window; 0 = all have one
	WindowTheta float64 `json:"window_theta,omitempty"` // rope_theta of layers with a window; 0 = the same
	RopeLinear  float64 `json:"rope_linear,omitempty"`  // divides the positions of layers without a window; 0 = 1
	RopeFactors bool    `json:"rope_factors,omitempty"` // each wavelength has a factor of its own (LLaMA 3.1): Params.RopeFactors
}

// Windowed says whether a layer sees only the newest Window positions.
func (v Variant) Windowed(layer int) bool {
	return v.Window > 0 && (v.GlobalEvery == 0 || (layer+1)%v.GlobalEvery != 0)
}

// validate returns an error that names the first field out of bounds.
func (v Variant) validate() error {
	for _, f := range []struct {
		name  string
		value float64
	}{
		{"embed_scale", v.EmbedScale}, {"query_scale", v.QueryScale}, {"score_cap", v.ScoreCap}, {"logit_cap", v.LogitCap},
		{"window_theta", v.WindowTheta}, {"rope_linear", v.RopeLinear}, {"window", float64(v.Window)}, {"global_every", float64(v.GlobalEvery)},
	} {
		if !(f.value >= 0) || math.IsInf(f.value, 0) {
			return fmt.Errorf("%w: %s is %v, neither 0 nor a positive number", ErrConfig, f.name, f.value)
		}
	}
	return nil
}

// count is the number of parameters that a variant adds to a model.
func (c Config) variantCount() (layer, once int64) {
	if c.Bias {
		layer += int64(c.QKVWidth())
	}
	if c.HeadNorm {
		layer += 2 * int64(c.HeadDim)
	}
	if c.PostNorm {
		layer += 2 * int64(c.Width)
	}
	if c.RopeFactors {
		once = int64(c.HeadDim / 2)
	}
	return layer, once
}

// Extras are the parameters of a layer that variants have; nil where there are none.
type Extras struct {
	Bias          []float32 // [(H+2KV)*hd], of queries, keys, values
	QNorm, KNorm  []float32 // [hd]
	PostAttention []float32 // [C], the norm behind attention
	PostMLP       []float32 // [C]
}

func zeroExtras(c Config) (e Extras) {
	if c.Bias {
		e.Bias = make([]float32, c.QKVWidth())
	}
	if c.HeadNorm {
		e.QNorm, e.KNorm = make([]float32, c.HeadDim), make([]float32, c.HeadDim)
	}
	if c.PostNorm {
		e.PostAttention, e.PostMLP = make([]float32, c.Width), make([]float32, c.Width)
	}
	return e
}

// RopeFactorsName is the tensor of Params.RopeFactors. Hugging Face has the numbers that it is computed from in config.json; the name is GGUF's.
const RopeFactorsName = "rope_freqs.weight"

// tensors adds the extras under Hugging Face's names; at is the layer's.
func (e Extras) tensors(c Config, at string, add func(name string, data []float32, shape ...int)) {
	if e.Bias != nil {
		q, kv := c.QWidth(), c.KVWidth()
		add(at+"self_attn.q_proj.bias", e.Bias[:q:q], q)
		add(at+"self_attn.k_proj.bias", e.Bias[q:q+kv:q+kv], kv)
		add(at+"self_attn.v_proj.bias", e.Bias[q+kv:], kv)
	}
	if e.QNorm != nil {
		add(at+"self_attn.q_norm.weight", e.QNorm, c.HeadDim)
		add(at+"self_attn.k_norm.weight", e.KNorm, c.HeadDim)
	}
	if e.PostAttention != nil {
		add(at+"post_attention_layernorm.weight", e.PostAttention, c.Width)
		add(at+"post_feedforward_layernorm.weight", e.PostMLP, c.Width)
	}
}

// mlpNormName is Hugging Face's name of the norm in front of the MLP: with norms behind the blocks it gives way to one of these.
func (c Config) mlpNormName() string {
	if c.PostNorm {
		return "pre_feedforward_layernorm.weight"
	}
	return "post_attention_layernorm.weight"
}
