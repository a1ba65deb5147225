package bpo

import (
	"fmt"
	"math"

	"slm/optim/bayes"
	"slm/rng"
	"slm/stages/delivery"
)

// KnobRow is a row of knobs.arrow: the soft prompt if it is searched, then one thing about a delivery a row, in the order of a trial's coordinates.
type KnobRow struct {
	Part    string   `arrow:"part"`
	Name    string   `arrow:"name"`
	Dims    int64    `arrow:"dims"`    // coordinates
	Levels  []string `arrow:"levels"`  // in words; none of the soft prompt, which is continuous
	Nominal bool     `arrow:"nominal"` // they have no order
	Default int64    `arrow:"default"` // the recipe's level
	Chosen  int64    `arrow:"chosen"`  // that of the prompt that was taken
	Share   float64  `arrow:"share"`   // of what the model of the objective believes to vary over the space: total effect (bayes.GP.Shares)
	Best    int64    `arrow:"best"`    // level at which a change of the recipe's delivery in this alone is believed to gain most
	Worth   float64  `arrow:"worth"`   // gain that is believed of that change
	WorthSD float64  `arrow:"worth_sd"`
}

// knobs say what was searched, and what the model of the objective believes of each part at the end.
func (s *search) knobs(winner *trial) ([]KnobRow, error) {
	g, err := s.fit(observations(s.own.trials, s.zero), rng.New(s.seed, "bpo", "rank"))
	if err != nil {
		return nil, fmt.Errorf("bpo: what each part is worth: %w", err)
	}
	var rows []KnobRow
	var groups [][]int
	if s.space.Soft > 0 {
		row := KnobRow{Part: delivery.Prompt, Name: "soft prompt", Dims: int64(s.space.Soft), Worth: math.Inf(-1)}
		var group []int
		for j := range s.space.Soft {
			group = append(group, j)
		}
		groups = append(groups, group)
		for _, t := range s.own.trials { // the recipe's delivery behind the soft prompts that were tried
			z := append(append([]float64{}, s.space.Prompt(t.z)...), s.zero.z[s.space.Soft:]...)
			row.believe(g, z, int64(t.index))
		}
		row.Chosen = int64(winner.index)
		rows = append(rows, row)
	}
	for k, knob := range s.space.Knobs {
		row := KnobRow{Part: knob.Part, Name: knob.Name, Dims: 1, Levels: knob.Levels, Nominal: knob.Nominal, Default: int64(knob.Default), Worth: math.Inf(-1)}
		row.Chosen = int64(s.space.Level(winner.z, k))
		for level := range knob.Levels {
			row.believe(g, s.space.With(s.zero.z, k, level), int64(level))
		}
		groups, rows = append(groups, []int{s.space.Soft + k}), append(rows, row)
	}
	for k, share := range g.Shares(groups, rng.New(s.seed, "bpo", "shares")) {
		rows[k].Share = share
	}
	return rows, nil
}

// believe takes the best of the changes that it is shown, the first of equals.
func (r *KnobRow) believe(g *bayes.GP, z []float64, level int64) {
	if mean, variance := g.Predict(z); mean > r.Worth {
		r.Best, r.Worth, r.WorthSD = level, mean, math.Sqrt(math.Max(0, variance))
	}
}

// spaceOf is the space of a table of knobs; nil, all of the box, for none.
func spaceOf(knobs []KnobRow) (space bayes.Space) {
	for _, r := range knobs {
		if len(r.Levels) == 0 {
			space = append(space, make(bayes.Space, r.Dims)...)
		} else {
			space = append(space, bayes.Dim{Levels: len(r.Levels), Nominal: r.Nominal})
		}
	}
	return space
}
