package kit

import (
	"strings"
	"testing"

	"slm/llm"
)

func TestConfig_MistakesInTheRecipeAreReported(t *testing.T) {
	for _, c := range []struct {
		change func(*Config)
		says   string
	}{
		{func(*Config) {}, ""},
		{func(c *Config) { c.Pairs.From = "file" }, "pairs.file"},
		{func(c *Config) { c.Pairs.File = "x.jsonl" }, "pairs.file"},
		{func(c *Config) { c.Pairs.Templates = nil }, "pairs.templates"},
		{func(c *Config) { c.Pairs.From = "llm" }, ""},
		{func(c *Config) { c.Pairs.From, c.Pairs.File = "llm+file+corpus", "x.jsonl" }, ""},
		{func(c *Config) { c.Pairs.From = "corpus+llm+llm" }, "pairs.from"},
		{func(c *Config) { c.Pairs.From = "web" }, "pairs.from"},
		{func(c *Config) { c.Pairs.From = "" }, "pairs.from"},
		{func(c *Config) { c.Pairs.From = "both+llm" }, "pairs.from"},
		{func(c *Config) { c.Pairs.From = "llm+file" }, "pairs.file"},
		{func(c *Config) { own := llm.Default(); c.Writer = &own }, "writer: writes with"},
		{func(c *Config) { own := llm.Default(); own.Provider = llm.OpenAI; c.Writer, c.Pairs.From = &own, "llm" }, "writer.url: provider openai needs one"},
		{func(c *Config) { c.Written.Filters = []string{"counterfactual", "leak"} }, "written.filters"},
	} {
		cfg := Default()
		c.change(&cfg)
		if err := cfg.Validate(); (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q: %v", c.says, err)
		}
	}
}
