package bpo

import (
	"math"

	"slm/rng"
)

// Projection turns a point z of the searched box into soft tokens: scale·σ·(A·z)/sqrt(d/3), with A [tokens·width, d] of independent
// standard normal entries and σ the standard deviation of the embedding's entries. For z uniform in the box each coordinate of a soft token
// then has the standard deviation scale·σ, that of an ordinary token when scale is 1.
type Projection struct {
	Width int
	Sigma float64 // of the embedding's entries
	rows  []float32
	dim   int
	unit  float64
}

// NewProjection draws A from a stream for the embedding [V,width].
func NewProjection(cfg Soft, embed []float32, width int, stream *rng.Stream) *Projection {
	var sum, squares float64
	for _, v := range embed {
		sum += float64(v)
		squares += float64(float64(v) * float64(v))
	}
	n := math.Max(1, float64(len(embed)))
	p := &Projection{Width: width, Sigma: math.Sqrt(math.Max(0, squares/n-sum/n*sum/n)), dim: cfg.Dim, rows: make([]float32, cfg.Tokens*width*cfg.Dim)}
	p.unit = cfg.Scale * p.Sigma / math.Sqrt(float64(cfg.Dim)/3)
	for i := range p.rows {
		p.rows[i] = float32(stream.Norm())
	}
	return p
}

// Soft returns the soft tokens [tokens,width] of z, and nil, no tokens at all, for z = 0.
func (p *Projection) Soft(z []float64) []float32 {
	if zero(z) {
		return nil
	}
	out := make([]float32, len(p.rows)/p.dim)
	for i := range out {
		var sum float64
		for j, a := range p.rows[i*p.dim : (i+1)*p.dim] {
			sum += float64(float64(a) * z[j])
		}
		out[i] = float32(p.unit * sum)
	}
	return out
}

func zero(z []float64) bool {
	for _, v := range z {
		if v != 0 {
			return false
		}
	}
	return true
}
