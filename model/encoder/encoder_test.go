package encoder_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"slm/model/encoder"
	"slm/model/kernel"
	"slm/model/safetensors"
	"slm/model/weights"
	"slm/rng"
)

// backends are those that the encoder takes and this machine has.
func backends(t testing.TB) (all []kernel.Backend) {
	t.Helper()
	for _, name := range kernel.Names() {
		if be, err := kernel.Open(name); err == nil && be.Precision() == kernel.F32 && be.Traits().BatchInvariant {
			all = append(all, be)
		}
	}
	if len(all) == 0 {
		t.Fatal("no kernel serves")
	}
	return all
}

func config(t testing.TB) encoder.Config {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "config.json"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := encoder.ParseConfig(data)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func source(t testing.TB) *safetensors.File {
	t.Helper()
	f, err := safetensors.Open(filepath.Join("testdata", "tiny.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func tiny(t testing.TB, be kernel.Backend) *encoder.Encoder {
	t.Helper()
	e, err := encoder.New(source(t), config(t), be)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// The golden file is of transformers in float64, with the pooling of sentence-transformers (scripts/golden/bert.py).
func TestEncode_VectorsAreThoseOfTransformers(t *testing.T) {
	var golden []struct {
		Tokens []int32
		Vector []float32
	}
	data, err := os.ReadFile(filepath.Join("testdata", "tiny.json"))
	if err == nil {
		err = json.Unmarshal(data, &golden)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, be := range backends(t) {
		e := tiny(t, be)
		tolerance := max(2e-5, 10*be.Traits().TermError)
		for i, g := range golden {
			got, err := e.Encode(context.Background(), [][]int32{g.Tokens})
			if err != nil {
				t.Fatal(err)
			}
			for j, want := range g.Vector {
				if d := math.Abs(float64(got[0][j] - want)); !(d <= tolerance) {
					t.Fatalf("%s: text %d, value %d: %g, want %g", be.Name(), i, j, got[0][j], want)
				}
			}
		}
	}
}

// texts are random ones of all lengths, more than a group of them.
func texts(c encoder.Config, n int) [][]int32 {
	s := rng.New(14, "encoder", "test")
	out := make([][]int32, n)
	for i := range out {
		r := s.At(uint64(i))
		out[i] = make([]int32, 1+r.IntN(c.Context))
		for j := range out[i] {
			out[i][j] = int32(r.IntN(c.Vocab))
		}
	}
	return out
}

func TestEncode_SameBitsAloneInAnyBatchAndOnAnyNumberOfThreads(t *testing.T) {
	for _, be := range backends(t) {
		e := tiny(t, be)
		in := texts(e.Config(), 60)
		together, err := e.Encode(context.Background(), in)
		if err != nil {
			t.Fatal(err)
		}
		before := runtime.GOMAXPROCS(1)
		single, err := e.Encode(context.Background(), in)
		runtime.GOMAXPROCS(before)
		if err != nil {
			t.Fatal(err)
		}
		for i := range in {
			alone, err := e.Encode(context.Background(), in[i:i+1])
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(alone[0], together[i]) || !slices.Equal(single[i], together[i]) {
				t.Fatalf("%s: text %d has other bits alone, or on one thread", be.Name(), i)
			}
		}
	}
}

func TestEncode_WhatIsNoTextIsRefused(t *testing.T) {
	e := tiny(t, backends(t)[0])
	for name, tokens := range map[string][]int32{"0 tokens": {}, "41 tokens": make([]int32, 41), "is 60": {1, 60}, "is -1": {-1}} {
		if _, err := e.Encode(context.Background(), [][]int32{{1}, tokens}); !errors.Is(err, encoder.ErrRequest) || !strings.Contains(err.Error(), name) {
			t.Errorf("%v: %v, want one with %q", tokens, err, name)
		}
	}
	stopped, stop := context.WithCancel(context.Background())
	stop()
	if _, err := e.Encode(stopped, [][]int32{{1}}); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that has ended: %v", err)
	}
	if got, err := e.Encode(context.Background(), nil); len(got) != 0 || err != nil {
		t.Errorf("no texts: %v %v", got, err)
	}
}

func TestNew_BackendThatIsNotInvariantIsRefused(t *testing.T) {
	for _, name := range kernel.Names() {
		be, err := kernel.Open(name)
		if err != nil || be.Precision() == kernel.F32 && be.Traits().BatchInvariant {
			continue
		}
		if _, err := encoder.New(source(t), config(t), be); !errors.Is(err, encoder.ErrKernel) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// bent is a source of which one tensor is not as its file has it.
type bent struct {
	weights.Source
	bend func(t weights.Tensor) (weights.Tensor, bool)
}

func (b bent) Tensors() iter.Seq2[weights.Tensor, error] {
	return func(yield func(weights.Tensor, error) bool) {
		for t, err := range b.Source.Tensors() {
			if t, ok := b.bend(t); ok && !yield(t, err) {
				return
			}
		}
	}
}

func TestNew_NamesTheTensorThatIsWrong(t *testing.T) {
	const name = "encoder.layer.1.output.dense.weight"
	for word, change := range map[string]func(t weights.Tensor) (weights.Tensor, bool){
		name + " is missing": func(t weights.Tensor) (weights.Tensor, bool) { return t, false },
		name + " has shape":  func(t weights.Tensor) (weights.Tensor, bool) { t.Shape = []int{400, 24}; return t, true },
		"broken": func(t weights.Tensor) (weights.Tensor, bool) {
			t.Read = func([]float32) error { return fmt.Errorf("%w: broken", weights.ErrFormat) }
			return t, true
		},
	} {
		src := bent{source(t), func(t weights.Tensor) (weights.Tensor, bool) {
			if t.Name == name {
				return change(t)
			}
			return t, true
		}}
		if _, err := encoder.New(src, config(t), backends(t)[0]); !errors.Is(err, weights.ErrFormat) || !strings.Contains(err.Error(), word) {
			t.Errorf("%v, want one with %q", err, word)
		}
	}
}

func TestParseConfig_WhatWouldBeComputedOtherwiseIsRefused(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "config.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		key, value, word string
		want             error
	}{
		{"model_type", `"roberta"`, `model_type is "roberta"`, weights.ErrUnsupported},
		{"hidden_act", `"gelu_new"`, `hidden_act is "gelu_new"`, weights.ErrUnsupported},
		{"position_embedding_type", `"relative_key"`, "position_embedding_type", weights.ErrUnsupported},
		{"is_decoder", `true`, "is_decoder", weights.ErrUnsupported},
		{"hidden_size", `0`, "hidden_size is 0", encoder.ErrConfig},
		{"hidden_size", `25`, "no multiple", encoder.ErrConfig},
		{"vocab_size", `99999999999`, "vocab_size", encoder.ErrConfig},
		{"layer_norm_eps", `0`, "layer_norm_eps", encoder.ErrConfig},
		{"num_hidden_layers", `"two"`, "num_hidden_layers", encoder.ErrConfig},
	} {
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(data, &fields); err != nil {
			t.Fatal(err)
		}
		fields[c.key] = json.RawMessage(c.value)
		text, err := json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := encoder.ParseConfig(text); !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.word) {
			t.Errorf("%s: %s: %v, want one with %q", c.key, c.value, err, c.word)
		}
	}
}
