package llm

import "context"

// echo is a provider of tests: it answers with the last letter of the prompt, and finds options the likelier the longer they are.
type echo struct{}

func init() { providers = append(providers, echoProvider) } // the one line that a provider takes

var echoProvider = Provider{
	Name: "echo", Meaning: "the prompt's own last letter", Keys: []string{"key_env"}, Metered: true,
	validate: func(c Config, problem func(string, ...any)) {
		if c.Model != "echo" {
			problem("model: there is one echo")
		}
	},
	open: func(Config, Options) (provider, error) { return echo{}, nil },
}

func (echo) info() Info    { return Info{Provider: "echo", Model: "echo", Digest: "1", CanScore: true} }
func (echo) parallel() int { return 2 }
func (echo) close() error  { return nil }

func (echo) ask(_ context.Context, r Request) (Reply, error) {
	reply := Reply{Text: r.Prompt[len(r.Prompt)-1:], PromptTokens: 1, OutputTokens: 1}
	for _, o := range r.Options {
		reply.Scores = append(reply.Scores, Score{LogProb: -1 / float64(len(o)), Tokens: 1})
	}
	return reply, nil
}
