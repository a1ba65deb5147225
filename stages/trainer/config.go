package trainer

import "slm/optim"

// Optim is how weights are updated.
type Optim struct {
	Name        string     `yaml:"name" oneof:"adamw|muon"`
	LR          float64    `yaml:"lr" above:"0" max:"1"` // peak; muon's steps are as long as adamw's, so the same rates serve
	Betas       [2]float64 `yaml:"betas" min:"0" max:"0.99999"`
	WeightDecay float64    `yaml:"weight_decay" min:"0" max:"1"`
	Clip        float64    `yaml:"clip" min:"0"` // bound of the gradient's global norm; 0 = none
	Schedule    string     `yaml:"schedule" oneof:"constant|linear|cosine|wsd"`
	Warmup      float64    `yaml:"warmup" min:"0"`        // below 1 a share of all steps, else steps
	Decay       float64    `yaml:"decay" min:"0" max:"1"` // wsd: share of the steps over which the rate falls
}

// Save is when state is saved during training.
type Save struct {
	Minutes float64 `yaml:"minutes" above:"0"`
}

// DefaultOptim is AdamW with a warm-up and a decay in a straight line over the second half.
func DefaultOptim(lr float64) Optim {
	return Optim{Name: "adamw", LR: lr, Betas: [2]float64{0.9, 0.95}, Clip: 1, Schedule: optim.WSD, Warmup: 0.02, Decay: 0.5}
}

// Factor is the schedule of the learning rate.
func (o Optim) Factor() optim.Schedule {
	return optim.Schedule{Kind: o.Schedule, Warmup: o.Warmup, Decay: o.Decay, Final: 0.02}
}
