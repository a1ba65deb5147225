package model

import (
	"errors"
	"fmt"

	"slm/pipeline/schema"
)

// Shape is the recipe's section model: what a model is like, but for its vocabulary, which is the tokenizer's.
type Shape struct {
	From      string  `yaml:"from" identity:"changed" unset:"none" doc:"weights that training goes on from, with their tokenizer: smollm2-135m-instruct, which make setup fetches, gguf:FILE, hf:FOLDER, or run:FOLDER of a run. Shape and tokenizer are theirs; context may be shorter"`
	Layers    int     `yaml:"layers" min:"1" max:"1000" auto:"by the number of tokens of the corpus" doc:"number of transformer blocks"`
	Width     int     `yaml:"width" min:"8" max:"65536" auto:"by the number of tokens of the corpus" doc:"width of the residual stream; a multiple of heads"`
	Heads     int     `yaml:"heads" min:"1" auto:"64 of the width each" doc:"query heads; each is width/heads wide, an even number"`
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

// ShapeOf is the shape of weights that others have trained. What a shape cannot say is an error.
func ShapeOf(c Config) (Shape, error) {
	s := Shape{
		Layers: c.Layers, Width: c.Width, Heads: c.Heads, KVHeads: c.KVHeads, Hidden: c.Hidden, Context: c.Context, RopeTheta: c.RopeTheta, Tied: c.Tied,
	}
	if c.Variant != (Variant{}) {
		return s, fmt.Errorf("%w: the architecture is run and not trained: it is not that of LLaMA", ErrConfig)
	}
	if c.HeadDim*c.Heads != c.Width {
		return s, fmt.Errorf("%w: %d heads of %d are not as wide as the model, %d", ErrConfig, c.Heads, c.HeadDim, c.Width)
	}
	return s, nil
}

// Open reports whether something of the shape is schema.Auto: it is known once the corpus is.
func (s Shape) Open() bool {
	return s.Layers == schema.Auto || s.Width == schema.Auto || s.Heads == schema.Auto
}

// headWidth is that of the heads of a shape that leaves their number open.
const headWidth = 64

// Filled is the shape with layers and width in place of what is open.
func (s Shape) Filled(layers, width int) Shape {
	if s.Layers == schema.Auto {
		s.Layers = layers
	}
	if s.Width == schema.Auto {
		s.Width = width
	}
	if s.Heads == schema.Auto {
		s.Heads = max(1, s.Width/headWidth)
	}
	return s
}

// Config is the shape for a vocabulary of that size, with the derived values filled in. Nothing of it is open.
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
	if s.Width == schema.Auto && s.Heads != schema.Auto {
		errs = append(errs, errors.New("heads: are auto where width is"))
	}
	if s.Open() {
		if s.KVHeads > 0 && s.Heads == schema.Auto {
			errs = append(errs, errors.New("kv_heads: must divide heads, which are auto: leave it at 0"))
		}
		if s.Width != schema.Auto && s.Width%headWidth != 0 && s.Heads == schema.Auto {
			errs = append(errs, fmt.Errorf("width: %d is no multiple of %d, the width of a head where heads is auto", s.Width, headWidth))
		}
		if s.Width == schema.Auto || s.Heads == schema.Auto {
			return errors.Join(errs...)
		}
	}
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
