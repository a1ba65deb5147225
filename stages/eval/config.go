package eval

import (
	"errors"
	"fmt"

	"slm/report/ladder"
	"slm/stages/knowledge"
)

// Config is the recipe's section eval: which systems are compared, and how sure the table is.
type Config struct {
	Systems   []string  `yaml:"systems"`                         // of ladder.Names; rag stands for rag1 and rag3, and llm is always run
	Items     int       `yaml:"items" min:"0"`                   // test items; 0 = all
	Knowledge int       `yaml:"knowledge" min:"1" max:"1000000"` // tokens of the small model that one passage may have, in every system
	Intervals Intervals `yaml:"intervals"`
}

// Intervals is how uncertainty is measured.
type Intervals struct {
	Method string `yaml:"method" oneof:"paired-bootstrap"`
	N      int    `yaml:"n" min:"100" max:"1000000"` // resamples
}

// Default compares every system.
func Default() Config {
	return Config{Systems: ladder.Names(), Knowledge: knowledge.DefaultTextTokens, Intervals: Intervals{Method: "paired-bootstrap", N: 10000}}
}

// Validate checks the systems' names.
func (c Config) Validate() error {
	var errs []error
	if len(c.Systems) == 0 {
		errs = append(errs, errors.New("systems: name at least one"))
	}
	for i, name := range c.Systems {
		if _, err := ladder.Resolve([]string{name}); err != nil {
			errs = append(errs, fmt.Errorf("systems[%d]: %w", i, err))
		}
	}
	return errors.Join(errs...)
}
