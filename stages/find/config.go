package find

import (
	"errors"
	"fmt"
	"slices"

	"slm/llm"
	"slm/stages/search"
)

// Config is the recipe's section stages.find: what sections are found with.
type Config struct {
	Fuse   string   `yaml:"fuse" oneof:"none|rrf|learned" doc:"how signals are put together: reciprocal ranks, or weights that begin with those of people's questions about other texts and are fitted on the training and development questions that people have asked here; none = the run has no such stage, and search is by keywords alone"`
	Dense  []string `yaml:"dense" unset:"none" doc:"encoders whose vectors are searched beside the keywords"`
	Bridge bool     `yaml:"bridge" doc:"the small model puts what was found into a better order and says how much of it to give (systems bridge and auto); fitted on the training and development questions, and on some that rules make"`
	Gate   bool     `yaml:"gate" doc:"says how sure the small model and the search may be, and chooses what the LLM is given (system auto, which answers slm ask then); fitted on the same questions; needs bridge"`

	Reward int `yaml:"reward" identity:"changed" min:"0" max:"1000" doc:"questions with choices that the LLM answers alone, with one passage and with all that the gate would give: by what came out the gate learns what helps; 0 = it is not asked, and is taken to guess"`

	Server *llm.Config `yaml:"server" identity:"changed" unset:"none" doc:"the server that makes the vectors of the encoder server, with the keys of llm and provider: embeddings"`

	Aliases map[string][]string `yaml:"-"` // data.aliases
	Passage int                 `yaml:"-"` // eval.knowledge
}

// Default has no stage.
func Default() Config { return Config{Fuse: search.None, Dense: []string{}, Reward: 120} }

// asks says whether the stage asks the black box.
func (c Config) asks() bool { return c.Gate && c.Reward > 0 }

// Validate checks the encoders' names.
func (c Config) Validate() error {
	var errs []error
	if c.Fuse == search.None && len(c.Dense) > 0 {
		errs = append(errs, errors.New("dense: is read with fuse: rrf or learned only"))
	}
	if c.Fuse == search.None && c.Bridge {
		errs = append(errs, errors.New("bridge: is read with fuse: rrf or learned only"))
	}
	if c.Gate && !c.Bridge {
		errs = append(errs, errors.New("gate: needs bridge: true"))
	}
	for i, name := range c.Dense {
		if _, err := search.LookupEncoder(name); err != nil {
			errs = append(errs, fmt.Errorf("dense[%d]: %w", i, err))
		}
		if slices.Index(c.Dense, name) < i {
			errs = append(errs, fmt.Errorf("dense[%d]: %s stands there twice", i, name))
		}
	}
	switch named := slices.Contains(c.Dense, search.ServerName); {
	case named && c.Server == nil:
		errs = append(errs, errors.New("dense: server is the model of a server: give stages.find.server with provider: embeddings, model and url"))
	case c.Server != nil && !named:
		errs = append(errs, errors.New("server: is read where dense names server only"))
	}
	if c.Server != nil {
		if joined, ok := c.Server.ValidateVectors().(interface{ Unwrap() []error }); ok {
			for _, err := range joined.Unwrap() {
				errs = append(errs, fmt.Errorf("server.%w", err))
			}
		}
	}
	return errors.Join(errs...)
}
