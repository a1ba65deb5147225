package bpo

import (
	"slm/rng"
	"slm/scripts/benchmark/bpo/published"
	"slm/stages/bpo"
)

// projection is ours, at the scale of the embeddings.
func (w *world) projection(cfg bpo.Soft, seed uint64) func(z []float64) []float32 {
	return bpo.NewProjection(cfg, w.params.Embed, w.params.Config.Width, rng.New(seed, "bench", "projection")).Soft
}

// softTokens is how many soft tokens every method has.
const softTokens, dims = 5, published.Dims

// unscaled is the published one: A of U(-1,1), and nothing else (nn.Linear without bias).
func (w *world) unscaled(seed uint64) func(z []float64) []float32 {
	width := w.params.Config.Width
	a := make([]float64, softTokens*width*dims)
	stream := rng.New(seed, "bench", "unscaled")
	for i := range a {
		a[i] = 2*stream.Float64() - 1
	}
	return func(z []float64) []float32 {
		out := make([]float32, softTokens*width)
		for i := range out {
			var sum float64
			for j, v := range z {
				sum += a[i*dims+j] * v
			}
			out[i] = float32(sum)
		}
		return out
	}
}

func (w *world) words(prompt string) []float32 { return bpo.Words(w.dom.Tokenizer, w.params, prompt) }
