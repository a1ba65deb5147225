package safetensors

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"slm/data/tokenizer"
	"slm/model"
	"slm/model/weights"
)

// configuration is config.json of a model of the LLaMA shape, as it is written.
type configuration struct {
	Architectures []string `json:"architectures,omitempty"`
	model.Config
	Kind        string          `json:"model_type"`
	Activation  string          `json:"hidden_act"`
	Scaling     json.RawMessage `json:"rope_scaling"`
	Rope        json.RawMessage `json:"rope_parameters,omitempty"` // what newer versions have for rope_theta and rope_scaling
	AttnBias    bool            `json:"attention_bias"`
	MLPBias     bool            `json:"mlp_bias"`
	Interleaved bool            `json:"rope_interleaved"`
	Begin       *int32          `json:"bos_token_id"`
	End         json.RawMessage `json:"eos_token_id"` // a number, or several
	Type        string          `json:"torch_dtype,omitempty"`
}

// Config reads the shape of a model from config.json. Of a model whose tensors are not kept as they are computed with, the folder must be read.
func (f *File) Config() (model.Config, error) {
	s, arch, err := f.folder().shape()
	if err == nil && (arch.tensors != nil || s.factors != nil) {
		err = fmt.Errorf("%w: %s: model_type %q is read as a folder: hf:%s", weights.ErrUnsupported, f.name, s.Kind, filepath.Dir(f.name))
	}
	if err != nil {
		return model.Config{}, err
	}
	return s.Config, nil
}

// Tokenizer reads tokenizer.json.
func (f *File) Tokenizer() (*tokenizer.Tokenizer, error) { return f.folder().tokenizer() }

// ChatTemplate is that of chat_template.jinja or tokenizer_config.json, "" when there is none.
func (f *File) ChatTemplate() string { return f.folder().chatTemplate() }

func (f *File) folder() folder { return folder(filepath.Dir(f.name)) }

func (d folder) tokenizer() (*tokenizer.Tokenizer, error) {
	t, err := tokenizer.Load(d.path(tokenizerFile))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", weights.ErrUnsupported, err)
	}
	return t, nil
}

func (d folder) chatTemplate() string {
	if text, err := os.ReadFile(d.path(jinjaFile)); err == nil {
		return string(text)
	}
	var c struct {
		Template string `json:"chat_template"`
	}
	if d.read(templateFile, &c) != nil { // not there, or a list of templates, say
		return ""
	}
	return c.Template
}

// end is the token that ends a text: eos_token of tokenizer_config.json, or else the first eos_token_id of generation_config.json or config.json.
func (d folder) end() (string, error) {
	var c struct {
		End json.RawMessage `json:"eos_token"` // its text, or an object with it
	}
	if d.read(templateFile, &c) == nil {
		var text string
		var token struct{ Content string }
		if json.Unmarshal(c.End, &text) != nil && json.Unmarshal(c.End, &token) == nil {
			text = token.Content
		}
		if text != "" {
			return text, nil
		}
	}
	t, err := d.tokenizer()
	if err != nil {
		return "", err
	}
	for _, file := range []string{generationFile, configFile} {
		var g struct {
			End json.RawMessage `json:"eos_token_id"`
		}
		var ids []int32
		if d.read(file, &g) != nil || len(g.End) == 0 {
			continue
		}
		if g.End[0] != '[' {
			g.End = bytes.Join([][]byte{[]byte("["), g.End, []byte("]")}, nil)
		}
		if json.Unmarshal(g.End, &ids) == nil && len(ids) > 0 && string(g.End) != "[null]" {
			return t.Token(ids[0]), nil
		}
	}
	return "", nil
}

func (d folder) read(name string, into any) error {
	data, err := os.ReadFile(d.path(name))
	if err != nil {
		return err
	}
	return json.Unmarshal(data, into)
}

var _ weights.Source = (*File)(nil)
