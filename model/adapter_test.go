package model

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"slm/checkpoint"
	"slm/rng"
)

// adapted is a tiny model with an adapter whose every value counts.
func adapted(t testing.TB, tied bool, targets ...string) *Params {
	t.Helper()
	p := spread(New(tiny(tied), 3))
	var l LoRA
	l.SetDefaults()
	l.Rank, l.Alpha = 3, 5
	if len(targets) > 0 {
		l.Targets = targets
	}
	p.Adapter = NewAdapter(p.Config, l, 7)
	s := rng.New(8, "adapted")
	for _, ts := range p.Adapter.Tensors(p.Config) {
		for i := range ts.Data {
			ts.Data[i] = float32(0.2 * s.Norm())
		}
	}
	return p
}

func TestAdapter_GradientsMatchFiniteDifferences(t *testing.T) {
	for _, targets := range [][]string{nil, {"q", "v"}, {"down"}} {
		p := adapted(t, true, targets...)
		matchDifferences(t, fmt.Sprint(targets), mustGraph(t, p, mustOpen(t, "go"), 2, 16), packedBatch(p.Config, 1), 12)
	}
}

func TestAdapter_MergedModelHasTheLossesOfBaseAndAdapter(t *testing.T) {
	for _, backend := range backends(t) {
		p := adapted(t, false, "q", "v", "o", "up", "down")
		loss := func() []float32 {
			g, err := NewGraph(p, mustOpen(t, backend), 2, 16, Losses)
			if err == nil {
				_, err = g.Run(packedBatch(p.Config, 1), 1)
			}
			if err != nil {
				t.Fatal(err)
			}
			return slices.Clone(g.runtime.Losses())
		}
		apart := loss()
		p.Merge()
		if merged := loss(); p.Adapter != nil || !slices.Equal(apart, merged) {
			t.Errorf("%s: losses\n%v, merged\n%v", backend, apart, merged)
		}
	}
}

func TestAdapter_MergeAddsTheScaledProduct(t *testing.T) {
	p := adapted(t, true)
	a, c := p.Adapter, p.Config
	before := map[string][]float32{}
	for _, ts := range p.Tensors() {
		before[ts.Name] = slices.Clone(ts.Data)
	}
	learnt := a.Tensors(c)
	p.Merge()
	changed := 0
	for _, ts := range p.Tensors() {
		at := slices.IndexFunc(learnt, func(l checkpoint.Tensor) bool {
			return l.Name == ts.Name[:max(0, len(ts.Name)-len("weight"))]+"lora_A.weight"
		})
		if at < 0 {
			if !slices.Equal(ts.Data, before[ts.Name]) {
				t.Errorf("%s has changed", ts.Name)
			}
			continue
		}
		changed++
		low, b, k := learnt[at].Data, learnt[at+1].Data, ts.Shape[1]
		for i, v := range ts.Data {
			want := float64(before[ts.Name][i])
			for r := range 3 {
				want += 5. / 3 * float64(b[i/k*3+r]) * float64(low[r*k+i%k])
			}
			if math.Abs(float64(v)-want) > 1e-6 {
				t.Fatalf("%s[%d] is %g, want %g", ts.Name, i, v, want)
			}
		}
	}
	if changed != 7*c.Layers {
		t.Errorf("%d matrices changed", changed)
	}
}

func TestAdapter_MicroBatchesAndThreadsGiveTheSameBits(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, backend := range backends(t) {
		p := adapted(t, true)
		b := packedBatch(p.Config, 5)
		of := func(threads, seqs int, mode Mode, batches ...Batch) (list []checkpoint.Tensor) {
			runtime.GOMAXPROCS(threads)
			g, err := NewGraph(p, mustOpen(t, backend), seqs, 16, mode)
			if err != nil {
				t.Fatal(err)
			}
			g.Zero()
			for _, b := range batches {
				if _, err := g.Run(b, 0.125); err != nil {
					t.Fatal(err)
				}
			}
			grads, err := g.Gradients()
			if err != nil {
				t.Fatal(err)
			}
			for _, gr := range grads {
				list = append(list, checkpoint.Tensor{Name: gr.Name, Data: gr.G})
			}
			return list
		}
		whole := of(1, 2, Gradients, b)
		if len(whole) != p.Config.Layers*(4+7) {
			t.Fatalf("%d gradients", len(whole))
		}
		sameBits(t, backend, whole, of(3, 2, Gradients, b))
		sameBits(t, backend, whole, of(2, 1, Gradients, rowOf(b, 0, 16), rowOf(b, 1, 16)))
		sameBits(t, backend, whole, of(2, 2, Recomputing, b))
	}
}

func TestAdapter_NewOneChangesNothing(t *testing.T) {
	p := New(tiny(true), 3)
	var l LoRA
	l.SetDefaults()
	p.Adapter = NewAdapter(p.Config, l, 1)
	if n, want := p.LearntCount(), l.Count(p.Config); n != want || n >= p.Config.Count()*4 {
		t.Errorf("%d parameters are learnt, want %d", n, want)
	}
	for _, ts := range p.Adapter.Tensors(p.Config) {
		if ts.Shape[0] != l.Rank { // B
			continue
		}
		bound := float32(1 / math.Sqrt(float64(ts.Shape[1])))
		if low, high := slices.Min(ts.Data), slices.Max(ts.Data); low < -bound || high > bound || high < bound*.8 {
			t.Errorf("%s: from %g to %g, the bound is %g", ts.Name, low, high, bound)
		}
	}
	p.Merge()
	sameBits(t, "merged", p.Tensors(), New(tiny(true), 3).Tensors())
}

func TestAdapterFromTensors_ReadsWhatItHasAndNamesWhatIsWrong(t *testing.T) {
	p := adapted(t, true, "q", "gate")
	ts, l := p.Adapter.Tensors(p.Config), p.Adapter.LoRA
	back, err := ParseLoRA(l.JSON())
	if err != nil || back.Rank != l.Rank || back.Alpha != l.Alpha || !slices.Equal(back.Targets, l.Targets) {
		t.Fatalf("%+v, %v", back, err)
	}
	again, err := AdapterFromTensors(p.Config, back, ts)
	if err != nil {
		t.Fatal(err)
	}
	sameBits(t, "again", again.Tensors(p.Config), ts)
	other := slices.Clone(ts)
	other[1].Name = "other"
	for what, list := range map[string][]checkpoint.Tensor{
		"hold": ts[1:], "occurs twice": append(slices.Clone(ts), ts[0]), "missing": other,
		"shape": append([]checkpoint.Tensor{{Name: ts[0].Name, Shape: []int{1, len(ts[0].Data)}, Data: ts[0].Data}}, ts[1:]...),
	} {
		if _, err := AdapterFromTensors(p.Config, l, list); !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestLoRA_ValidateNamesWhatIsWrong(t *testing.T) {
	for key, change := range map[string]func(*LoRA){
		"dropout": func(l *LoRA) { l.Dropout = .1 },
		"targets": func(l *LoRA) { l.Targets = nil },
		"q":       func(l *LoRA) { l.Targets = []string{"q", "q"} },
	} {
		var l LoRA
		if l.SetDefaults(); l.Validate() != nil {
			t.Fatal(l.Validate())
		}
		if change(&l); l.Validate() == nil {
			t.Errorf("%s is let through", key)
		}
	}
}
