package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// LoRA is the recipe's section adapter.lora: low-rank updates of frozen weights (Hu et al. 2021, arXiv 2106.09685).
type LoRA struct {
	Rank    int      `yaml:"rank" min:"1" max:"4096" doc:"rank of each update"`
	Alpha   float64  `yaml:"alpha" above:"0" doc:"an update is multiplied by alpha/rank"`
	Targets []string `yaml:"targets" oneof:"q|k|v|o|gate|up|down" doc:"matrices of each layer that are updated"`
	Dropout float64  `yaml:"dropout" min:"0" max:"1" doc:"0: other values are refused, since updates are added to the weights before a product is computed"`
}

// SetDefaults implements schema.Defaulted.
func (l *LoRA) SetDefaults() {
	*l = LoRA{Rank: 16, Alpha: 32, Targets: []string{"q", "k", "v", "o", "gate", "up", "down"}}
}

// Validate checks what spans fields.
func (l LoRA) Validate() error {
	var errs []error
	if l.Dropout > 0 {
		errs = append(errs, fmt.Errorf("dropout: %g: only 0 is there, since an update is added to the weights before a product is computed", l.Dropout))
	}
	if len(l.Targets) == 0 {
		errs = append(errs, errors.New("targets: name at least one"))
	}
	for i, t := range l.Targets {
		if slices.Contains(l.Targets[:i], t) {
			errs = append(errs, fmt.Errorf("targets: %s stands twice", t))
		}
	}
	return errors.Join(errs...)
}

// String names the adapter, for facts: two of the same name have the same tensors.
func (l LoRA) String() string {
	return fmt.Sprintf("LoRA of rank %d, alpha %g: %s", l.Rank, l.Alpha, strings.Join(l.Targets, ", "))
}

// Scale is what an update is multiplied by.
func (l LoRA) Scale() float32 { return float32(l.Alpha / float64(l.Rank)) }

// AdapterConfig is the recipe's section adapter: what training learns instead of all weights.
type AdapterConfig struct {
	LoRA *LoRA `yaml:"lora" doc:"low-rank updates of the weights that model.from names, which stay as they are; without it all weights are trained"`
}

// adapterJSON is how the metadata of a file have a LoRA, with the names of peft.
type adapterJSON struct {
	Rank    int      `json:"r"`
	Alpha   float64  `json:"lora_alpha"`
	Dropout float64  `json:"lora_dropout"`
	Targets []string `json:"target_modules"`
}

// JSON is the adapter's configuration as it stands in the metadata of a file.
func (l LoRA) JSON() string {
	text, err := json.Marshal(adapterJSON{l.Rank, l.Alpha, l.Dropout, l.Targets})
	if err != nil { // only a NaN or an infinity, which a recipe cannot have
		return "{}"
	}
	return string(text)
}

// ParseLoRA reads what JSON wrote.
func ParseLoRA(text string) (LoRA, error) {
	var j adapterJSON
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		return LoRA{}, fmt.Errorf("%w: adapter: %w", ErrConfig, err)
	}
	l := LoRA{Rank: j.Rank, Alpha: j.Alpha, Dropout: j.Dropout, Targets: j.Targets}
	if l.Rank < 1 || l.Rank > maxDim || !(l.Alpha > 0) || math.IsInf(l.Alpha, 0) {
		return LoRA{}, fmt.Errorf("%w: an adapter of rank %d with alpha %g", ErrConfig, l.Rank, l.Alpha)
	}
	return l, l.Validate()
}

// Count is the number of parameters of an adapter.
func (l LoRA) Count(c Config) (n int64) {
	for _, m := range c.matrices() {
		for _, t := range m.targets {
			if slices.Contains(l.Targets, t.word) {
				n += int64(l.Rank) * int64(m.width+t.rows)
			}
		}
	}
	return n * int64(c.Layers)
}
