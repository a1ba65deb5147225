package encoder

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"slm/model/weights"
)

// ErrConfig marks a configuration that describes no model.
var ErrConfig = errors.New("encoder: invalid configuration")

// Config is the shape of a BERT encoder. Its JSON uses Hugging Face's names.
type Config struct {
	Vocab   int     `json:"vocab_size"`              // V, rows of the embedding
	Width   int     `json:"hidden_size"`             // C
	Layers  int     `json:"num_hidden_layers"`       // L
	Heads   int     `json:"num_attention_heads"`     // H; a head has C/H values
	Hidden  int     `json:"intermediate_size"`       // F, the MLP's inner width
	Context int     `json:"max_position_embeddings"` // longest text in tokens
	Types   int     `json:"type_vocab_size"`         // kinds of texts, of which this package knows the first
	NormEps float64 `json:"layer_norm_eps"`          // added to the variance before the root
}

const (
	maxDim   = 1 << 24
	maxCount = 1 << 40
)

// ParseConfig reads a config.json. What this package would compute otherwise is refused by name and wraps weights.ErrUnsupported; a shape that
// cannot be wraps ErrConfig. Fields that do not matter here are passed over.
func ParseConfig(data []byte) (Config, error) {
	var c struct {
		Config
		Kind       string `json:"model_type"`
		Activation string `json:"hidden_act"`
		Positions  string `json:"position_embedding_type"`
		Decoder    bool   `json:"is_decoder"`
	}
	c.Positions = "absolute" // which newer files leave out
	if err := json.Unmarshal(data, &c); err != nil {
		return Config{}, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	refuse := func(key string, value any, want string) (Config, error) {
		return Config{}, fmt.Errorf("%w: %s is %q; only %q can be run", weights.ErrUnsupported, key, fmt.Sprint(value), want)
	}
	switch {
	case c.Kind != "bert":
		return refuse("model_type", c.Kind, "bert")
	case c.Activation != "gelu":
		return refuse("hidden_act", c.Activation, "gelu")
	case c.Positions != "absolute":
		return refuse("position_embedding_type", c.Positions, "absolute")
	case c.Decoder:
		return refuse("is_decoder", c.Decoder, "false")
	}
	return c.Config, c.Validate()
}

// Validate returns an error that names the first field out of bounds; it wraps ErrConfig.
func (c Config) Validate() error {
	for _, d := range []struct {
		name  string
		value int
	}{
		{"vocab_size", c.Vocab}, {"hidden_size", c.Width}, {"num_hidden_layers", c.Layers}, {"num_attention_heads", c.Heads},
		{"intermediate_size", c.Hidden}, {"max_position_embeddings", c.Context}, {"type_vocab_size", c.Types},
	} {
		if d.value < 1 || d.value > maxDim {
			return fmt.Errorf("%w: %s is %d, not within 1..%d", ErrConfig, d.name, d.value, maxDim)
		}
	}
	width := float64(c.Width)
	count := float64(width*(float64(c.Vocab)+float64(c.Context)+float64(c.Types))) + float64(float64(c.Layers)*width*(float64(4*width)+float64(2*float64(c.Hidden))))
	switch {
	case count > maxCount:
		return fmt.Errorf("%w: %.3g parameters are more than %.3g", ErrConfig, count, float64(maxCount))
	case c.Width%c.Heads != 0:
		return fmt.Errorf("%w: hidden_size %d is no multiple of num_attention_heads %d", ErrConfig, c.Width, c.Heads)
	case !(c.NormEps > 0) || math.IsInf(c.NormEps, 0):
		return fmt.Errorf("%w: layer_norm_eps is %v, not a positive number", ErrConfig, c.NormEps)
	}
	return nil
}
