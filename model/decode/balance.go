package decode

import (
	"slices"

	"slm/internal/elementary"
	"slm/model"
)

// strength is how far columns are brought to one size. Of −0.5, 0, 0.4 and 1, which cost SmolLM2-135M 1.7, .65, .19 and 1.6 % of perplexity on
// licence text, it is the best: large columns meet large activations too, so that all the way is too far.
const strength = 0.4

// balanced brings the columns of matrices that are to be rounded to bytes nearer to one size, and takes the factors into what feeds them: into
// the norm in front, or into the rows of the matrix in front, whose rows have scales of their own. The network computes the same, but small
// columns are no longer rounded as coarsely as large ones (cross-layer equalisation, Nagel et al. 2019, §4.1; the exponent is that of
// SmoothQuant, Xiao et al. 2022, eq. 4, without its activations: those have 16 bits).
func balanced(c model.Config, l model.Layer) model.Layer {
	half := c.Hidden * c.Width
	l.QKV, l.GateUp, l.Down = slices.Clone(l.QKV), slices.Clone(l.GateUp), slices.Clone(l.Down)
	l.AttnNorm, l.MLPNorm = slices.Clone(l.AttnNorm), slices.Clone(l.MLPNorm)
	multiply(l.AttnNorm, balance(l.QKV, c.Width))
	multiply(l.MLPNorm, balance(l.GateUp, c.Width))
	for i, f := range balance(l.Down, c.Hidden) {
		row := l.GateUp[half+i*c.Width:][:c.Width]
		for j := range row {
			row[j] *= f
		}
	}
	return l
}

// balance divides the columns of w [N,k] by a power of their root mean square and returns that; columns of zeros stay.
func balance(w []float32, k int) []float32 {
	squares := make([]float64, k)
	for at := 0; at < len(w); at += k {
		for j, v := range w[at : at+k] {
			squares[j] += float64(float64(v) * float64(v))
		}
	}
	factors := make([]float32, k)
	for j, s := range squares {
		factors[j] = 1
		if f := float32(elementary.Pow(s*float64(k)/float64(len(w)), strength/2)); f > 0 {
			factors[j] = f
		}
	}
	for at := 0; at < len(w); at += k {
		for j := range factors {
			w[at+j] /= factors[j]
		}
	}
	return factors
}

func multiply(x, factors []float32) {
	for i, f := range factors {
		x[i] *= f
	}
}
