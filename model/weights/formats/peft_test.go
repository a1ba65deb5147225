package formats

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"slm/model"
	"slm/model/decode"
	"slm/model/kernel"
	"slm/model/weights"
	"slm/model/weights/weightstest"
)

func openPEFT(folder string) (*model.Params, error) {
	ref, _, err := weights.Parse("peft:" + folder)
	if err != nil {
		return nil, err
	}
	source, err := ref.Open()
	if err != nil {
		return nil, err
	}
	p, err := weights.Params(source)
	return p, errors.Join(err, source.Close())
}

func TestPEFT_LogitsAreThoseOfPeft(t *testing.T) {
	be, err := kernel.Open("go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"all", "rslora"} {
		folder := filepath.Join("testdata", "peft", name)
		g, want := readGolden(t, folder)
		p, err := openPEFT(folder)
		if err != nil {
			t.Fatal(err)
		}
		got, err := decode.New(p, be).Logits(context.Background(), g.Tokens)
		if err != nil {
			t.Fatal(err)
		}
		checkLogits(t, got, want, len(g.Tokens))
	}
}

// copied is the first adapter in a folder of its own, with another text of its configuration.
func copied(t testing.TB, change func(config string) string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "adapter")
	llama, err := filepath.Abs(filepath.Join("testdata", "llama"))
	if err == nil {
		err = os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "peft", "all")))
	}
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "adapter_config.json")
	text, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, []byte(change(strings.Replace(string(text), "../../llama", filepath.ToSlash(llama), 1))), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestPEFT_WhatWouldBeComputedOtherwiseIsRefusedByName(t *testing.T) {
	for _, c := range []struct{ old, new, word string }{
		{`"modules_to_save": null`, `"modules_to_save": ["embed_tokens"]`, "modules_to_save"},
		{`"use_dora": false`, `"use_dora": true`, "use_dora"},
		{`"bias": "none"`, `"bias": "all"`, "bias is all"},
		{`"fan_in_fan_out": false`, `"fan_in_fan_out": true`, "fan_in_fan_out"},
		{`"rank_pattern": {}`, `"rank_pattern": {"q_proj": 2}`, "rank_pattern"},
		{`"init_lora_weights": true`, `"init_lora_weights": "pissa"`, "init_lora_weights"},
		{`"peft_type": "LORA"`, `"peft_type": "IA3"`, "peft_type is IA3"},
		{`"r": 4`, `"r": 5`, "the adapter's tensors hold"},
		{`"r": 4`, `"r": 0`, "r is 0"},
		{`/llama"`, `/elsewhere"`, "elsewhere is not here"},
		{`"r": 4,`, `"r": 4, "of_tomorrow": {"a": 1},`, "of_tomorrow"},
	} {
		dir := copied(t, func(config string) string {
			if !strings.Contains(config, c.old) {
				t.Fatalf("there is no %s", c.old)
			}
			return strings.Replace(config, c.old, c.new, 1)
		})
		if _, err := openPEFT(dir); err == nil || !strings.Contains(err.Error(), c.word) || !errors.Is(err, weights.ErrUnsupported) && !errors.Is(err, weights.ErrFormat) {
			t.Errorf("%s: %v", c.new, err)
		}
	}
}

func TestPEFT_CutAnywhereIsAnError(t *testing.T) {
	for _, name := range []string{"adapter_config.json", "adapter_model.safetensors"} {
		dir := copied(t, func(config string) string { return config })
		path := filepath.Join(dir, name)
		whole, err := os.ReadFile(path)
		if err == nil {
			_, err = openPEFT(dir)
		}
		if err != nil {
			t.Fatal(err)
		}
		step := max(1, len(whole)/500)
		for n := 0; n < len(whole)-2; n += step { // the configuration ends in a brace and a line break
			if err := os.WriteFile(path, whole[:n], 0o644); err != nil {
				t.Fatal(err)
			}
			if _, err := openPEFT(dir); err == nil {
				t.Fatalf("%s is read of its first %d bytes", name, n)
			}
		}
	}
}

func FuzzPEFT_ConfigurationIsReadOrRefused(f *testing.F) {
	dir := copied(f, func(config string) string { return config })
	path := filepath.Join(dir, "adapter_config.json")
	text, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"peft_type":"LORA","r":4,"lora_alpha":6,"base_model_name_or_path":"peft:."}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
		if p, err := openPEFT(dir); (p == nil) == (err == nil) {
			t.Fatalf("%v, %v", p, err)
		}
	})
}

func TestPEFT_WhatIsWrittenIsReadAgainWithTheSameBits(t *testing.T) {
	m, err := weightstest.Model(5)
	if err != nil {
		t.Fatal(err)
	}
	var l model.LoRA
	l.SetDefaults()
	l.Rank, l.Targets = 2, []string{"k", "gate", "down"}
	m.Params.Adapter = model.NewAdapter(m.Params.Config, l, 3)
	for i, ts := range m.Params.Adapter.Tensors(m.Params.Config) {
		for j := range ts.Data {
			ts.Data[j] += float32(i+j) / 64
		}
	}
	root := t.TempDir()
	write := func(scheme, name string, m weights.Model) {
		ref, _, err := weights.Parse(scheme + ":" + filepath.Join(root, name))
		if err == nil {
			err = ref.Format.Write(ref.Path, m)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	base := m
	base.Params = m.Params.Base()
	m.Base = "../base" // as from the folder of the adapter
	write("hf", "base", base)
	write("peft", "adapter", m)
	got, err := openPEFT(filepath.Join(root, "adapter"))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range m.Params.Merged().Tensors() {
		if !slices.Equal(got.Tensors()[i].Data, want.Data) {
			t.Errorf("%s differs", want.Name)
		}
	}
	ref, _, _ := weights.Parse("peft:" + filepath.Join(root, "adapter")) // the scheme was found above
	if files, err := ref.Files(); err != nil || !slices.ContainsFunc(files, func(f string) bool { return strings.HasSuffix(f, "base/model.safetensors") }) {
		t.Errorf("its digest is that of %v, %v", files, err)
	}
	ref.Path = filepath.Join(root, "none")
	if err := ref.Format.Write(ref.Path, base); !errors.Is(err, weights.ErrUnsupported) {
		t.Errorf("a model without an adapter: %v", err)
	}
}
