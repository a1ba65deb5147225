package safetensors

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"slm/checkpoint"
	"slm/model"
	"slm/model/weights"
)

// PEFT is an adapter as Hugging Face's peft saves and loads it: a folder of low-rank updates that names the model which they belong to. Opened, it is
// that model with the adapter merged.
var PEFT = weights.Format{
	Scheme: "peft",
	Open:   openAdapter,
	Write:  writeAdapter,
	Types:  types,
	Folder: true,
	Adapts: true,
	Files: func(path string) ([]string, error) {
		c, err := readAdapterConfig(path)
		if err != nil {
			return nil, err
		}
		base, err := c.base(path)
		if err != nil {
			return nil, err
		}
		files, err := base.Files()
		return append(files, filepath.Join(path, adapterConfigFile), filepath.Join(path, adapterFile)), err
	},
}

// The files of an adapter's folder.
const (
	adapterConfigFile = "adapter_config.json"
	adapterFile       = "adapter_model.safetensors"
	adapterPrefix     = "base_model.model." // before the names of model.Adapter.Tensors
)

// adapterConfig is adapter_config.json: what is read of it, and what is written.
type adapterConfig struct {
	Kind    string  `json:"peft_type"`
	Task    string  `json:"task_type"`
	Base    string  `json:"base_model_name_or_path"`
	Rank    int     `json:"r"`
	Alpha   float64 `json:"lora_alpha"`
	Dropout float64 `json:"lora_dropout"`
	Bias    string  `json:"bias"`
	Square  bool    `json:"use_rslora"` // the scale is alpha/√r
	Infers  bool    `json:"inference_mode"`
	Targets any     `json:"target_modules"` // the tensors of the file say what there is

	path string
}

// harmless are keys that change nothing of what is computed with the tensors that are there, whatever they say.
var harmless = []string{
	"auto_mapping", "base_model_name_or_path", "bias", "ensure_weight_tying", "exclude_modules", "inference_mode", "layers_pattern",
	"lora_alpha", "lora_dropout", "megatron_core", "peft_type", "peft_version", "qalora_group_size", "r", "revision", "runtime_config", "target_modules", "task_type", "use_rslora",
}

// readAdapterConfig reads and checks adapter_config.json. What would be computed otherwise is refused by name: of all other keys, only values that
// say nothing are let through.
func readAdapterConfig(dir string) (c adapterConfig, err error) {
	c.path = filepath.Join(dir, adapterConfigFile)
	text, err := os.ReadFile(c.path)
	if err != nil {
		return c, fmt.Errorf("safetensors: %w", err)
	}
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(text, &keys); err != nil {
		return c, fmt.Errorf("%w: %s: %w", weights.ErrFormat, c.path, err)
	}
	if err := json.Unmarshal(text, &c); err != nil {
		return c, fmt.Errorf("%w: %s: %w", weights.ErrFormat, c.path, err)
	}
	refuse := func(key string, value any) (adapterConfig, error) {
		return c, fmt.Errorf("%w: %s: %s is %s", weights.ErrUnsupported, c.path, weights.Clip(key), weights.Clip(fmt.Sprint(value)))
	}
	switch {
	case c.Kind != "LORA":
		return refuse("peft_type", c.Kind+"; LORA is read")
	case c.Bias != "" && c.Bias != "none":
		return refuse("bias", c.Bias)
	case c.Rank < 1 || c.Rank > 1<<16 || !(c.Alpha > 0) || math.IsInf(c.Alpha, 0):
		return c, fmt.Errorf("%w: %s: r is %d, lora_alpha %g", weights.ErrFormat, c.path, c.Rank, c.Alpha)
	}
	nothing := []string{"null", "false", "0", `""`, "{}", "[]"}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		var text bytes.Buffer
		if slices.Contains(harmless, key) || json.Compact(&text, keys[key]) != nil {
			continue
		}
		value := text.String()
		plain := key == "init_lora_weights" && (value == "true" || value == `"gaussian"`) // the other ways to begin change the model, too
		if !plain && !slices.Contains(nothing, value) {
			return refuse(key, value)
		}
	}
	return c, nil
}

// lora is the configuration of an adapter of these targets.
func (c adapterConfig) lora(targets []string) model.LoRA {
	l := model.LoRA{Rank: c.Rank, Alpha: c.Alpha, Targets: targets}
	if c.Square {
		l.Alpha *= math.Sqrt(float64(c.Rank))
	}
	return l
}

// base finds the model: a reference such as gguf:FILE, or a folder of Hugging Face's libraries. A relative path starts at the adapter's folder, or where
// the program runs.
func (c adapterConfig) base(dir string) (weights.Ref, error) {
	ref, ok, err := weights.Parse(c.Base)
	if !ok {
		ref = weights.Ref{Format: Hub, Path: c.Base}
	}
	if err == nil && c.Base != "" && !ref.Format.Adapts {
		for _, from := range []string{dir, ""} {
			at, err := ref.Absolute(from)
			if err != nil {
				return at, err
			}
			if _, err := os.Stat(at.Path); err == nil {
				return at, nil
			}
		}
	}
	return ref, fmt.Errorf("%w: %s: the model %s is not here: make base_model_name_or_path its folder, or gguf:FILE", weights.ErrUnsupported, c.path, weights.Clip(c.Base))
}

func openAdapter(dir string) (weights.Source, error) {
	c, err := readAdapterConfig(dir)
	if err != nil {
		return nil, err
	}
	ref, err := c.base(dir)
	if err != nil {
		return nil, err
	}
	base, err := ref.Open()
	if err != nil {
		return nil, err
	}
	config, err := base.Config()
	var a *model.Adapter
	if err == nil {
		a, err = readAdapter(dir, config, c)
	}
	if err != nil {
		_ = base.Close() // opened for reading
		return nil, err
	}
	return weights.Adapted(base, config, a), nil
}

// readAdapter reads the tensors of an adapter of a model.
func readAdapter(dir string, config model.Config, c adapterConfig) (*model.Adapter, error) {
	file, err := Open(filepath.Join(dir, adapterFile))
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // opened for reading
	wrong := func(err error) error { return fmt.Errorf("%w: %s: %w", weights.ErrUnsupported, file.Name(), err) }
	lora := c.lora(config.TargetsIn(func(tensor string) bool { _, ok := file.tensors[adapterPrefix+tensor]; return ok }))
	if len(lora.Targets) == 0 {
		return nil, wrong(fmt.Errorf("layer 0 has no update of a projection that is known here"))
	}
	// Of a tensor that is none of the adapter's no values are read, and the file bounds those of the others.
	var list []checkpoint.Tensor
	for t, err := range file.Tensors() {
		if err != nil {
			return nil, err
		}
		name, ok := strings.CutPrefix(t.Name, adapterPrefix)
		if !ok || !strings.Contains(name, ".lora_") {
			return nil, wrong(fmt.Errorf("tensor %s is no low-rank update", weights.Clip(t.Name)))
		}
		values := make([]float32, file.tensors[t.Name].count)
		if err := t.Read(values); err != nil {
			return nil, err
		}
		list = append(list, checkpoint.Tensor{Name: name, Shape: t.Shape, Data: values})
	}
	a, err := model.AdapterFromTensors(config, lora, list)
	if err != nil {
		return nil, wrong(err)
	}
	return a, nil
}

// writeAdapter writes the adapter of a model with the tokenizer beside it; the tensors come last.
func writeAdapter(dir string, m weights.Model) error {
	fail := func(err error) error { return fmt.Errorf("safetensors: write %s: %w", dir, err) }
	a := m.Params.Adapter
	if a == nil {
		return fail(fmt.Errorf("%w: the model has no adapter (adapter.lora)", weights.ErrUnsupported))
	}
	if m.Type == "" {
		m.Type = types[0]
	}
	if _, ok := kinds[m.Type]; !ok {
		return fail(fmt.Errorf("%w: type %q; there are %v", weights.ErrUnsupported, m.Type, types))
	}
	if err := checkpoint.MakeDir(dir); err != nil {
		return fail(err)
	}
	c := adapterConfig{
		Kind: "LORA", Task: "CAUSAL_LM", Base: m.Base, Rank: a.LoRA.Rank, Alpha: a.LoRA.Alpha, Dropout: a.LoRA.Dropout, Bias: "none", Infers: true,
		Targets: m.Params.Config.TargetNames(a.LoRA),
	}
	for name, value := range map[string]any{adapterConfigFile: c, templateFile: tokenizerConfig(m)} {
		text, err := json.MarshalIndent(value, "", "  ")
		if err == nil {
			err = checkpoint.WriteFileAtomic(filepath.Join(dir, name), append(text, '\n'))
		}
		if err != nil {
			return fail(err)
		}
	}
	if err := m.Tokenizer.Save(filepath.Join(dir, tokenizerFile)); err != nil {
		return fail(err)
	}
	tensors := a.Tensors(m.Params.Config)
	for i := range tensors {
		tensors[i].Name = adapterPrefix + tensors[i].Name
	}
	if err := checkpoint.WriteStreamAtomic(filepath.Join(dir, adapterFile), func(w io.Writer) error { return encode(w, tensors, m.Type) }); err != nil {
		return fail(err)
	}
	return nil
}
