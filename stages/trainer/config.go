package trainer

import (
	"slices"
	"strconv"

	"slm/optim"
	"slm/pipeline/schema"
	"slm/stages"
)

// Optim is how weights are updated.
type Optim struct {
	Name        optim.Name `yaml:"name" doc:"the optimiser"`
	LR          float64    `yaml:"lr" above:"0" max:"1" auto:"follows from the width that model: auto comes to" doc:"peak learning rate; by default it follows from name and model.width (docs/learning-rates.md)"`
	Betas       [2]float64 `yaml:"betas" min:"0" max:"0.99999" doc:"decay rates of the two moments"`
	WeightDecay float64    `yaml:"weight_decay" min:"0" max:"1" doc:"weight decay of matrices; norms never decay"`
	Clip        float64    `yaml:"clip" min:"0" doc:"limit of the gradient's global norm; 0 = none"`
	Schedule    string     `yaml:"schedule" oneof:"constant|linear|cosine|wsd" doc:"course of the rate after the warm-up; all but constant fall to 2 % of the peak. wsd stays constant, then falls linearly"`
	Warmup      float64    `yaml:"warmup" min:"0" doc:"length of the warm-up: below 1 a share of the steps, otherwise a number of steps"`
	Decay       float64    `yaml:"decay" min:"0" max:"1" doc:"for wsd: share of the steps in which the rate falls"`
	Skip        *Skip      `yaml:"skip" doc:"leave out steps with an unusual loss or gradient; without it, none"`
}

// Skip leaves out optimiser steps that stand out from those before them, as llm.c does.
type Skip struct {
	Loss     float64 `yaml:"loss" min:"0" doc:"leave out a step whose loss is more than this many standard deviations above the mean of the last 128 steps; 0 = never"`
	Gradient float64 `yaml:"gradient" min:"0" doc:"the same for the gradient's norm"`
}

// Save is when state is saved during training.
type Save struct {
	Minutes float64 `yaml:"minutes" above:"0" doc:"minutes between saves; the newest two saves are kept"`
	First   bool    `yaml:"first" doc:"save after the first step too, and compare the save bit for bit"`
}

// DefaultOptim is AdamW with a warm-up and a decay in a straight line over the second half.
func DefaultOptim(lr float64) Optim {
	return Optim{Name: "adamw", LR: lr, Betas: [2]float64{0.9, 0.95}, Clip: 1, Schedule: optim.WSD, Warmup: 0.02, Decay: 0.5}
}

// Unread lists the keys that are set and that the optimiser does not read.
func (o Optim) Unread() []string {
	spec, err := optim.Find(string(o.Name))
	if err != nil {
		return nil // the recipe allows no such name
	}
	var out []string
	usual := DefaultOptim(o.LR)
	for key, set := range map[string]bool{"betas": o.Betas != usual.Betas, "weight_decay": o.WeightDecay != usual.WeightDecay} {
		if set && !slices.Contains(spec.Keys, key) {
			out = append(out, key)
		}
	}
	slices.Sort(out)
	return out
}

// Rate is the peak learning rate that serves a model of that width, trained from nothing, to two digits.
// It is open where the width is (schema.Auto).
func Rate(name optim.Name, width int) float64 {
	if width == schema.Auto {
		return schema.Auto
	}
	spec, err := optim.Find(string(name))
	if err != nil {
		return 0 // the recipe was checked
	}
	return min(rounded(spec.Rate(width)), 1)
}

// rounded is a rate as people write it, of two digits.
func rounded(rate float64) float64 {
	r, _ := strconv.ParseFloat(strconv.FormatFloat(rate, 'e', 1, 64), 64) // what was formatted is read back
	return r
}

// TuningRate is that of a model that goes on and learns something else: a third.
func TuningRate(name optim.Name, width int) float64 { return Part(Rate(name, width), 3) }

// RefiningRate is that of a model that goes on with what it has learnt, a tenth: with a third it forgets texts that it knew (docs/ablations.md).
func RefiningRate(name optim.Name, width int) float64 {
	return rounded(Part(Rate(name, width), 10))
}

// CompleteTuning gives a section's optimiser the peak rate of a model that goes on learning, such as TuningRate, unless the recipe names one.
func (o *Optim) CompleteTuning(s stages.Settings, section string, rate func(name optim.Name, width int) float64, named func(string) bool) {
	if !named(section + ".optim.lr") {
		o.LR = rate(o.Name, stages.Get[int](s, "model.width"))
	}
}

// Part is a learning rate divided by n; one that is open stays so.
func Part(rate, n float64) float64 {
	if rate == schema.Auto {
		return rate
	}
	return rate / n
}

// For is the section with its learning rate, which may have been open, for a model of that width.
func (o Optim) For(width int, rate func(name optim.Name, width int) float64) Optim {
	if o.LR == schema.Auto {
		o.LR = rate(o.Name, width)
	}
	return o
}

// Factor is the schedule of the learning rate.
func (o Optim) Factor() optim.Schedule {
	return optim.Schedule{Kind: o.Schedule, Warmup: o.Warmup, Decay: o.Decay, Final: 0.02}
}
