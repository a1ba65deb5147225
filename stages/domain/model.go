package domain

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"slm/checkpoint"
	"slm/model"
)

// The entries of the metadata of weights and of an adapter.
const (
	configKey = "config"
	loraKey   = "lora"
)

// SaveModel writes all weights of a model as weights.arrow or base.arrow; the metadata hold the configuration.
func SaveModel(path string, p *model.Params) error {
	return checkpoint.WriteWeights(path, map[string]string{configKey: p.Config.JSON()}, p.Tensors())
}

// SaveAdapter writes adapter.arrow; its metadata hold the configurations of the adapter and of the model that it belongs to.
func SaveAdapter(path string, p *model.Params) error {
	return checkpoint.WriteWeights(path, map[string]string{configKey: p.Config.JSON(), loraKey: p.Adapter.LoRA.JSON()}, p.Adapter.Tensors(p.Config))
}

// SaveTrained writes the model of a checkpoint: weights.arrow; or, of one with an adapter, base.arrow and adapter.arrow. The frozen weights are those
// of the checkpoint in the folder from, whose file gets a second name; "" = of none, and they are written.
func SaveTrained(p *checkpoint.Pending, params *model.Params, from string) error {
	if params.Adapter == nil {
		return SaveModel(p.Path(WeightsFile), params)
	}
	base := func() error {
		if from == "" {
			return SaveModel(p.Path(BaseFile), params)
		}
		return checkpoint.Link(filepath.Join(from, BaseFile), p.Path(BaseFile))
	}
	return errors.Join(base(), SaveAdapter(p.Path(AdapterFile), params))
}

// LoadModel reads the model of a checkpoint folder into memory of its own, with its adapter merged.
func LoadModel(dir string) (*model.Params, error) {
	p, err := LoadTrained(dir)
	if err != nil {
		return nil, err
	}
	p.Merge()
	return p, nil
}

// LoadTrained is LoadModel for who trains further: the adapter stays apart.
func LoadTrained(dir string) (*model.Params, error) {
	path := filepath.Join(dir, WeightsFile)
	adapted := HasAdapter(dir)
	if adapted {
		path = filepath.Join(dir, BaseFile)
	}
	var p *model.Params
	err := read(path, func(w *checkpoint.Weights) error {
		cfg, err := model.ParseConfig(w.Meta[configKey])
		if err == nil {
			p, err = model.FromTensors(cfg, w.Tensors)
		}
		return err
	})
	if err == nil && adapted {
		p.Adapter, err = LoadAdapter(dir, p.Config)
	}
	return p, err
}

// HasAdapter reports whether the model of a checkpoint has one.
func HasAdapter(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, AdapterFile))
	return !errors.Is(err, fs.ErrNotExist)
}

// LoadAdapter reads the adapter of a model of that configuration.
func LoadAdapter(dir string, cfg model.Config) (a *model.Adapter, err error) {
	err = read(filepath.Join(dir, AdapterFile), func(w *checkpoint.Weights) error {
		of, err := model.ParseConfig(w.Meta[configKey])
		if err != nil {
			return err
		}
		if of != cfg {
			return fmt.Errorf("%w: the adapter is of another model", model.ErrConfig)
		}
		lora, err := model.ParseLoRA(w.Meta[loraKey])
		if err == nil {
			a, err = model.AdapterFromTensors(cfg, lora, w.Tensors)
		}
		return err
	})
	return a, err
}

// read maps a file of weights for a moment.
func read(path string, take func(*checkpoint.Weights) error) error {
	w, err := checkpoint.OpenWeights(path)
	if err != nil {
		return err
	}
	if err = take(w); err != nil {
		err = fmt.Errorf("domain: %s: %w", path, err)
	}
	return errors.Join(err, w.Close())
}
