package llm

import (
	"fmt"
	"path/filepath"
	"strings"
)

// weights says where a local model lies and what it must be.
type weights struct {
	path   string
	sha256 string // "" = whatever the file is
}

// shipped lists the models that set-up fetches.
var shipped = map[string]weights{
	"smollm2-135m-instruct": {"SmolLM2-135M-Instruct.Q4_1.gguf", "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"},
}

// findWeights resolves a model's name: one that set-up fetches, in the cache folder, or gguf:FILE, relative to dir.
func findWeights(model, dir string, getenv func(string) string) (weights, error) {
	if file, ok := strings.CutPrefix(model, "gguf:"); ok {
		if file == "" {
			return weights{}, fmt.Errorf("gguf: names no file")
		}
		if !filepath.IsAbs(file) {
			file = filepath.Join(dir, file)
		}
		return weights{path: file}, nil
	}
	w, ok := shipped[strings.ToLower(model)]
	if !ok {
		return weights{}, fmt.Errorf("unknown local model %q (there are: smollm2-135m-instruct, gguf:FILE)", model)
	}
	cache := getenv("XDG_CACHE_HOME")
	if cache == "" {
		cache = filepath.Join(getenv("HOME"), ".cache")
	}
	w.path = filepath.Join(cache, "slm", "models", w.path)
	return w, nil
}
