package eval

import (
	"errors"
	"fmt"

	"slm/stages/knowledge"
	"slm/stages/systems"
)

// Config is the recipe's section eval: which systems are compared, and how sure the table is.
type Config struct {
	Systems   systems.List `yaml:"systems" unset:"all"`
	Items     int          `yaml:"items" min:"0" doc:"number of test items to use, from the first on; 0 = all"`
	Knowledge int          `yaml:"knowledge" min:"1" max:"1000000" doc:"longest passage, in tokens of the small model's tokenizer; also in kit, bpo and ask"`
	Intervals Intervals    `yaml:"intervals" doc:"intervals of accuracies and their differences"`
}

// Intervals is how uncertainty is measured.
type Intervals struct {
	Method string `yaml:"method" oneof:"paired-bootstrap" doc:"method of the intervals"`
	N      int    `yaml:"n" min:"100" max:"1000000" doc:"number of resamples"`
}

// Default compares the usual systems.
func Default() Config {
	return Config{Systems: systems.Usual(), Knowledge: knowledge.DefaultTextTokens, Intervals: Intervals{Method: "paired-bootstrap", N: 10000}}
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
	return errors.Join(errs...)
}
