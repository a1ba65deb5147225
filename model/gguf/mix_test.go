package gguf

import (
	"path/filepath"
	"testing"

	"slm/checkpoint"
	"slm/model/blocks"
	"slm/model/weights"
)

func TestMix_MoreBitsWhereLlamaCppGivesThem(t *testing.T) {
	c := tinyConfig
	c.Layers = 30
	wide, narrow := []int{4, 512}, []int{4, 576}
	for name, want := range map[string][2]blocks.Type{
		"model.embed_tokens.weight": {blocks.Q6_K, blocks.Q8_0}, "model.layers.0.mlp.down_proj.weight": {blocks.Q6_K, blocks.Q8_0}, "model.layers.2.self_attn.v_proj.weight": {blocks.Q6_K, blocks.Q8_0},
		"model.layers.3.self_attn.v_proj.weight": {blocks.Q4_K, blocks.Q5_0}, "model.layers.5.self_attn.v_proj.weight": {blocks.Q6_K, blocks.Q8_0}, "model.layers.25.mlp.down_proj.weight": {blocks.Q4_K, blocks.Q5_0},
		"model.layers.26.mlp.down_proj.weight": {blocks.Q6_K, blocks.Q8_0}, "model.layers.0.self_attn.q_proj.weight": {blocks.Q4_K, blocks.Q5_0}, "model.layers.29.mlp.up_proj.weight": {blocks.Q4_K, blocks.Q5_0},
	} {
		for i, shape := range [][]int{wide, narrow} {
			c.Tied = true
			if got := mixes["q4_k_m"].of(checkpoint.Tensor{Name: name, Shape: shape}, c); got != want[i] {
				t.Errorf("%s of rows of %d: %s, want %s", name, shape[1], got, want[i])
			}
		}
	}
}

func TestWrite_MatricesAreOfTheTypeAndVectorsExact(t *testing.T) {
	for kind, want := range map[string]blocks.Type{"f32": blocks.F32, "f16": blocks.F16, "q8_0": blocks.Q8_0, "q4_k_m": blocks.Q5_0} { // of rows shorter than 256

		c := tinyConfig
		m, _ := writtenModel(t, c)
		m.Type, m.Name, m.End = kind, "toy", m.Tokenizer.Token(0)
		path := filepath.Join(t.TempDir(), "m.gguf")
		if err := Write(path, m); err != nil {
			t.Fatal(err)
		}
		f, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		values, _ := want.Size()
		for _, name := range f.Names() {
			tensor, _ := f.Tensor(name)
			switch n := len(tensor.Shape); {
			case n == 1 && tensor.Type != blocks.F32:
				t.Errorf("%s: %s has %s", kind, name, tensor.Type)
			case n == 2 && want == blocks.Q5_0 && tensor.Type == blocks.Q8_0: // what loses most
			case n == 2 && tensor.Shape[1]%values == 0 && tensor.Type != want:
				t.Errorf("%s: %s has %s", kind, name, tensor.Type)
			case n == 2 && tensor.Shape[1]%values != 0 && tensor.Type != blocks.F16:
				t.Errorf("%s: %s of rows of %d has %s", kind, name, tensor.Shape[1], tensor.Type)
			}
		}
		if _, err := weights.Params(f); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		bos, always, err := f.BOS()
		end, eerr := f.EOS()
		if err != nil || eerr != nil || always || bos != 0 || end != 0 {
			t.Errorf("%s: start %d always %v, end %d: %v %v", kind, bos, always, end, err, eerr)
		}
		if name, _ := f.Meta("general.name"); name != "toy" {
			t.Errorf("name %v", name)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	m, _ := writtenModel(t, tinyConfig)
	m.Type = "q9"
	if err := Write(filepath.Join(t.TempDir(), "m.gguf"), m); err == nil {
		t.Error("a type that is none was written")
	}
}
