package model

import (
	"fmt"
	"math"
	"runtime/debug"
	"slices"
	"strings"

	"slm/checkpoint"
	"slm/model/kernel"
	"slm/rng"
)

// Params are the weights of a model, f32, row-major, each matrix as [outputs, inputs].
type Params struct {
	Config Config
	Embed  []float32 // [V,C]
	Layers []Layer
	Norm   []float32 // [C]
	Head   []float32 // [V,C]; nil when tied

	Adapter *Adapter // what is added to the layers' matrices, which training leaves as they are; nil = training changes all

	RopeFactors []float32 // [hd/2], what divides the frequency of each pair (Variant.RopeFactors); nil: nothing does
}

// Layer holds one block. Matrices that read the same input lie in one piece of memory, so that one product serves them.
type Layer struct {
	AttnNorm []float32 // [C]
	QKV      []float32 // [(H+2KV)*hd, C], rows q, k, v
	Out      []float32 // [C, H*hd]
	MLPNorm  []float32 // [C]
	GateUp   []float32 // [2F, C], rows gate, up
	Down     []float32 // [C, F]
	Extras
}

// large is the number of parameters from which on the memory of models that nobody uses any more is given back before another is allocated. Left to the
// collector, two of them may be garbage at a time.
const large = 64 << 20

// Zeros allocates the parameters of a valid configuration without values.
func Zeros(cfg Config) *Params {
	if cfg.Count() >= large {
		debug.FreeOSMemory()
	}
	p := &Params{Config: cfg, Embed: make([]float32, cfg.Vocab*cfg.Width), Norm: make([]float32, cfg.Width), Layers: make([]Layer, cfg.Layers)}
	if !cfg.Tied {
		p.Head = make([]float32, cfg.Vocab*cfg.Width)
	}
	if cfg.RopeFactors {
		p.RopeFactors = make([]float32, cfg.HeadDim/2)
	}
	for i := range p.Layers {
		p.Layers[i] = Layer{
			AttnNorm: make([]float32, cfg.Width),
			QKV:      make([]float32, cfg.QKVWidth()*cfg.Width),
			Out:      make([]float32, cfg.Width*cfg.QWidth()),
			MLPNorm:  make([]float32, cfg.Width),
			GateUp:   make([]float32, 2*cfg.Hidden*cfg.Width),
			Down:     make([]float32, cfg.Width*cfg.Hidden),
			Extras:   zeroExtras(cfg),
		}
	}
	return p
}

// New draws the parameters of a valid configuration: normal with standard deviation 0.02, the projections back into the residual
// stream divided by sqrt(2L) (GPT-2, Radford et al. 2019 §2.3), norms 1. Each tensor has a random stream of its own name, so the
// values of one do not depend on the shape of another.
func New(cfg Config, seed uint64) *Params {
	p := Zeros(cfg)
	tensors := p.Tensors()
	kernel.Parallel(len(tensors), func(i int) {
		t := tensors[i]
		if len(t.Shape) == 1 {
			for j := range t.Data {
				t.Data[j] = 1
			}
			return
		}
		std := 0.02
		if strings.HasSuffix(t.Name, "o_proj.weight") || strings.HasSuffix(t.Name, "down_proj.weight") {
			std /= math.Sqrt(2 * float64(cfg.Layers))
		}
		stream := rng.New(seed, "model", t.Name)
		for j := range t.Data {
			t.Data[j] = float32(std * stream.Norm())
		}
	})
	return p
}

// Tensors lists the parameters under Hugging Face's LLaMA names, in a fixed order. The data are views: writing to them changes p.
func (p *Params) Tensors() []checkpoint.Tensor {
	c := p.Config
	q, kv, width, hidden := c.QWidth(), c.KVWidth(), c.Width, c.Hidden
	ts := make([]checkpoint.Tensor, 0, 3+9*len(p.Layers))
	add := func(name string, data []float32, shape ...int) {
		ts = append(ts, checkpoint.Tensor{Name: name, Shape: shape, Data: data})
	}
	// rows cuts n rows of the given width out of fused memory; the capacity ends there too, so that an append cannot run on.
	rows := func(data []float32, first, n int) []float32 {
		return data[first*width : (first+n)*width : (first+n)*width]
	}
	add("model.embed_tokens.weight", p.Embed, c.Vocab, width)
	for i := range p.Layers {
		l, at := &p.Layers[i], fmt.Sprintf("model.layers.%d.", i)
		add(at+"input_layernorm.weight", l.AttnNorm, width)
		add(at+"self_attn.q_proj.weight", rows(l.QKV, 0, q), q, width)
		add(at+"self_attn.k_proj.weight", rows(l.QKV, q, kv), kv, width)
		add(at+"self_attn.v_proj.weight", rows(l.QKV, q+kv, kv), kv, width)
		add(at+"self_attn.o_proj.weight", l.Out, width, q)
		add(at+c.mlpNormName(), l.MLPNorm, width)
		add(at+"mlp.gate_proj.weight", rows(l.GateUp, 0, hidden), hidden, width)
		add(at+"mlp.up_proj.weight", rows(l.GateUp, hidden, hidden), hidden, width)
		add(at+"mlp.down_proj.weight", l.Down, width, hidden)
		l.tensors(c, at, add)
	}
	add("model.norm.weight", p.Norm, width)
	if p.Head != nil {
		add("lm_head.weight", p.Head, c.Vocab, width)
	}
	if p.RopeFactors != nil {
		add(RopeFactorsName, p.RopeFactors, c.HeadDim/2)
	}
	return ts
}

// FromTensors copies tensors under Hugging Face's names, in any order, into parameters of their own. A missing, repeated, unknown or
// misshapen tensor is an error that names it and wraps ErrConfig.
func FromTensors(cfg Config, ts []checkpoint.Tensor) (*Params, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	// The number of values is checked before memory is asked for, so that a small file with a large configuration fails here.
	var have int64
	for _, t := range ts {
		have += int64(len(t.Data))
	}
	if want := cfg.Count(); have != want {
		return nil, fmt.Errorf("%w: the tensors hold %d values, the configuration needs %d", ErrConfig, have, want)
	}
	given := make(map[string]checkpoint.Tensor, len(ts))
	for _, t := range ts {
		if _, twice := given[t.Name]; twice {
			return nil, fmt.Errorf("%w: tensor %s occurs twice", ErrConfig, t.Name)
		}
		given[t.Name] = t
	}
	p := Zeros(cfg)
	for _, want := range p.Tensors() {
		t, ok := given[want.Name]
		if !ok {
			return nil, fmt.Errorf("%w: tensor %s is missing", ErrConfig, want.Name)
		}
		if !slices.Equal(t.Shape, want.Shape) || len(t.Data) != len(want.Data) {
			return nil, fmt.Errorf("%w: tensor %s has shape %v and %d values, want %v", ErrConfig, want.Name, t.Shape, len(t.Data), want.Shape)
		}
		copy(want.Data, t.Data)
		delete(given, want.Name)
	}
	for _, t := range ts {
		if _, left := given[t.Name]; left {
			return nil, fmt.Errorf("%w: tensor %s is unknown to this configuration", ErrConfig, t.Name)
		}
	}
	return p, nil
}
