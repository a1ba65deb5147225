package safetensors

import (
	"encoding/json"
	"fmt"
	"os"

	"slm/data/tokenizer"
	"slm/model"
	"slm/model/weights"
)

// configuration is config.json of a model of the LLaMA shape: the numbers of model.Config, and what must have one value.
type configuration struct {
	model.Config
	Kind        string          `json:"model_type"`
	Activation  string          `json:"hidden_act"`
	Scaling     json.RawMessage `json:"rope_scaling"`
	AttnBias    bool            `json:"attention_bias"`
	MLPBias     bool            `json:"mlp_bias"`
	Interleaved bool            `json:"rope_interleaved"`
}

// Config reads the shape of a model of the `llama` architecture from config.json. What this program would compute otherwise is refused by name.
func (f *File) Config() (model.Config, error) {
	path := beside(f.name, configFile)
	data, err := os.ReadFile(path)
	if err != nil {
		return model.Config{}, fmt.Errorf("safetensors: %w", err)
	}
	c := configuration{Activation: "silu", Config: model.Config{RopeTheta: 10000, NormEps: 1e-6}}
	if err := json.Unmarshal(data, &c); err != nil {
		return model.Config{}, fmt.Errorf("%w: %s: %w", weights.ErrFormat, path, err)
	}
	refuse := func(format string, args ...any) (model.Config, error) {
		return model.Config{}, fmt.Errorf("%w: %s: %s", weights.ErrUnsupported, path, fmt.Sprintf(format, args...))
	}
	switch {
	case c.Kind != "llama":
		return refuse("model_type %q, only \"llama\" can be run", c.Kind)
	case c.Activation != "silu":
		return refuse("hidden_act %q, only \"silu\" can be run", c.Activation)
	case len(c.Scaling) > 0 && string(c.Scaling) != "null":
		return refuse("rope_scaling is set: %.80s", c.Scaling)
	case c.AttnBias || c.MLPBias || c.Interleaved:
		return refuse("attention_bias, mlp_bias or rope_interleaved is set")
	}
	if c.KVHeads == 0 {
		c.KVHeads = c.Heads
	}
	if c.HeadDim == 0 && c.Heads > 0 {
		c.HeadDim = c.Width / c.Heads
	}
	if err := c.Validate(); err != nil {
		return model.Config{}, fmt.Errorf("%w: %s: %w", weights.ErrFormat, path, err)
	}
	return c.Config, nil
}

// Tokenizer reads tokenizer.json.
func (f *File) Tokenizer() (*tokenizer.Tokenizer, error) {
	t, err := tokenizer.Load(beside(f.name, tokenizerFile))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", weights.ErrUnsupported, err)
	}
	return t, nil
}

// ChatTemplate is that of tokenizer_config.json, "" when there is none.
func (f *File) ChatTemplate() string {
	data, err := os.ReadFile(beside(f.name, templateFile))
	if err != nil {
		return ""
	}
	var c struct {
		Template string `json:"chat_template"`
	}
	if json.Unmarshal(data, &c) != nil { // a list of templates, say
		return ""
	}
	return c.Template
}

var _ weights.Source = (*File)(nil)
