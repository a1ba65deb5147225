package llm

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Provider declares a kind of black box: all that any other part of the program has to know about it. A new one is a file with its
// declaration, and its line in providers.
type Provider struct {
	Name    string
	Meaning string // for the reference of recipes, a clause

	Keys      []string // of the section llm that not every provider reads: url, key_env, weights
	Weights   bool     // it runs weights in this process: model may be a reference to a file
	Metered   bool     // calls may cost money: a budget is required, and a plan says what they will cost
	Elsewhere bool     // a server does the work: how long it takes cannot be measured beforehand
	Vectors   bool     // it makes vectors of texts, and answers nothing
	Splits    bool     // each option of a question is a call of its own, which reads the prompt again

	// validate finds what is wrong with a configuration of this provider; problem takes "key: what is wrong".
	validate func(c Config, problem func(format string, args ...any))
	open     func(c Config, opt Options) (provider, error)
}

// providers are the kinds of black boxes that there are.
var providers = []Provider{localProvider, openAIProvider, overlapProvider, embeddingsProvider}

// provider is an open black box with nothing around it.
type provider interface {
	info() Info
	// parallel is how many calls go out at a time.
	parallel() int
	// ask makes one call. Errors are *fault where another attempt may help.
	ask(ctx context.Context, r Request) (Reply, error)
	close() error
}

// batcher is a provider that can answer requests together, each as if it were asked alone, in one call that cannot be repeated.
type batcher interface {
	provider
	// together is how many at most; 1 = it cannot.
	together() int
	askAll(ctx context.Context, reqs []Request) ([]Reply, error)
}

// grouper is a provider that answers several requests in one call, which is repeated and paced as that of one.
type grouper interface {
	provider
	// group is how many go together now; after fewer(n) at most n.
	group() int
	fewer(n int)
	askGroup(ctx context.Context, reqs []Request) ([]Reply, error)
}

// ProviderName names a provider in a recipe.
type ProviderName string

// Words lists the names, each with what it means. Whether a section may name what makes vectors is checked by Validate and ValidateVectors.
func (ProviderName) Words() [][2]string {
	var out [][2]string
	for _, p := range providers {
		out = append(out, [2]string{p.Name, p.Meaning})
	}
	return out
}

// Kind is the declaration of the section's provider; of one that is unknown it has no name.
func (c Config) Kind() Provider {
	for _, p := range providers {
		if p.Name == string(c.Provider) {
			return p
		}
	}
	return Provider{}
}

// validateProvider finds what does not fit the provider: its own rules, and keys that are set and that it does not read.
func (c Config) validateProvider(problem func(string, ...any)) {
	kind := c.Kind()
	if kind.Name == "" {
		problem("provider: %q is none of %s", c.Provider, strings.Join(names(func(Provider) bool { return true }), ", "))
		return
	}
	kind.validate(c, problem)
	for _, key := range c.given() {
		if !slices.Contains(kind.Keys, key) {
			problem("%s: provider %s does not read it; %s does", key, kind.Name, strings.Join(readers(key), ", "))
		}
	}
}

// given lists the keys that not every provider reads and that are set, in the order of the section's fields.
func (c Config) given() []string {
	var out []string
	section, usual := reflect.ValueOf(c), reflect.ValueOf(Default())
	for i := range section.NumField() {
		key := section.Type().Field(i).Tag.Get("yaml")
		value := section.Field(i)
		if len(readers(key)) > 0 && !value.IsZero() && !reflect.DeepEqual(value.Interface(), usual.Field(i).Interface()) {
			out = append(out, key)
		}
	}
	return out
}

// readers are the providers that read a key of their own.
func readers(key string) []string {
	return names(func(p Provider) bool { return !p.Vectors && slices.Contains(p.Keys, key) })
}

func names(of func(Provider) bool) []string {
	var out []string
	for _, p := range providers {
		if of(p) {
			out = append(out, p.Name)
		}
	}
	return out
}

// openProvider opens the section's provider.
func openProvider(c Config, opt Options) (provider, error) {
	kind := c.Kind()
	if kind.open == nil {
		return nil, fmt.Errorf("llm: provider %q is unknown", c.Provider)
	}
	return kind.open(c, opt)
}
