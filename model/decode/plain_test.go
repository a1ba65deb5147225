package decode

import (
	"math"

	"slm/model"
)

// plainLogits is the network without any cleverness, in float64: the reference that the fast paths are tested against. soft comes first.
func plainLogits(p *model.Params, soft []float32, tokens []int32) [][]float64 {
	c := p.Config
	var x [][]float64
	for i := 0; i < len(soft); i += c.Width {
		x = append(x, widen(soft[i:i+c.Width]))
	}
	for _, t := range tokens {
		x = append(x, widen(p.Embed[int(t)*c.Width:(int(t)+1)*c.Width]))
	}
	for _, l := range p.Layers {
		var q, k, v [][]float64
		for t := range x {
			row := plainMul(l.QKV, plainNorm(x[t], l.AttnNorm, c.NormEps))
			for h := 0; h < c.QWidth()+c.KVWidth(); h += c.HeadDim {
				plainTurn(row[h:h+c.HeadDim], t, c.RopeTheta)
			}
			q, k, v = append(q, row[:c.QWidth()]), append(k, row[c.QWidth():c.QWidth()+c.KVWidth()]), append(v, row[c.QWidth()+c.KVWidth():])
		}
		for t := range x {
			o := make([]float64, 0, c.QWidth())
			for h := range c.Heads {
				from := h / (c.Heads / c.KVHeads) * c.HeadDim
				weights, sum := make([]float64, t+1), 0.0
				for j := range weights {
					s := 0.0
					for d := range c.HeadDim {
						s += q[t][h*c.HeadDim+d] * k[j][from+d]
					}
					weights[j] = math.Exp(s / math.Sqrt(float64(c.HeadDim)))
					sum += weights[j]
				}
				for d := range c.HeadDim {
					s := 0.0
					for j, w := range weights {
						s += w / sum * v[j][from+d]
					}
					o = append(o, s)
				}
			}
			plainAdd(x[t], plainMul(l.Out, o))
		}
		for t := range x {
			gu := plainMul(l.GateUp, plainNorm(x[t], l.MLPNorm, c.NormEps))
			for i := range c.Hidden {
				gu[i] = gu[i] / (1 + math.Exp(-gu[i])) * gu[c.Hidden+i]
			}
			plainAdd(x[t], plainMul(l.Down, gu[:c.Hidden]))
		}
	}
	head := p.Head
	if c.Tied {
		head = p.Embed
	}
	out := make([][]float64, len(x))
	for t := range x {
		out[t] = plainMul(head, plainNorm(x[t], p.Norm, c.NormEps))
	}
	return out
}

func widen(x []float32) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = float64(v)
	}
	return out
}

func plainNorm(x []float64, w []float32, eps float64) []float64 {
	sum := 0.0
	for _, v := range x {
		sum += v * v
	}
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = v / math.Sqrt(sum/float64(len(x))+eps) * float64(w[i])
	}
	return out
}

func plainMul(w []float32, x []float64) []float64 {
	out := make([]float64, len(w)/len(x))
	for i := range out {
		for j, v := range x {
			out[i] += float64(w[i*len(x)+j]) * v
		}
	}
	return out
}

func plainTurn(x []float64, position int, theta float64) {
	half := len(x) / 2
	for i := range half {
		sin, cos := math.Sincos(float64(position) * math.Pow(theta, -2*float64(i)/float64(len(x))))
		x[i], x[half+i] = x[i]*cos-x[half+i]*sin, x[half+i]*cos+x[i]*sin
	}
}

func plainAdd(x, y []float64) {
	for i := range x {
		x[i] += y[i]
	}
}

func plainLogProb(logits []float64, token int32) float64 {
	sum := 0.0
	for _, l := range logits {
		sum += math.Exp(l)
	}
	return logits[token] - math.Log(sum)
}
