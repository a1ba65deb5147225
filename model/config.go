// Package model is a decoder-only transformer of the LLaMA shape: configuration, parameters, and the graph that trains them. It does
// not generate (model/decode) and knows no file format beyond the names of tensors (checkpoint, model/gguf).
package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
)

// ErrConfig marks a configuration that describes no model, or weights that do not fit their configuration.
var ErrConfig = errors.New("model: invalid configuration")

// Config is the shape of a decoder-only transformer in the LLaMA manner: RMSNorm before each block, rotary positions, grouped-query
// attention, SwiGLU; a Variant says what other architectures do besides. Its JSON uses Hugging Face's names, so that the metadata of a weights file reads like a config.json.
type Config struct {
	Vocab     int     `json:"vocab_size"`              // V, rows of the embedding
	Width     int     `json:"hidden_size"`             // C, the residual stream
	Layers    int     `json:"num_hidden_layers"`       // L
	Heads     int     `json:"num_attention_heads"`     // H, query heads
	KVHeads   int     `json:"num_key_value_heads"`     // key and value heads; each serves Heads/KVHeads query heads
	HeadDim   int     `json:"head_dim"`                // even, because rotary positions rotate pairs
	Hidden    int     `json:"intermediate_size"`       // F, the MLP's inner width
	Context   int     `json:"max_position_embeddings"` // longest sequence
	RopeTheta float64 `json:"rope_theta"`              // base of the rotary wavelengths
	NormEps   float64 `json:"rms_norm_eps"`            // added to the mean square before the root
	Tied      bool    `json:"tie_word_embeddings"`     // the head is the embedding

	Variant
}

// maxDim bounds every dimension and maxCount the number of parameters, so that no product overflows whatever a file claims.
const (
	maxDim   = 1 << 24
	maxCount = 1 << 40
)

// Validate returns an error that names the first field out of bounds; it wraps ErrConfig.
func (c Config) Validate() error {
	for _, d := range []struct {
		name  string
		value int
	}{
		{"vocab_size", c.Vocab}, {"hidden_size", c.Width}, {"num_hidden_layers", c.Layers}, {"num_attention_heads", c.Heads},
		{"num_key_value_heads", c.KVHeads}, {"head_dim", c.HeadDim}, {"intermediate_size", c.Hidden}, {"max_position_embeddings", c.Context},
	} {
		if d.value < 1 || d.value > maxDim {
			return fmt.Errorf("%w: %s is %d, not within 1..%d", ErrConfig, d.name, d.value, maxDim)
		}
	}
	if n := c.count(); n > maxCount {
		return fmt.Errorf("%w: %.3g parameters are more than %.3g", ErrConfig, n, float64(maxCount))
	}
	switch {
	case c.Heads%c.KVHeads != 0:
		return fmt.Errorf("%w: num_attention_heads %d is no multiple of num_key_value_heads %d", ErrConfig, c.Heads, c.KVHeads)
	case c.HeadDim%2 != 0:
		return fmt.Errorf("%w: head_dim %d is odd, rotary positions need pairs", ErrConfig, c.HeadDim)
	case c.Heads > maxDim/c.HeadDim:
		return fmt.Errorf("%w: num_attention_heads %d times head_dim %d is too large", ErrConfig, c.Heads, c.HeadDim)
	case !(c.RopeTheta > 0) || math.IsInf(c.RopeTheta, 0):
		return fmt.Errorf("%w: rope_theta is %v, not a positive number", ErrConfig, c.RopeTheta)
	case !(c.NormEps > 0) || math.IsInf(c.NormEps, 0):
		return fmt.Errorf("%w: rms_norm_eps is %v, not a positive number", ErrConfig, c.NormEps)
	}
	return c.validate()
}

// QWidth is the width of all query heads together, KVWidth that of all key (or value) heads.
func (c Config) QWidth() int  { return c.Heads * c.HeadDim }
func (c Config) KVWidth() int { return c.KVHeads * c.HeadDim }

// QKVWidth is the number of rows of a layer's fused projection: queries, keys, values.
func (c Config) QKVWidth() int { return c.QWidth() + 2*c.KVWidth() }

// Count is the number of parameters; a tied head counts once.
func (c Config) Count() int64 {
	width, heads := int64(c.Width), int64(c.Vocab)*int64(c.Width)
	layer := 2*width + width*int64(c.QKVWidth()) + width*int64(c.QWidth()) + 3*width*int64(c.Hidden)
	if !c.Tied {
		heads *= 2
	}
	more, once := c.variantCount()
	return heads + int64(c.Layers)*(layer+more) + width + once
}

// count is Count in floating point, which does not overflow.
func (c Config) count() float64 {
	v, w, q, kv := float64(c.Vocab), float64(c.Width), float64(float64(c.Heads)*float64(c.HeadDim)), float64(float64(c.KVHeads)*float64(c.HeadDim))
	return float64(v*w) + float64(float64(c.Layers)*w*(2+float64(2*q)+float64(2*kv)+float64(3*float64(c.Hidden))))
}

// JSON is the configuration as it stands in the metadata of a weights file.
func (c Config) JSON() string {
	text, err := json.Marshal(c)
	if err != nil { // only a NaN or an infinity, which Validate refuses
		return "{}"
	}
	return string(text)
}

// ParseConfig reads what JSON wrote and validates it. Unknown fields are allowed: a config.json of Hugging Face has many.
func ParseConfig(text string) (Config, error) {
	var c Config
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return Config{}, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return c, c.Validate()
}
