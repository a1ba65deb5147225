package export_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"slm/model/weights"
	"slm/model/weights/weightstest"
	"slm/pipeline/export"
	"slm/pipeline/recipe"
	"slm/pipeline/runtest"
	"slm/recipes"
	"slm/stages"
	"slm/stages/domain"
)

// adapted trains an adapter on weights of others, and returns the run's folder and theirs.
func adapted(t *testing.T) (run, base string) {
	t.Helper()
	m, err := weightstest.Model(5)
	if err != nil {
		t.Fatal(err)
	}
	m.End, base = "<|im_end|>", filepath.Join(t.TempDir(), "theirs")
	ref, _, err := weights.Parse("hf:" + base)
	if err == nil {
		err = ref.Format.Write(base, m)
	}
	if err != nil {
		t.Fatal(err)
	}
	set := slices.DeleteFunc(slices.Clone(runtest.Smaller), func(s string) bool {
		return strings.HasPrefix(s, "model.layers") || strings.HasPrefix(s, "model.width")
	})
	r, err := recipe.Load(recipe.Source{Name: "tiny", Shipped: recipes.Files, Set: append(set, "model.from=hf:"+base, "adapter.lora.rank=4", "stages.dp.optim.lr=2e-2", "stages.bpo=off")})
	if err != nil {
		t.Fatal(err)
	}
	if run, err = runtest.Train(context.Background(), r, t.TempDir()); err != nil {
		t.Fatal(err)
	}
	return run, base
}

func TestExport_AdapterIsWrittenAloneAndReadOntoItsModel(t *testing.T) {
	run, base := adapted(t)
	path := exported(t, run, "peft:"+filepath.Join(t.TempDir(), "adapter"))
	for _, name := range []string{"adapter_config.json", "adapter_model.safetensors", "tokenizer.json", export.CardFile, export.ModelfileName} {
		if _, err := os.Stat(filepath.Join(path, name)); err != nil {
			t.Error(err)
		}
	}
	card, err := os.ReadFile(filepath.Join(path, export.CardFile))
	if err != nil || !strings.Contains(string(card), "library_name: peft") || !strings.Contains(string(card), "LoRA of rank 4") || !strings.Contains(string(card), "`hf:theirs`") {
		t.Errorf("%v\n%s", err, card)
	}
	if err := os.CopyFS(filepath.Join(path, "theirs"), os.DirFS(base)); err != nil { // the configuration names hf:theirs
		t.Fatal(err)
	}
	ref, _, err := weights.Parse("peft:" + path)
	if err != nil {
		t.Fatal(err)
	}
	src, err := ref.Open()
	if err != nil {
		t.Fatal(err)
	}
	got, err := weights.Params(src)
	if err = errors.Join(err, src.Close()); err != nil {
		t.Fatal(err)
	}
	want, err := domain.LoadModel(filepath.Join(run, stages.KIT))
	if err != nil {
		t.Fatal(err)
	}
	for i, ts := range want.Tensors() {
		if !slices.Equal(got.Tensors()[i].Data, ts.Data) {
			t.Errorf("%s differs", ts.Name)
		}
	}
	merged := exported(t, run, "hf:"+filepath.Join(t.TempDir(), "merged"))
	hub, _, _ := weights.Parse("hf:" + merged) // the scheme is there
	if src, err = hub.Open(); err != nil {
		t.Fatal(err)
	}
	if got, err = weights.Params(src); err != nil || !slices.Equal(got.Layers[1].Down, want.Layers[1].Down) {
		t.Errorf("the merged export is another model: %v", err)
	}
	if err := src.Close(); err != nil {
		t.Error(err)
	}
}

func TestExport_AdapterOfARunWithoutOneIsRefused(t *testing.T) {
	to, err := export.ParseTarget("peft:" + filepath.Join(t.TempDir(), "adapter"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := export.Export(runtest.Tiny(t), to, export.Options{}); !errors.Is(err, export.ErrTarget) || !strings.Contains(err.Error(), "no adapter") {
		t.Error(err)
	}
	if _, err := os.Stat(to.Path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("something was left behind: %v", err)
	}
}

func TestExport_PeftComputesTheSame(t *testing.T) {
	py := python(t, "venv-bench", "peft")
	run, base := adapted(t)
	check(t, py, "peft", exported(t, run, "peft:"+filepath.Join(t.TempDir(), "adapter")), expect(t, run, trained(t, run), 0), base)
}
