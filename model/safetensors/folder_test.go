package safetensors

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"slm/checkpoint"
	"slm/model/kernel"
	"slm/model/weights"
	"slm/model/weights/weightstest"
)

// hub writes the toy model as a folder, its values rounded to a type.
func hub(t testing.TB, kind string) (string, weights.Model) {
	t.Helper()
	m, err := weightstest.Model(5)
	if err != nil {
		t.Fatal(err)
	}
	m.Type, m.End = kind, "<|im_end|>"
	dir := filepath.Join(t.TempDir(), "model")
	if err := Hub.Write(dir, m); err != nil {
		t.Fatal(err)
	}
	return dir, m
}

func open(t testing.TB, dir string) *Folder {
	t.Helper()
	f, err := OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func TestFolder_ReadAndWrittenAgainHasTheSameBytes(t *testing.T) {
	for _, kind := range types {
		dir, _ := hub(t, kind)
		f := open(t, dir)
		p, err := weights.Params(f)
		if err != nil {
			t.Fatal(err)
		}
		tok, err := f.Tokenizer()
		if err != nil {
			t.Fatal(err)
		}
		end, err := f.End()
		if err != nil || end != "<|im_end|>" {
			t.Errorf("ends in %q, %v", end, err)
		}
		again := filepath.Join(t.TempDir(), "again")
		if err := Hub.Write(again, weights.Model{Params: p, Tokenizer: tok, ChatTemplate: f.ChatTemplate(), End: end, Type: kind}); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{tensorsFile, configFile, tokenizerFile, templateFile, generationFile} {
			a, aerr := os.ReadFile(filepath.Join(dir, name))
			b, berr := os.ReadFile(filepath.Join(again, name))
			if aerr != nil || berr != nil || !bytes.Equal(a, b) {
				t.Errorf("%s: %s differs: %v %v", kind, name, aerr, berr)
			}
		}
	}
}

func TestWrite_ValuesAreRoundedToTheNearest(t *testing.T) {
	dir, m := hub(t, "bf16")
	p, err := weights.Params(open(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range m.Params.Tensors() {
		rounded, wide := make([]uint16, len(want.Data)), make([]float32, len(want.Data))
		kernel.ToBF16(rounded, want.Data)
		kernel.FromBF16(wide, rounded)
		for j, v := range p.Tensors()[i].Data {
			if v != wide[j] {
				t.Fatalf("%s[%d] is %g, want %g", want.Name, j, v, wide[j])
			}
		}
	}
	m.Type = "f8"
	if err := Hub.Write(filepath.Join(t.TempDir(), "x"), m); !errors.Is(err, weights.ErrUnsupported) || !strings.Contains(err.Error(), "f8") {
		t.Error(err)
	}
}

// shard takes a folder's one file of tensors apart.
func shard(t *testing.T, dir string, m weights.Model) {
	t.Helper()
	index := map[string]string{}
	all := m.Params.Tensors()
	for i, part := range [][]checkpoint.Tensor{all[:5], all[5:]} {
		name := fmt.Sprintf("model-%05d-of-00002.safetensors", i+1)
		var b bytes.Buffer
		if err := errors.Join(encode(&b, part, "f32"), os.WriteFile(filepath.Join(dir, name), b.Bytes(), 0o644)); err != nil {
			t.Fatal(err)
		}
		for _, tensor := range part {
			index[tensor.Name] = name
		}
	}
	text, err := json.Marshal(map[string]any{"metadata": map[string]int{"total_size": 1}, "weight_map": index})
	if err := errors.Join(err, os.WriteFile(filepath.Join(dir, indexFile), text, 0o644), os.Remove(filepath.Join(dir, tensorsFile))); err != nil {
		t.Fatal(err)
	}
}

func TestFolder_ShardsAreOneModel(t *testing.T) {
	dir, m := hub(t, "f32")
	shard(t, dir, m)
	p, err := weights.Params(open(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range m.Params.Tensors() {
		for j, v := range p.Tensors()[i].Data {
			if v != want.Data[j] {
				t.Fatalf("%s[%d] is %g, want %g", want.Name, j, v, want.Data[j])
			}
		}
	}
	files, err := Hub.Files(dir)
	if err != nil || len(files) != 6 {
		t.Errorf("%v, %v", files, err)
	}
	if err := os.Remove(files[1]); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenFolder(dir); err == nil || !strings.Contains(err.Error(), "00002-of") {
		t.Errorf("a shard is missing: %v", err)
	}
}

func TestFolder_IndexNamesFilesBesideItAlone(t *testing.T) {
	dir, _ := hub(t, "f32")
	for _, text := range []string{`{"weight_map": {"a": "../model.safetensors"}}`, `{"weight_map": {"a": "/etc/passwd"}}`, `{"weight_map": {"a": ".."}}`, `{"weight_map": {"a": ""}}`, `{"weight_map": {}}`, `{"weight_map": [`} {
		if err := os.WriteFile(filepath.Join(dir, indexFile), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenFolder(dir); !errors.Is(err, weights.ErrFormat) || !strings.Contains(err.Error(), indexFile) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestFolder_EndAndTemplateAreFoundWhereLibrariesKeepThem(t *testing.T) {
	dir, _ := hub(t, "f32")
	f := open(t, dir)
	put := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ tokenizer, generation, want string }{
		{`{"eos_token": {"content": "<|im_start|>", "lstrip": false}}`, `{}`, "<|im_start|>"},
		{`{"eos_token": null}`, `{"eos_token_id": [0, 1]}`, "<|im_start|>"},
		{`{}`, `{"eos_token_id": 1}`, "<|im_end|>"},
		{`{}`, `{"eos_token_id": null}`, "<|im_end|>"}, // that of config.json
		{`[`, `[`, "<|im_end|>"},
	} {
		put(templateFile, c.tokenizer)
		put(generationFile, c.generation)
		if end, err := f.End(); err != nil || end != c.want {
			t.Errorf("%s, %s: %q, %v", c.tokenizer, c.generation, end, err)
		}
	}
	put(jinjaFile, "{{ 1 }}")
	if f.ChatTemplate() != "{{ 1 }}" {
		t.Errorf("template %q", f.ChatTemplate())
	}
}

func TestConfig_NewerNamesOfRotaryPositionsAreRead(t *testing.T) {
	dir, _ := hub(t, "f32")
	f := open(t, dir)
	config, err := os.ReadFile(filepath.Join(dir, configFile))
	if err != nil {
		t.Fatal(err)
	}
	for text, theta := range map[string]float64{
		`"rope_parameters": {"rope_type": "default", "rope_theta": 500}`: 500, `"rope_scaling": {"rope_type": "default"}`: 10000,
		`"rope_parameters": {"rope_type": "yarn", "factor": 2}`: 0, `"rope_scaling": {"type": "longrope"}`: 0,
	} {
		bent := strings.Replace(string(config), `"rope_scaling": null`, text, 1)
		if err := os.WriteFile(filepath.Join(dir, configFile), []byte(bent), 0o644); err != nil {
			t.Fatal(err)
		}
		c, err := f.Config()
		if theta == 0 && !errors.Is(err, weights.ErrUnsupported) || theta != 0 && (err != nil || c.RopeTheta != theta) {
			t.Errorf("%s: %v, %v", text, c.RopeTheta, err)
		}
	}
}

func FuzzFolder_AnyIndexAndConfigAreReadOrRefused(f *testing.F) {
	dir, _ := hub(f, "f32")
	config, err := os.ReadFile(filepath.Join(dir, configFile))
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(`{"weight_map": {"a": "model.safetensors"}}`), config)
	f.Add([]byte(`{"weight_map": {"a": "b"}}`), []byte(`{"model_type": "llama", "rope_parameters": {}}`))
	f.Fuzz(func(t *testing.T, index, config []byte) {
		if err := errors.Join(os.WriteFile(filepath.Join(dir, indexFile), index, 0o644), os.WriteFile(filepath.Join(dir, configFile), config, 0o644)); err != nil {
			t.Fatal(err)
		}
		folder, err := OpenFolder(dir)
		if err != nil {
			return
		}
		_, _ = weights.Params(folder) // an error, or a model
		_, _ = folder.End()
		if err := folder.Close(); err != nil {
			t.Error(err)
		}
	})
}
