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
		row := widen(p.Embed[int(t)*c.Width : (int(t)+1)*c.Width])
		plainScale(row, c.EmbedScale)
		x = append(x, row)
	}
	for layer, l := range p.Layers {
		var q, k, v [][]float64
		for t := range x {
			row := plainMul(l.QKV, plainNorm(x[t], l.AttnNorm, c.NormEps))
			for i, b := range l.Bias {
				row[i] += float64(b)
			}
			for h := 0; h < c.QWidth()+c.KVWidth(); h += c.HeadDim {
				head := row[h : h+c.HeadDim]
				if norm := l.QNorm; norm != nil {
					if h >= c.QWidth() {
						norm = l.KNorm
					}
					copy(head, plainNorm(head, norm, c.NormEps))
				}
				plainTurn(head, t, p, layer)
			}
			q, k, v = append(q, row[:c.QWidth()]), append(k, row[c.QWidth():c.QWidth()+c.KVWidth()]), append(v, row[c.QWidth()+c.KVWidth():])
		}
		for t := range x {
			o := make([]float64, 0, c.QWidth())
			for h := range c.Heads {
				from := h / (c.Heads / c.KVHeads) * c.HeadDim
				weights, sum := make([]float64, t+1), 0.0
				for j := range weights {
					if c.Windowed(layer) && t-j >= c.Window {
						continue
					}
					s := 0.0
					for d := range c.HeadDim {
						s += q[t][h*c.HeadDim+d] * k[j][from+d]
					}
					if c.QueryScale > 0 {
						s *= c.QueryScale * math.Sqrt(float64(c.HeadDim))
					}
					weights[j] = math.Exp(plainCap(s/math.Sqrt(float64(c.HeadDim)), c.ScoreCap))
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
			plainAdd(x[t], plainPost(plainMul(l.Out, o), l.PostAttention, c.NormEps))
		}
		for t := range x {
			gu := plainMul(l.GateUp, plainNorm(x[t], l.MLPNorm, c.NormEps))
			for i := range c.Hidden {
				gu[i] = plainActivation(gu[i], c.GELU) * gu[c.Hidden+i]
			}
			plainAdd(x[t], plainPost(plainMul(l.Down, gu[:c.Hidden]), l.PostMLP, c.NormEps))
		}
	}
	head := p.Head
	if c.Tied {
		head = p.Embed
	}
	out := make([][]float64, len(x))
	for t := range x {
		out[t] = plainMul(head, plainNorm(x[t], p.Norm, c.NormEps))
		for i, l := range out[t] {
			out[t][i] = plainCap(l, c.LogitCap)
		}
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

func plainTurn(x []float64, position int, p *model.Params, layer int) {
	half, theta, c := len(x)/2, p.Config.RopeTheta, p.Config
	if c.Windowed(layer) && c.WindowTheta > 0 {
		theta = c.WindowTheta
	}
	for i := range half {
		frequency := math.Pow(theta, -2*float64(i)/float64(len(x)))
		if p.RopeFactors != nil {
			frequency /= float64(p.RopeFactors[i])
		}
		if c.RopeLinear > 0 && !c.Windowed(layer) {
			frequency /= c.RopeLinear
		}
		sin, cos := math.Sincos(float64(position) * frequency)
		x[i], x[half+i] = x[i]*cos-x[half+i]*sin, x[half+i]*cos+x[i]*sin
	}
}

func plainScale(x []float64, by float64) {
	if by == 0 {
		return
	}
	for i := range x {
		x[i] *= by
	}
}

func plainCap(x, most float64) float64 {
	if most == 0 {
		return x
	}
	return most * math.Tanh(x/most)
}

func plainPost(x []float64, norm []float32, eps float64) []float64 {
	if norm == nil {
		return x
	}
	return plainNorm(x, norm, eps)
}

func plainActivation(x float64, gelu bool) float64 {
	if gelu {
		return x / 2 * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x)))
	}
	return x / (1 + math.Exp(-x))
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
