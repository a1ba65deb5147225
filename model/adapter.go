package model

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"slm/checkpoint"
	"slm/model/kernel"
	"slm/rng"
)

// Adapter is what training learns where the weights of a model are frozen: for each layer the updates of its matrices.
type Adapter struct {
	LoRA   LoRA
	Layers []Updates
}

// Updates are those of a layer's matrices, in the order of matrices; the zero Update is none.
type Updates [matrixCount]Update

// Update is Scale·B·A for some rows of a matrix of Layer, in one piece of memory where the rows read the same input.
type Update struct {
	A     []float32 // [parts·rank, K]
	Parts []UpdatePart
}

// UpdatePart changes the rows [From,To) of a matrix.
type UpdatePart struct {
	Name     string // as Hugging Face has it: self_attn.q_proj
	From, To int
	B        []float32 // [To−From, rank]
}

// The matrices of a Layer.
const (
	matrixQKV = iota
	matrixOut
	matrixGateUp
	matrixDown
	matrixCount
)

// targetMatrix is a matrix of a Layer with the targets that its rows are.
type targetMatrix struct {
	name    string // in the names of gradients
	width   int    // K
	targets []target
}

type target struct {
	word, name string
	rows       int
}

func (c Config) matrices() [matrixCount]targetMatrix {
	return [matrixCount]targetMatrix{
		matrixQKV:    {"qkv", c.Width, []target{{"q", "self_attn.q_proj", c.QWidth()}, {"k", "self_attn.k_proj", c.KVWidth()}, {"v", "self_attn.v_proj", c.KVWidth()}}},
		matrixOut:    {"out", c.QWidth(), []target{{"o", "self_attn.o_proj", c.Width}}},
		matrixGateUp: {"gate_up", c.Width, []target{{"gate", "mlp.gate_proj", c.Hidden}, {"up", "mlp.up_proj", c.Hidden}}},
		matrixDown:   {"down", c.Hidden, []target{{"down", "mlp.down_proj", c.Width}}},
	}
}

// TargetNames are the projections that an adapter updates, as Hugging Face calls them: q_proj.
func (c Config) TargetNames(l LoRA) (names []string) {
	for _, m := range c.matrices() {
		for _, t := range m.targets {
			if slices.Contains(l.Targets, t.word) {
				names = append(names, t.name[strings.IndexByte(t.name, '.')+1:])
			}
		}
	}
	return names
}

// TargetsIn are the targets of which layer 0 has a tensor.
func (c Config) TargetsIn(has func(tensor string) bool) (words []string) {
	for _, m := range c.matrices() {
		for _, t := range m.targets {
			if has("model.layers.0." + t.name + ".lora_A.weight") {
				words = append(words, t.word)
			}
		}
	}
	return words
}

// ZeroAdapter allocates an adapter of a valid configuration without values.
func ZeroAdapter(c Config, l LoRA) *Adapter {
	a := &Adapter{LoRA: l, Layers: make([]Updates, c.Layers)}
	for i := range a.Layers {
		for m, matrix := range c.matrices() {
			u, from := &a.Layers[i][m], 0
			for _, t := range matrix.targets {
				if slices.Contains(l.Targets, t.word) {
					u.Parts = append(u.Parts, UpdatePart{Name: t.name, From: from, To: from + t.rows, B: make([]float32, t.rows*l.Rank)})
				}
				from += t.rows
			}
			u.A = make([]float32, len(u.Parts)*l.Rank*matrix.width)
		}
	}
	return a
}

// NewAdapter draws an adapter that changes nothing yet: A is uniform within ±1/√K, B is 0. That is the initialisation of peft: kaiming_uniform_ with
// a = √5. Each tensor has a random stream of its own name.
func NewAdapter(c Config, l LoRA, seed uint64) *Adapter {
	a := ZeroAdapter(c, l)
	tensors := a.Tensors(c)
	kernel.Parallel(len(tensors)/2, func(i int) {
		t := tensors[2*i]
		stream, bound := rng.New(seed, "adapter", t.Name), 1/math.Sqrt(float64(t.Shape[1]))
		for j := range t.Data {
			t.Data[j] = float32(bound * (2*stream.Float64() - 1))
		}
	})
	return a
}

// Tensors lists A [rank,K] and B [N,rank] of each matrix, under the names that peft gives them behind "base_model.model.", in a fixed order. The data are
// views.
func (a *Adapter) Tensors(c Config) (list []checkpoint.Tensor) {
	for i := range a.Layers {
		for m, matrix := range c.matrices() {
			u, size := a.Layers[i][m], a.LoRA.Rank*matrix.width
			for j, p := range u.Parts {
				at := fmt.Sprintf("model.layers.%d.%s.lora_", i, p.Name)
				list = append(list,
					checkpoint.Tensor{Name: at + "A.weight", Shape: []int{a.LoRA.Rank, matrix.width}, Data: u.A[j*size : (j+1)*size : (j+1)*size]},
					checkpoint.Tensor{Name: at + "B.weight", Shape: []int{p.To - p.From, a.LoRA.Rank}, Data: p.B})
			}
		}
	}
	return list
}

// Count is the number of parameters.
func (a *Adapter) Count() (n int64) {
	for _, layer := range a.Layers {
		for _, u := range layer {
			n += int64(len(u.A))
			for _, p := range u.Parts {
				n += int64(len(p.B))
			}
		}
	}
	return n
}

// Changes are what the adapter adds to tensors of the model, by their names in Params.Tensors.
func (a *Adapter) Changes(c Config) map[string]kernel.LowRank {
	out := map[string]kernel.LowRank{}
	tensors := a.Tensors(c)
	for i := 0; i < len(tensors); i += 2 {
		name := strings.TrimSuffix(tensors[i].Name, "lora_A.weight") + "weight"
		out[name] = kernel.LowRank{A: tensors[i].Data, B: tensors[i+1].Data, Rank: a.LoRA.Rank, Scale: a.LoRA.Scale()}
	}
	return out
}

// Merge adds the adapter to the weights, with the bits that training has read, and takes it away.
func (p *Params) Merge() {
	if p.Adapter == nil {
		return
	}
	changes := p.Adapter.Changes(p.Config)
	for _, t := range p.Tensors() {
		if low, ok := changes[t.Name]; ok {
			low.AddToAll(t.Data)
		}
	}
	p.Adapter = nil
}

// Merged is a copy of the parameters with the adapter merged; themselves, where there is none.
func (p *Params) Merged() *Params {
	if p.Adapter == nil {
		return p
	}
	out := *p
	out.Layers = slices.Clone(p.Layers)
	for i := range out.Layers {
		l := &out.Layers[i]
		l.QKV, l.Out, l.GateUp, l.Down = slices.Clone(l.QKV), slices.Clone(l.Out), slices.Clone(l.GateUp), slices.Clone(l.Down)
	}
	out.Merge()
	return &out
}

// MergedLayer is a layer with the adapter merged, in memory of its own; the layer itself, where there is none.
func (p *Params) MergedLayer(i int) Layer {
	if p.Adapter == nil {
		return p.Layers[i]
	}
	one := *p
	one.Layers, one.Adapter = p.Layers[i:i+1], &Adapter{LoRA: p.Adapter.LoRA, Layers: p.Adapter.Layers[i : i+1]}
	return one.Merged().Layers[0]
}

// Base are the parameters without the adapter, in the same memory.
func (p *Params) Base() *Params {
	out := *p
	out.Adapter = nil
	return &out
}

// Learnt lists what training changes: the adapter's tensors, or all of the model's.
func (p *Params) Learnt() []checkpoint.Tensor {
	if p.Adapter != nil {
		return p.Adapter.Tensors(p.Config)
	}
	return p.Tensors()
}

// LearntCount is how many parameters training changes.
func (p *Params) LearntCount() int64 {
	if p.Adapter != nil {
		return p.Adapter.Count()
	}
	return p.Config.Count()
}

// AdapterFromTensors copies tensors under the names of Tensors, in any order, into an adapter of its own. A missing, repeated, unknown or misshapen
// tensor is an error that names it and wraps ErrConfig.
func AdapterFromTensors(c Config, l LoRA, ts []checkpoint.Tensor) (*Adapter, error) {
	given := make(map[string]checkpoint.Tensor, len(ts))
	var have int64
	for _, t := range ts {
		if _, twice := given[t.Name]; twice {
			return nil, fmt.Errorf("%w: tensor %s occurs twice", ErrConfig, t.Name)
		}
		given[t.Name] = t
		have += int64(len(t.Data))
	}
	// The number of values is checked before memory is asked for.
	if want := l.Count(c); have != want {
		return nil, fmt.Errorf("%w: the adapter's tensors hold %d values, its configuration needs %d", ErrConfig, have, want)
	}
	a := ZeroAdapter(c, l)
	for _, want := range a.Tensors(c) {
		t, ok := given[want.Name]
		if !ok {
			return nil, fmt.Errorf("%w: tensor %s is missing", ErrConfig, want.Name)
		}
		if !slices.Equal(t.Shape, want.Shape) {
			return nil, fmt.Errorf("%w: tensor %s has shape %v, want %v", ErrConfig, want.Name, t.Shape, want.Shape)
		}
		copy(want.Data, t.Data)
	}
	return a, nil
}
