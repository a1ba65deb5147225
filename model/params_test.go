package model

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"slm/checkpoint"
)

var little = Config{Vocab: 30, Width: 16, Layers: 3, Heads: 4, KVHeads: 2, HeadDim: 6, Hidden: 20, Context: 64, RopeTheta: 10000, NormEps: 1e-5}

func TestConfig_SurvivesItsJSON(t *testing.T) {
	got, err := ParseConfig(little.JSON())
	if err != nil || got != little {
		t.Fatalf("%+v, %v", got, err)
	}
	for _, text := range []string{"", "{", "{}", `{"vocab_size":"many"}`, strings.Replace(little.JSON(), "16", "1e30", 1)} {
		if _, err := ParseConfig(text); !errors.Is(err, ErrConfig) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestConfig_InvalidOneNamesItsField(t *testing.T) {
	for field, change := range map[string]func(*Config){
		"vocab_size":              func(c *Config) { c.Vocab = 0 },
		"hidden_size":             func(c *Config) { c.Width = -1 },
		"num_hidden_layers":       func(c *Config) { c.Layers = maxDim + 1 },
		"num_key_value_heads":     func(c *Config) { c.KVHeads = 3 },
		"head_dim":                func(c *Config) { c.HeadDim = 5 },
		"times head_dim":          func(c *Config) { c.Heads, c.HeadDim, c.Layers, c.Hidden, c.Width = 1<<22, 1<<12, 1, 1, 1 },
		"parameters":              func(c *Config) { c.Layers, c.Width, c.Hidden = maxDim, maxDim, maxDim },
		"rope_theta":              func(c *Config) { c.RopeTheta = math.Inf(1) },
		"rms_norm_eps":            func(c *Config) { c.NormEps = math.NaN() },
		"max_position_embeddings": func(c *Config) { c.Context = 0 },
	} {
		c := little
		change(&c)
		if err := c.Validate(); !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v", field, err)
		}
	}
	if err := little.Validate(); err != nil {
		t.Error(err)
	}
}

func TestTensors_CoverEveryParameterOnce(t *testing.T) {
	for _, tied := range []bool{false, true} {
		cfg := little
		cfg.Tied = tied
		p := Zeros(cfg)
		total, names := int64(0), map[string]bool{}
		for _, x := range p.Tensors() {
			n := 1
			for _, d := range x.Shape {
				n *= d
			}
			if n != len(x.Data) || names[x.Name] {
				t.Errorf("%s: shape %v, %d values, seen before %v", x.Name, x.Shape, len(x.Data), names[x.Name])
			}
			names[x.Name] = true
			for i := range x.Data {
				if x.Data[i] != 0 {
					t.Fatalf("%s shares value %d with another tensor", x.Name, i)
				}
				x.Data[i] = 1
			}
			total += int64(n)
		}
		if total != cfg.Count() {
			t.Errorf("tensors hold %d values, Count says %d", total, cfg.Count())
		}
		if names["lm_head.weight"] == tied || !names["model.layers.2.self_attn.k_proj.weight"] {
			t.Errorf("tied %v: names %v", tied, names)
		}
		for _, l := range p.Layers { // views: what was written through the tensors stands in the fused memory
			if slices.Contains(l.QKV, 0) || slices.Contains(l.GateUp, 0) {
				t.Error("fused memory was not written through its views")
			}
		}
	}
}

func TestCount_OfSmolLM2IsRight(t *testing.T) {
	c := Config{Vocab: 49152, Width: 576, Layers: 30, Heads: 9, KVHeads: 3, HeadDim: 64, Hidden: 1536, Tied: true}
	if c.Count() != 134515008 { // transformers: model.num_parameters()
		t.Fatal(c.Count())
	}
}

func TestNew_DrawsEachTensorAsItsKindWants(t *testing.T) {
	cfg := little
	cfg.Width, cfg.Hidden, cfg.HeadDim = 64, 96, 16
	p, again, other := New(cfg, 1), New(cfg, 1), New(cfg, 2)
	ts, same, differ := p.Tensors(), again.Tensors(), other.Tensors()
	for i, x := range ts {
		if !slices.Equal(x.Data, same[i].Data) {
			t.Errorf("%s: one seed gave two values", x.Name)
		}
		if len(x.Shape) == 1 {
			if slices.ContainsFunc(x.Data, func(v float32) bool { return v != 1 }) {
				t.Errorf("%s is not all ones", x.Name)
			}
			continue
		}
		if slices.Equal(x.Data, differ[i].Data) {
			t.Errorf("%s: two seeds gave the same values", x.Name)
		}
		want := 0.02
		if strings.Contains(x.Name, "o_proj") || strings.Contains(x.Name, "down_proj") {
			want /= math.Sqrt(6)
		}
		sum, square := 0.0, 0.0
		for _, v := range x.Data {
			sum += float64(v)
			square += float64(v) * float64(v)
		}
		n := float64(len(x.Data))
		if std := math.Sqrt(square / n); math.Abs(std/want-1) > 0.1 || math.Abs(sum/n) > 5*want/math.Sqrt(n) {
			t.Errorf("%s: mean %v, standard deviation %v, want 0 and %v", x.Name, sum/n, std, want)
		}
	}
	wide := cfg
	wide.Vocab *= 2
	if !slices.Equal(New(wide, 1).Layers[1].QKV, p.Layers[1].QKV) {
		t.Error("the vocabulary's size changed another tensor")
	}
}

func TestFromTensors_GivesTheSameParametersInAnyOrder(t *testing.T) {
	p := New(little, 3)
	ts := p.Tensors()
	slices.Reverse(ts)
	got, err := FromTensors(little, ts)
	if err != nil {
		t.Fatal(err)
	}
	for i, x := range got.Tensors() {
		if !slices.Equal(x.Data, p.Tensors()[i].Data) {
			t.Errorf("%s differs", x.Name)
		}
	}
	got.Embed[0]++
	if got.Embed[0] == p.Embed[0] {
		t.Error("the parameters share memory with the tensors")
	}
}

func TestFromTensors_NamesWhatDoesNotFit(t *testing.T) {
	for name, change := range map[string]func(ts []checkpoint.Tensor) []checkpoint.Tensor{
		"values": func(ts []checkpoint.Tensor) []checkpoint.Tensor { return ts[1:] },
		"model.layers.1.mlp.up_proj.weight": func(ts []checkpoint.Tensor) []checkpoint.Tensor {
			ts[find(ts, "model.layers.1.mlp.up_proj.weight")].Name = "x"
			return ts
		},
		"model.norm.weight occurs twice": func(ts []checkpoint.Tensor) []checkpoint.Tensor {
			ts[find(ts, "lm_head.weight")].Name = "model.norm.weight"
			return ts
		},
		"model.embed_tokens.weight has shape": func(ts []checkpoint.Tensor) []checkpoint.Tensor { ts[0].Shape = []int{16, 30}; return ts },
		"tensor y is unknown":                 func(ts []checkpoint.Tensor) []checkpoint.Tensor { return append(ts, checkpoint.Tensor{Name: "y"}) },
	} {
		if _, err := FromTensors(little, change(New(little, 1).Tensors())); !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := FromTensors(Config{}, nil); !errors.Is(err, ErrConfig) {
		t.Error(err)
	}
}

func find(ts []checkpoint.Tensor, name string) int {
	return slices.IndexFunc(ts, func(t checkpoint.Tensor) bool { return t.Name == name })
}
