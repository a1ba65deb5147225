package pipeline_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"slm/model"
	"slm/model/weights"
	"slm/model/weights/weightstest"
	"slm/pipeline/audit"
	"slm/pipeline/recipe"
	"slm/pipeline/rundir"
	"slm/pipeline/runtest"
	"slm/recipes"
	"slm/stages"
	"slm/stages/domain"
)

// theirs writes a model that others have trained, and returns its reference.
func theirs(t *testing.T, seed uint64) (weights.Model, string) {
	t.Helper()
	m, err := weightstest.Model(seed)
	if err != nil {
		t.Fatal(err)
	}
	m.End = "<|im_end|>"
	text := "hf:" + filepath.Join(t.TempDir(), "theirs")
	ref, _, err := weights.Parse(text)
	if err == nil {
		err = ref.Format.Write(ref.Path, m)
	}
	if err != nil {
		t.Fatal(err)
	}
	return m, text
}

// on is the small recipe without a shape of its own, on weights of others.
func on(from string, set ...string) (*recipe.Loaded, error) {
	small := slices.DeleteFunc(slices.Clone(runtest.Smaller), func(s string) bool {
		return strings.HasPrefix(s, "model.layers") || strings.HasPrefix(s, "model.width")
	})
	return recipe.Load(recipe.Source{Name: "tiny", Shipped: recipes.Files, Set: append(append(small, "model.from="+from, "stages.kit=off", "stages.bpo=off"), set...)})
}

func TestFrom_UntrainedRunHoldsTheWeightsBitForBit(t *testing.T) {
	m, from := theirs(t, 5)
	r, err := on(from, "stages.dp.fresh=true")
	if err != nil {
		t.Fatal(err)
	}
	if r.Model.Layers != m.Params.Config.Layers || r.Model.Width != m.Params.Config.Width || r.Model.Context != 64 {
		t.Fatalf("the shape is %+v", r.Model)
	}
	folder, err := runtest.Train(context.Background(), r, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	got, err := domain.LoadModel(filepath.Join(folder, stages.DP))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range m.Params.Tensors() {
		if tensor := got.Tensors()[i]; tensor.Name != want.Name || !slices.Equal(tensor.Data, want.Data) {
			t.Errorf("%s differs", want.Name)
		}
	}
	dom, err := domain.Open(filepath.Join(folder, stages.Data))
	if err != nil {
		t.Fatal(err)
	}
	if end := dom.Tokenizer.Token(dom.EOS); end != m.End || dom.Tokenizer.Digest() != m.Tokenizer.Digest() {
		t.Errorf("another tokenizer, or it ends in %s", end)
	}
	if err := dom.Close(); err != nil {
		t.Fatal(err)
	}
	// The run's own recipe is read where the weights are gone.
	if err := os.RemoveAll(strings.TrimPrefix(from, "hf:")); err != nil {
		t.Fatal(err)
	}
	if again, err := recipe.Reopen(filepath.Join(folder, rundir.RecipeFile), nil, nil, false); err != nil || again.Model != r.Model {
		t.Errorf("%v", err)
	}
	// A run is a model to go on from, too.
	if again, err := on("run:"+folder, "stages.dp.tokens=1024"); err != nil || again.Model.Width != r.Model.Width {
		t.Errorf("%v", err)
	}
}

func TestFrom_WeightsAreInTheFingerprintAndTheirFolderIsNot(t *testing.T) {
	print := func(from string) map[string]string {
		r, err := on(from)
		if err != nil {
			t.Fatal(err)
		}
		p, _, err := runtest.Prepare(r, t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]string{}
		for _, s := range p.Stages {
			out[s.Stage] = s.Fingerprint
		}
		return out
	}
	_, a := theirs(t, 5)
	_, moved := theirs(t, 5)
	_, other := theirs(t, 6)
	first, same, different := print(a), print(moved), print(other)
	for _, stage := range []string{stages.Data, stages.DP} {
		if first[stage] == "" || first[stage] != same[stage] || first[stage] == different[stage] {
			t.Errorf("%s: %.8s, elsewhere %.8s, other weights %.8s", stage, first[stage], same[stage], different[stage])
		}
	}
}

func TestFrom_WhatContradictsTheWeightsIsRefused(t *testing.T) {
	_, from := theirs(t, 5)
	for _, c := range []struct{ from, set, word string }{
		{from, "model.width=64", "model.width: is 64, and that of the weights is 32"},
		{from, "model.context=4096 stages.dp.batch=8192 stages.kit.batch=8192", "made for 2048"},
		{"hf:gone", "seed=1", "gone"},
		{"nothing", "seed=1", "is none of"},
	} {
		if _, err := on(c.from, strings.Fields(c.set)...); err == nil || !strings.Contains(err.Error(), c.word) || c.from != "nothing" && !errors.Is(err, recipe.ErrUsage) {
			t.Errorf("%s, %s: %v, want one with %q", c.from, c.set, err, c.word)
		}
	}
}

func TestFrom_AdapterIsTunedFurtherByKitAndReadMerged(t *testing.T) {
	m, from := theirs(t, 5)
	r, err := on(from, "adapter.lora.rank=2", "adapter.lora.targets=q,v,down", "stages.kit.epochs=1", "stages.bpo.trials=2")
	if err != nil {
		t.Fatal(err)
	}
	folder, err := runtest.Train(context.Background(), r, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var trained [2]*model.Params
	for i, stage := range []string{stages.DP, stages.KIT} {
		if trained[i], err = domain.LoadTrained(filepath.Join(folder, stage)); err != nil {
			t.Fatal(err)
		}
		for k, want := range m.Params.Tensors() {
			if got := trained[i].Tensors()[k]; !slices.Equal(got.Data, want.Data) {
				t.Errorf("%s: the frozen %s has changed", stage, want.Name)
			}
		}
	}
	if dp, kit := trained[0].Learnt(), trained[1].Learnt(); len(dp) != 2*3*2 || slices.Equal(dp[1].Data, kit[1].Data) {
		t.Errorf("%d tensors; kit has changed nothing", len(dp))
	}
	ref, _, err := weights.Parse("run:" + folder)
	if err != nil {
		t.Fatal(err)
	}
	src, err := ref.Open()
	if err != nil {
		t.Fatal(err)
	}
	merged, err := weights.Params(src)
	if err = errors.Join(err, src.Close()); err != nil {
		t.Fatal(err)
	}
	for k, want := range trained[1].Merged().Tensors() {
		if got := merged.Tensors()[k]; !slices.Equal(got.Data, want.Data) {
			t.Errorf("run:%s: %s differs from base and adapter", folder, want.Name)
		}
	}
	if again, err := recipe.Reopen(filepath.Join(folder, rundir.RecipeFile), nil, nil, false); err != nil || again.Adapter.LoRA.String() != r.Adapter.LoRA.String() {
		t.Errorf("%v", err)
	}
	if v, err := audit.Verify(folder); err != nil || !v.OK {
		t.Errorf("%+v, %v", v, err)
	}
}

func TestFrom_AdapterIsRefusedWithoutWeightsAndWithDropout(t *testing.T) {
	_, from := theirs(t, 5)
	if _, err := on(from, "adapter.lora.dropout=0.1"); err == nil || !strings.Contains(err.Error(), "adapter.lora.dropout: 0.1: only 0 is there") {
		t.Errorf("dropout: %v", err)
	}
	if _, err := runtest.Load("adapter.lora.rank=4"); err == nil || !strings.Contains(err.Error(), "name them in model.from") {
		t.Errorf("without weights: %v", err)
	}
}
