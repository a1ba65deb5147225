package model

import (
	"errors"
	"fmt"
	"slices"
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

// Scale is what an update is multiplied by.
func (l LoRA) Scale() float32 { return float32(l.Alpha / float64(l.Rank)) }

// AdapterConfig is the recipe's section adapter: what training learns instead of all weights.
type AdapterConfig struct {
	LoRA *LoRA `yaml:"lora" identity:"changed" doc:"low-rank updates of the weights that model.from names, which stay as they are; without it all weights are trained"`
}
