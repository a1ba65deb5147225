package model

import (
	"errors"
	"fmt"
)

// Shape is the recipe's section model: what a model is like, but for its vocabulary, which is the tokenizer's.
type Shape struct {
	Layers    int     `yaml:"layers" min:"1" max:"1000" doc:"number of transformer blocks"`
	Width     int     `yaml:"width" min:"8" max:"65536" doc:"width of the residual stream; a multiple of heads"`
	Heads     int     `yaml:"heads" min:"1" doc:"query heads; each is width/heads wide, an even number"`
	KVHeads   int     `yaml:"kv_heads" min:"0" doc:"key and value heads; must divide heads; 0 = heads"`
	Hidden    int     `yaml:"hidden" min:"0" doc:"inner width of the MLP; 0 = 8/3 of width, rounded up to a multiple of 64"`
	Context   int     `yaml:"context" min:"16" max:"1048576" doc:"tokens of a training row, and the longest sequence"`
	RopeTheta float64 `yaml:"rope_theta" above:"0" doc:"base of the wavelengths of rotary positions"`
	Tied      bool    `yaml:"tied" doc:"use the embedding as the output head"`
}

// DefaultShape is a model of a few million parameters.
func DefaultShape() Shape {
	return Shape{Layers: 6, Width: 256, Heads: 4, Context: 512, RopeTheta: 10000, Tied: true}
}

// Config is the shape for a vocabulary of that size, with the derived values filled in.
func (s Shape) Config(vocab int) Config {
	kv, hidden := s.KVHeads, s.Hidden
	if kv == 0 {
		kv = s.Heads
	}
	if hidden == 0 {
		hidden = (s.Width*8/3 + 63) / 64 * 64
	}
	return Config{
		Vocab: vocab, Width: s.Width, Layers: s.Layers, Heads: s.Heads, KVHeads: kv, HeadDim: s.Width / s.Heads,
		Hidden: hidden, Context: s.Context, RopeTheta: s.RopeTheta, NormEps: 1e-5, Tied: s.Tied,
	}
}

// Validate checks what spans fields.
func (s Shape) Validate() error {
	var errs []error
	switch {
	case s.Width%s.Heads != 0:
		errs = append(errs, fmt.Errorf("heads: width %d is no multiple of %d", s.Width, s.Heads))
	case s.Width/s.Heads%2 != 0:
		errs = append(errs, fmt.Errorf("heads: %d leave a head %d wide, which rotary positions cannot pair", s.Heads, s.Width/s.Heads))
	}
	if s.KVHeads > 0 && s.Heads%s.KVHeads != 0 {
		errs = append(errs, fmt.Errorf("kv_heads: heads %d is no multiple of %d", s.Heads, s.KVHeads))
	}
	return errors.Join(errs...)
}
