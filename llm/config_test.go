package llm

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestConfig_DefaultIsValidAndLocal(t *testing.T) {
	if err := Default().Validate(); err != nil || Default().Provider != Local {
		t.Error(err)
	}
}

func TestConfig_EveryProblemIsFoundAndNamed(t *testing.T) {
	remote := Config{Provider: OpenAI, Model: "m", Answer: Letter, URL: "https://host/v1", KeyEnv: "KEY", Budget: Budget{Calls: 1}, Timeout: 1, Concurrency: 1}
	if err := remote.Validate(); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		base   Config
		change func(*Config)
		says   string
	}{
		"provider":         {Default(), func(c *Config) { c.Provider = "azure" }, "provider:"},
		"model":            {Default(), func(c *Config) { c.Model = "" }, "model: missing"},
		"unknown model":    {Default(), func(c *Config) { c.Model = "gpt-17" }, "gguf:FILE"},
		"no file":          {Default(), func(c *Config) { c.Model = "gguf:" }, "model:"},
		"weights":          {Default(), func(c *Config) { c.Weights = "int2" }, "weights:"},
		"remote weights":   {remote, func(c *Config) { c.Weights = Int8 }, "weights:"},
		"answer":           {Default(), func(c *Config) { c.Answer = "essay" }, "answer:"},
		"local url":        {Default(), func(c *Config) { c.URL = "http://x" }, "url:"},
		"local key":        {Default(), func(c *Config) { c.KeyEnv = "K" }, "key_env:"},
		"no url":           {remote, func(c *Config) { c.URL = "" }, "url:"},
		"ftp":              {remote, func(c *Config) { c.URL = "ftp://host" }, "url:"},
		"url with key":     {remote, func(c *Config) { c.URL = "https://host/v1?api_key=sk-abc" }, "url:"},
		"url like a key":   {remote, func(c *Config) { c.URL = "https://host/aB3dE6gH9jK2mN5pQ8sT/v1" }, "looks like a key"},
		"url sk-":          {remote, func(c *Config) { c.URL = "https://host/sk-abc/v1" }, "looks like a key"},
		"key for no place": {remote, func(c *Config) { c.URL, c.KeyEnv = "https://host/{key}/v1", "" }, "place for the key"},
		"url with user":    {remote, func(c *Config) { c.URL = "https://me:sk-abc@host/v1" }, "url:"},
		"key, not a name":  {remote, func(c *Config) { c.KeyEnv = "sk-abc" }, "key_env: takes the name"},
		"unknown price":    {remote, func(c *Config) { c.Budget.USD = 5 }, "price: unknown"},
		"no limit":         {remote, func(c *Config) { c.Budget = Budget{} }, "budget:"},
		"negative budget":  {remote, func(c *Config) { c.Budget.Tokens = -1 }, "budget:"},
		"NaN budget":       {remote, func(c *Config) { c.Budget.USD = math.NaN() }, "budget:"},
		"negative price":   {remote, func(c *Config) { c.Price = &Price{Input: -1} }, "price:"},
		"retries":          {remote, func(c *Config) { c.Retries = -1 }, "retries:"},
		"timeout":          {remote, func(c *Config) { c.Timeout = 0 }, "timeout:"},
		"concurrency":      {remote, func(c *Config) { c.Concurrency = 0 }, "concurrency:"},
	} {
		cfg := c.base
		c.change(&cfg)
		err := cfg.Validate()
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && strings.Contains(err.Error(), "sk-abc") {
			t.Errorf("%s: the message repeats what may be a key: %v", name, err)
		}
		if _, err := New(cfg, Options{Offline: true}); err == nil {
			t.Errorf("%s: opened all the same", name)
		}
	}
	err := Config{Provider: OpenAI}.Validate()
	if n := strings.Count(err.Error(), "\n") + 1; n < 6 {
		t.Errorf("only %d problems at once: %v", n, err)
	}
}

func TestConfig_MissingWeightsSayWhatToType(t *testing.T) {
	env := func(home, cache string) func(string) string {
		return func(name string) string { return map[string]string{"HOME": home, "XDG_CACHE_HOME": cache}[name] }
	}
	dir := t.TempDir()
	_, err := New(Default(), Options{Getenv: env(dir, "")})
	want := filepath.Join(dir, ".cache", "slm", "models", "SmolLM2-135M-Instruct.Q4_1.gguf")
	if !errors.Is(err, ErrNoWeights) || !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "make setup") {
		t.Error(err)
	}
	if w, err := findModel(Default().Model, "", env(dir, filepath.Join(dir, "c"))); err != nil || w.Path != filepath.Join(dir, "c", "slm", "models", "SmolLM2-135M-Instruct.Q4_1.gguf") {
		t.Errorf("%+v %v", w, err)
	}
	cfg := Default()
	cfg.Model = "gguf:none.gguf"
	if _, err := New(cfg, Options{Dir: dir}); !errors.Is(err, ErrNoWeights) || !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), filepath.Join(dir, "none.gguf")) {
		t.Error(err)
	}
}
