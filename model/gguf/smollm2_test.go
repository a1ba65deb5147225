package gguf_test

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"testing"

	"slm/model/decode"
	"slm/model/gguf"
	"slm/model/kernel"
	"slm/model/weights"
)

// smolLM2 returns SmolLM2's file, which is not in the repository.
func smolLM2(t *testing.T) *gguf.File {
	t.Helper()
	if os.Getenv("SLM_NO_WEIGHTS") == "1" {
		t.Skip("SLM_NO_WEIGHTS=1")
	}
	cache, err := os.UserCacheDir() // $XDG_CACHE_HOME or ~/.cache
	if err != nil {
		t.Fatal(err)
	}
	f, err := gguf.Open(filepath.Join(cache, "slm", "models", "SmolLM2-135M-Instruct.Q4_1.gguf"))
	if err != nil {
		t.Fatalf("%v\nrun `make setup` to fetch the weights, or set SLM_NO_WEIGHTS=1 to go without this test", err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// The golden file holds transformers' logits on the de-quantised weights, and llama.cpp's first five (scripts/golden/smollm2.py).
func TestSmolLM2_AgreesWithTransformersAndLlamaCpp(t *testing.T) {
	f := smolLM2(t)
	text, err := os.ReadFile(filepath.Join("testdata", "smollm2.json"))
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Prompts []struct {
			Prompt   string
			Tokens   []int32
			IDs      []int
			Logits   []float64
			LlamaIDs []int `json:"llama_ids"`
		}
	}
	if err := json.Unmarshal(text, &golden); err != nil {
		t.Fatal(err)
	}
	if len(golden.Prompts) != 5 {
		t.Fatalf("%d prompts", len(golden.Prompts))
	}
	tok, err := f.Tokenizer()
	if err != nil {
		t.Fatal(err)
	}
	p, err := weights.Params(f)
	if err != nil {
		t.Fatal(err)
	}
	be, err := kernel.Open("onednn-f32")
	if err != nil {
		be, err = kernel.Open("go")
	}
	if err != nil {
		t.Fatal(err)
	}
	d := decode.New(p, be)
	for _, g := range golden.Prompts {
		if ids := tok.EncodeSpecial(g.Prompt); !slices.Equal(ids, g.Tokens) {
			t.Errorf("%q: tokens %v, want %v", g.Prompt, ids, g.Tokens)
		}
		all, err := d.Logits(context.Background(), g.Tokens)
		if err != nil {
			t.Fatal(err)
		}
		logits := all[len(all)-p.Config.Vocab:]
		worst := 0.0
		for i, id := range g.IDs {
			worst = max(worst, math.Abs(float64(logits[id])-g.Logits[i]))
		}
		t.Logf("%q: largest difference %.6f", g.Prompt, worst)
		if !(worst <= 0.05) {
			t.Errorf("%q: a logit is off by %v", g.Prompt, worst)
		}
		order := make([]int, len(logits))
		for i := range order {
			order[i] = i
		}
		sort.SliceStable(order, func(a, b int) bool { return logits[order[a]] > logits[order[b]] })
		if !slices.Equal(order[:5], g.LlamaIDs) {
			t.Errorf("%q: first five %v, llama.cpp has %v", g.Prompt, order[:5], g.LlamaIDs)
		}
	}
}

func TestSmolLM2_ChatTemplateIsUnderstood(t *testing.T) {
	chat, err := weights.ChatOf(smolLM2(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	const want = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"
	if chat.System != want {
		t.Fatalf("system message %q", chat.System)
	}
}
