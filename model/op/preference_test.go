package op

import (
	"math"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Two pairs in four rows of three; the last row has one target only.
var (
	preferred   = Dims{Vocab: 11, Width: 8, Heads: 4, KVHeads: 2, HeadDim: 4, Hidden: 7, Seqs: 4, Len: 3, Eps: 1e-5, Train: true}
	preferences = []int32{3, -1, 0, 10, 5, 1, -1, 2, 4, -1, 9, -1}
)

// prefer builds the loss of two pairs with learnable inputs.
func prefer(b *bench, targets []int32, references ...float32) *G.Node {
	scale := G.NewScalar(b.g, tensor.Float32, G.WithName("scale"), G.WithValue(float32(0.5)))
	fixed := G.NewVector(b.g, tensor.Float32, G.WithName("references"), G.WithShape(2), G.WithValue(tensor.New(tensor.WithShape(2), tensor.WithBacking(references))))
	return b.must(Preference(b.rt, true, false, .7, b.learnable("x", 0, 1, 12, 8), b.ints("targets", targets...), scale,
		b.learnable("norm", 1, .2, 8), b.learnable("W", 0, .5, b.rt.Vocab, 8), fixed))
}

func TestPreference_GradientMatchesFiniteDifferences(t *testing.T) {
	b := newBench(t, preferred)
	b.check(prefer(b, preferences, 1.5, -2))
	d := preferred
	d.Vocab = 600 // two parts of the vocabulary
	b = newBench(t, d)
	b.check(prefer(b, []int32{3, -1, 0, 10, 599, 1, -1, 512, 511, -1, 9, -1}, 1.5, -2))
}

// The loss as its formula says it, in float64 and the plainest way.
func TestPreference_LossIsThatOfThePlainReference(t *testing.T) {
	for _, c := range []struct {
		targets []int32
		pairs   []int
	}{{preferences, []int{0, 1}}, {[]int32{3, -1, 0, 10, 5, 1, -1, -1, -1, -1, -1, -1}, []int{0}}} { // of the second, one pair is padding
		b, references := newBench(t, preferred), []float32{1.5, -2}
		loss := prefer(b, c.targets, references...)
		vm := G.NewTapeMachine(b.g)
		if err := vm.RunAll(); err != nil {
			t.Fatal(err)
		}
		x, norm, w := floats(b.inputs[0].Value()), floats(b.inputs[1].Value()), floats(b.inputs[2].Value())
		logp := func(row int) (sum float64) {
			for i := row * 3; i < row*3+3; i++ {
				if c.targets[i] < 0 {
					continue
				}
				square, all, logits := 0.0, 0.0, [11]float64{}
				for k := range 8 {
					square += float64(x[i*8+k]) * float64(x[i*8+k]) / 8
				}
				for v := range logits {
					for k := range 8 {
						logits[v] += float64(x[i*8+k]) / math.Sqrt(square+1e-5) * float64(norm[k]) * float64(w[v*8+k])
					}
					all += math.Exp(logits[v])
				}
				sum += logits[c.targets[i]] - math.Log(all)
			}
			return sum
		}
		want := 0.0
		for _, k := range c.pairs {
			z := .7 * (logp(2*k) - logp(2*k+1) - float64(references[k]))
			want -= .5 * math.Log(1/(1+math.Exp(-z)))
		}
		if got := float64(floats(loss.Value())[0]); math.Abs(got-want) > 1e-5*want {
			t.Errorf("loss %.7f, the reference has %.7f", got, want)
		}
	}
}

func TestPreference_NoMarginOverflows(t *testing.T) {
	p := &preference{beta: .1}
	for _, c := range []struct{ margin, loss, slope float64 }{
		{0, math.Ln2, .05}, {1e5, 0, 0}, {-1e5, 1e4, .1}, {10, math.Log1p(math.Exp(-1)), .1 / (1 + math.E)},
	} {
		loss, slope := p.pair(c.margin+3, 3)
		if math.Abs(loss-c.loss) > 1e-9 || math.Abs(slope-c.slope) > 1e-9 {
			t.Errorf("%+v: %g, %g", c, loss, slope)
		}
	}
}

func TestPreference_RowsThatAreNoPairsAreAnError(t *testing.T) {
	for _, c := range []struct {
		seqs, references int
		beta             float64
	}{{3, 1, .1}, {4, 1, .1}, {4, 2, 0}, {4, 2, math.NaN()}} {
		d := preferred
		d.Seqs = c.seqs
		b := newBench(t, d)
		scale := G.NewScalar(b.g, tensor.Float32, G.WithName("scale"), G.WithValue(float32(1)))
		_, err := Preference[float32](b.rt, true, false, c.beta, b.learnable("x", 0, 1, c.seqs*3, 8), b.ints("targets", make([]int32, c.seqs*3)...), scale,
			b.learnable("norm", 1, .2, 8), b.learnable("W", 0, .5, 11, 8), b.learnable("references", 0, 1, c.references))
		if err == nil {
			t.Errorf("%+v: no error", c)
		}
	}
}
