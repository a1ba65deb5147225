package setup

import "slm/model"

// Shape is a model and a step on which training is measured.
type Shape struct {
	Name   string
	Config model.Config
	Batch  int // rows of a step
	Length int // tokens of a row
}

// Config is that of a tied model of LLaMA's shape.
func Config(vocab, width, layers, heads, kv, hidden, context int, theta float64) model.Config {
	return model.Config{
		Vocab: vocab, Width: width, Layers: layers, Heads: heads, KVHeads: kv, HeadDim: width / heads, Hidden: hidden, Context: context,
		RopeTheta: theta, NormEps: 1e-5, Tied: true,
	}
}

// Shapes are of 6, 30 and 135 million parameters; the last is SmolLM2-135M's.
var Shapes = []Shape{
	{"A", Config(4096, 256, 6, 4, 4, 704, 256, 1e4), 32, 256},
	{"B", Config(8192, 512, 8, 8, 8, 1408, 512, 1e4), 8, 512},
	{"C", Config(49152, 576, 30, 9, 3, 1536, 512, 1e5), 4, 512},
}
