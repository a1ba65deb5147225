package llm

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Providers, and styles of answer.
const (
	Local   = "local"   // weights in this process
	OpenAI  = "openai"  // any server that speaks OpenAI's protocol
	Overlap = "overlap" // no language model: shared trigrams, for tests and CI

	Embeddings = "embeddings" // any server of OpenAI's protocol, for vectors of texts

	Full = "full" // local weights in the kernel's precision
	Int8 = "int8" // local weights in bytes
	File = "file" // local weights as their file has them

	Cloze  = "cloze"  // the option that is likeliest as a continuation
	Letter = "letter" // the letter that the reply names
)

// Config is the recipe's section llm.
type Config struct {
	Provider    ProviderName      `yaml:"provider" doc:"where the model runs"`
	Model       string            `yaml:"model" doc:"smollm2-135m-instruct, gguf:FILE, safetensors:FILE or hf:FOLDER (a path), or the server's name for it"`
	Weights     string            `yaml:"weights" oneof:"full|int8|file" doc:"format of a local model's weights: full is the kernel's own precision, int8 a byte each with a scale per row, file the file's own blocks of 4 to 8 bits (Q4_0 to Q8_0, Q4_K to Q6_K). Smaller weights write a single answer faster; full reads long prompts fastest. Scores differ in their last digits"`
	Answer      string            `yaml:"answer" oneof:"cloze|letter" doc:"cloze: the most likely option; letter: the letter in a chat reply. cloze needs a server that returns log-probabilities of the prompt"`
	URL         string            `yaml:"url" unset:"empty" doc:"address of a server, with its version: https://host/v1; {key} in the path stands for the key"`
	Query       map[string]string `yaml:"query" identity:"none" unset:"none" doc:"query string of every address, such as {api-version: 2024-10-21} for Azure"`
	KeyEnv      string            `yaml:"key_env" identity:"none" unset:"empty" doc:"NAME of the environment variable that holds the key, in capitals; empty = no key"`
	KeyHeader   string            `yaml:"key_header" identity:"none" unset:"empty" doc:"header that holds the key alone, such as api-key for Azure; empty = Authorization: Bearer KEY"`
	Headers     map[string]string `yaml:"headers" identity:"none" unset:"none" doc:"more headers for every call: for each header the NAME of the environment variable that holds its value, in capitals"`
	MaxTokens   int               `yaml:"max_tokens" identity:"none" min:"0" max:"1000000" doc:"tokens that a reply may have when a shorter limit cuts it off, as with models that think; 0 = a reply that is cut off is not asked for again"`
	Budget      Budget            `yaml:"budget" identity:"none" doc:"limits over all restarts of a run; openai needs one"`
	Price       *Price            `yaml:"price" identity:"none" doc:"price in US dollars per million tokens"`
	Retries     int               `yaml:"retries" identity:"none" min:"0" max:"20" doc:"attempts after the first one"`
	Timeout     time.Duration     `yaml:"timeout" identity:"none" doc:"time limit of one attempt for a reply of up to 512 tokens; a longer reply has proportionally more"`
	Concurrency int               `yaml:"concurrency" identity:"none" min:"1" max:"256" doc:"concurrent calls to a server; the local model takes one"`
}

// Budget limits what a run may ask for, over all its restarts. 0 = no limit of that kind.
type Budget struct {
	Calls  int64   `yaml:"calls" min:"0" doc:"calls over all restarts of a run; 0 = no limit"`
	Tokens int64   `yaml:"tokens" min:"0" doc:"prompt and output tokens; 0 = no limit"`
	USD    float64 `yaml:"usd" min:"0" doc:"US dollars; 0 = no limit; with openai both prices are needed"`
}

// Times is the budget of so many runs.
func (b Budget) Times(runs int) Budget {
	return Budget{Calls: b.Calls * int64(runs), Tokens: b.Tokens * int64(runs), USD: b.USD * float64(runs)}
}

// Price is what a provider takes. // USD per million tokens
type Price struct {
	Input  float64 `yaml:"input" min:"0" unset:"unknown" doc:"US dollars per million prompt tokens"`
	Output float64 `yaml:"output" min:"0" unset:"unknown" doc:"US dollars per million output tokens"`
}

// Default is the real small model that set-up fetches, run in this process.
func Default() Config {
	return Config{Provider: Local, Model: "smollm2-135m-instruct", Weights: Full, Answer: Cloze, MaxTokens: 4096, Budget: Budget{Calls: 50_000}, Retries: 5, Timeout: time.Minute, Concurrency: 4}
}

// SetDefaults gives a section that stands beside the recipe's llm the same defaults.
func (c *Config) SetDefaults() { *c = Default() }

// envName has capitals only, which hardly any key has.
var envName = regexp.MustCompile(`^[A-Z_][A-Z0-9_]{0,127}$`)

// headerName is a header's name as servers have them, and secretName one of a query's part that carries a key.
var (
	headerName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]{0,63}$`)
	secretName = regexp.MustCompile(`(?i)key|token|secret|sig|passw|auth`)
)

// Validate returns every problem at once, each as "field: what is wrong".
func (c Config) Validate() error { return c.validate(false) }

// ValidateVectors is Validate for a section that names what makes vectors of texts.
func (c Config) ValidateVectors() error { return c.validate(true) }

func (c Config) validate(vectors bool) error {
	var errs []error
	problem := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	switch kind := c.Kind(); {
	case kind.Name != "" && kind.Vectors && !vectors:
		problem("provider: %s makes vectors of texts and answers nothing", kind.Name)
	case kind.Name != "" && !kind.Vectors && vectors:
		problem("provider: %s makes no vectors of texts; %s does", kind.Name, strings.Join(names(func(p Provider) bool { return p.Vectors }), ", "))
	}
	if c.Model == "" {
		problem("model: missing")
	}
	if c.Answer != Cloze && c.Answer != Letter {
		problem("answer: %q is neither cloze nor letter", c.Answer)
	}
	if !slices.Contains([]string{"", Full, Int8, File}, c.Weights) {
		problem("weights: %q is none of full, int8, file", c.Weights)
	}
	c.validateProvider(problem)
	if c.Kind().Metered {
		c.validateBudget(problem)
	}
	if c.Budget.Calls < 0 || c.Budget.Tokens < 0 || !(c.Budget.USD >= 0) || math.IsInf(c.Budget.USD, 0) {
		problem("budget: limits are numbers from 0 up")
	}
	if p := c.Price; p != nil && !(p.Input >= 0 && p.Output >= 0 && p.Input+p.Output < math.Inf(1)) {
		problem("price: prices are numbers from 0 up")
	}
	if c.Retries < 0 || c.Retries > 20 {
		problem("retries: %d is not between 0 and 20", c.Retries)
	}
	if c.Timeout <= 0 {
		problem("timeout: must be more than 0")
	}
	if c.Concurrency < 1 || c.Concurrency > 256 {
		problem("concurrency: %d is not between 1 and 256", c.Concurrency)
	}
	return errors.Join(errs...)
}

// looksSecret says that a part of an address is more likely a key than a name: it is long, and mixes capitals, small letters and digits, or
// begins as keys do. What servers call accounts (hexadecimal, UUID) does not look so.
func looksSecret(part string) bool {
	if strings.HasPrefix(part, "sk-") {
		return true
	}
	in := func(from, to rune) bool {
		return strings.ContainsFunc(part, func(r rune) bool { return r >= from && r <= to })
	}
	return len(part) >= 20 && in('a', 'z') && in('A', 'Z') && in('0', '9')
}

// validateRemote checks what only a server needs. Messages do not repeat values that could be keys.
func (c Config) validateRemote(problem func(string, ...any)) {
	u, err := url.Parse(c.URL)
	switch {
	case c.URL == "":
		problem("url: provider openai needs one, such as https://host/v1")
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		problem("url: not an http or https address")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		problem("url: holds more than an address; a key goes into an environment variable that key_env names")
	case strings.Contains(u.Path, keyHere) && c.KeyEnv == "":
		problem("url: has a place for the key, and key_env names no environment variable that holds it")
	case slices.ContainsFunc(strings.Split(u.Path, "/"), looksSecret):
		problem("url: a part of its path looks like a key: write " + keyHere + " there, and put the key into an environment variable that key_env names")
	}
	for _, name := range slices.Sorted(maps.Keys(c.Query)) {
		if looksSecret(c.Query[name]) || secretName.MatchString(name) {
			problem("query.%s: may hold a key; put it into an environment variable that key_env names", name)
		}
	}
	if c.KeyHeader != "" && (!headerName.MatchString(c.KeyHeader) || looksSecret(c.KeyHeader)) {
		problem("key_header: takes the name of a header, not the key itself")
	}
	for _, name := range slices.Sorted(maps.Keys(c.Headers)) {
		switch variable := c.Headers[name]; {
		case !headerName.MatchString(name):
			problem("headers: a header's name is letters, digits and dashes")
		case !envName.MatchString(variable):
			problem("headers.%s: takes the name of an environment variable, in capitals, not the value itself", name)
		}
	}
	if c.KeyEnv != "" && !envName.MatchString(c.KeyEnv) {
		problem("key_env: takes the name of an environment variable, in capitals, not the key itself")
	}
}

// validateBudget checks what calls that may cost money need.
func (c Config) validateBudget(problem func(string, ...any)) {
	switch {
	case c.Budget.USD > 0 && c.Price == nil:
		problem("price: unknown, so that budget.usd cannot be kept; give input and output in USD per million tokens")
	case c.Budget.USD > 0 && (c.Price.Input == 0 || c.Price.Output == 0):
		problem("price: input and output must both be known and more than 0 where budget.usd is to be kept")
	}
	if c.Budget == (Budget{}) {
		problem("budget: a provider that may cost money needs a limit in calls, tokens or usd")
	}
}
