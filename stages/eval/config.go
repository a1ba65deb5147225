package eval

import (
	"errors"
	"fmt"

	"slm/llm"
	"slm/stages"
	"slm/stages/knowledge"
	"slm/stages/route"
	"slm/stages/systems"
)

// Config is the recipe's section eval: which systems are compared, and how sure the table is.
type Config struct {
	Systems   systems.List     `yaml:"systems" unset:"all"`
	Items     int              `yaml:"items" min:"0" doc:"number of test items to use of each exam, taken evenly; 0 = all"`
	Knowledge int              `yaml:"knowledge" min:"1" max:"1000000" auto:"as long as 95 of 100 sections, between 96 and 320" doc:"longest passage, in tokens of the small model's tokenizer; also in kit, bpo and ask"`
	Answer    string           `yaml:"answer" oneof:"choice|free" identity:"changed" doc:"choice: the LLM chooses among the options, and a question without options is not put to it; free: it answers every question in its own words, and sees no options"`
	Judge     *llm.Config      `yaml:"judge" identity:"changed" unset:"none" doc:"an LLM that says of each free answer whether it is right, with the keys of llm; how far it agrees with the metrics is shown. None = there is no judge"`
	Route     Route            `yaml:"route" identity:"changed" doc:"auto shares questions out among the systems by price"`
	Proxy     systems.Proxying `yaml:"proxy" identity:"changed" doc:"how system proxy steers the LLM by the small model (docs/proxy.md)"`
	Intervals Intervals        `yaml:"intervals" doc:"intervals of accuracies and their differences"`
}

// Route is how auto shares questions out among the systems: fitted on development questions, told on the test.
type Route struct {
	Target    string     `yaml:"target" doc:"what is to be reached: \"quality 99 %\" of the best system's at the lowest cost, or the best within \"calls 0.5\" of the LLM or \"usd 1/1000\" for a question; empty: nothing is routed. ask and serve take another by --route"`
	Sure      float64    `yaml:"sure" min:"0.5" max:"0.999" doc:"how probable it has to be, by the development questions, that a quality is reached on others; 0.5: as probable as not. Also in ask and serve"`
	Questions int        `yaml:"questions" min:"40" max:"2000" doc:"development questions of each exam, taken evenly, that all systems answer for it"`
	Price     *llm.Price `yaml:"price" unset:"none" doc:"US dollars for a million tokens, as llm.price; none: a call is what counts"`
}

// Intervals is how uncertainty is measured.
type Intervals struct {
	Method string `yaml:"method" oneof:"paired-bootstrap" doc:"method of the intervals"`
	N      int    `yaml:"n" min:"100" max:"1000000" doc:"number of resamples"`
}

// The ways to answer.
const (
	Choice = "choice"
	Free   = "free"
)

// Default compares the usual systems.
func Default() Config {
	return Config{Systems: systems.Usual(), Answer: Choice, Knowledge: knowledge.DefaultTextTokens, Proxy: systems.DefaultProxying(), Route: Route{Sure: 0.9, Questions: 200}, Intervals: Intervals{Method: "paired-bootstrap", N: 10000}}
}

// Validate checks the systems' names.
func (c Config) Validate() error {
	var errs []error
	if len(c.Systems) == 0 {
		errs = append(errs, errors.New("systems: name at least one"))
	}
	for i, name := range c.Systems {
		if _, err := systems.Resolve([]string{name}); err != nil {
			errs = append(errs, fmt.Errorf("systems[%d]: %w", i, err))
		}
	}
	if c.Route.Target != "" {
		switch t, err := route.Parse(c.Route.Target); {
		case err != nil:
			errs = append(errs, fmt.Errorf("route.target: %w", err))
		case t.Unit == route.USD && c.Route.Price == nil:
			errs = append(errs, errors.New("route.target: dollars take a price (route.price)"))
		}
	}
	if c.Judge != nil {
		if c.Answer != Free {
			errs = append(errs, errors.New("judge: judges free answers, with answer: free only"))
		}
		if joined, ok := c.Judge.Validate().(interface{ Unwrap() []error }); ok {
			for _, err := range joined.Unwrap() {
				errs = append(errs, fmt.Errorf("judge.%w", err))
			}
		}
	}
	return errors.Join(errs...)
}

// others is the judge.
func (c Config) others() []stages.BlackBox {
	if c.Judge == nil {
		return nil
	}
	return []stages.BlackBox{{Name: judgeName, Config: *c.Judge}}
}
