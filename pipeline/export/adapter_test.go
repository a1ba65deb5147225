package export_test

import (
	"context"
	"encoding/json"
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
	return onTheirs(t, "adapter.lora.rank=4", "stages.dp.optim.lr=2e-2", "stages.bpo=off")
}

// onTheirs makes a run that goes on from weights of others, and returns its folder and theirs.
func onTheirs(t *testing.T, more ...string) (run, base string) {
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
	r, err := recipe.Load(recipe.Source{Name: "tiny", Shipped: recipes.Files, Set: append(append(set, "model.from=hf:"+base), more...)})
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

func TestExport_WeightsThatWereImportedKeepTheirOwnContext(t *testing.T) {
	run, base := onTheirs(t, "stages.dp.fresh=true", "stages.kit=off", "stages.bpo=off", "eval.systems=[llm, slm, cite]")
	context := func(folder string) int {
		var c struct {
			Context int `json:"max_position_embeddings"`
		}
		if folder != base {
			if _, err := export.Export(run, target(t, "hf:"+folder), export.Options{}); err != nil {
				t.Fatal(err)
			}
		}
		if err := json.Unmarshal(read(t, filepath.Join(folder, "config.json")), &c); err != nil {
			t.Fatal(err)
		}
		return c.Context
	}
	of, err := domain.LoadModel(filepath.Join(run, stages.DP))
	if err != nil {
		t.Fatal(err)
	}
	own := context(base)
	if own <= of.Config.Context {
		t.Fatalf("a context of %d, and the recipe's %d: the test proves nothing", own, of.Config.Context)
	}
	if got := context(filepath.Join(t.TempDir(), "again")); got != own {
		t.Errorf("a context of %d, want %d", got, own)
	}
	if err := os.RemoveAll(base); err != nil {
		t.Fatal(err)
	}
	if got := context(filepath.Join(t.TempDir(), "without")); got != of.Config.Context {
		t.Errorf("without the weights that were imported: a context of %d, want the run's %d", got, of.Config.Context)
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
