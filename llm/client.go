package llm

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Why the black box gave no answer. Test with errors.Is. Replies that came before the error are kept and not paid for again.
var (
	// ErrBudget: the next call could go over the budget.
	ErrBudget = errors.New("budget reached")
	// ErrAuth: no key, or one that the server does not take.
	ErrAuth = errors.New("not authorised")
	// ErrQuota: the server's own limit, or too many requests for longer than the retries last.
	ErrQuota = errors.New("quota used up")
	// ErrUnavailable: no usable answer, for any other reason; those below are kinds of it.
	ErrUnavailable = errors.New("language model unavailable")
	// ErrOffline: offline, and the reply is not among those stored.
	ErrOffline = fmt.Errorf("%w: offline", ErrUnavailable)
	// ErrNoWeights: the file of weights is not there or not the one expected.
	ErrNoWeights = fmt.Errorf("%w: no weights", ErrUnavailable)
	// ErrRequest: the model or its server refuses the request itself, so that asking again is of no use.
	ErrRequest = fmt.Errorf("%w: request refused", ErrUnavailable)
	// ErrNoText: a kind of ErrRequest: the model chooses among options and writes nothing.
	ErrNoText = fmt.Errorf("%w: it writes no text", ErrRequest)
	// ErrTooLong: a kind of ErrRequest: prompt and reply do not fit into the model's context.
	ErrTooLong = fmt.Errorf("%w: longer than the model's context", ErrRequest)
	// ErrReply: a reply that cannot be used, such as one without the log-probabilities that were asked for.
	ErrReply = fmt.Errorf("%w: unusable reply", ErrUnavailable)
	// ErrNoEcho: a kind of ErrReply: the server tells nothing of the prompt's tokens.
	ErrNoEcho = fmt.Errorf("%w: a prompt is not echoed with its log-probabilities", ErrReply)
	// ErrScores: a kind of ErrReply: stored scores that tell options not apart. Asking again gives the same ones.
	ErrScores = fmt.Errorf("%w: scores that tell nothing", ErrReply)
)

// Request is one question to the black box. With Options it asks how likely each of them is right after Prompt, and nothing is generated;
// the space between the two, if there is one, belongs to the option. With Top it asks for the likeliest next tokens (Info.CanShow). Else it asks for a completion: the likeliest, unless Temperature says otherwise.
type Request struct {
	Prompt    string   `json:"prompt"`
	Options   []string `json:"options,omitempty"`
	MaxTokens int      `json:"max_tokens,omitempty"` // of a completion
	Stop      []string `json:"stop,omitempty"`
	Chat      bool     `json:"chat,omitempty"` // Prompt is a user's message; else plain text to be continued

	Temperature float64 `json:"temperature,omitempty"` // of a completion; 0 = its likeliest tokens
	Sample      int64   `json:"sample,omitempty"`      // which of several that are drawn: the seed, for those who take one

	Tokens []int32 `json:"tokens,omitempty"` // the prompt in the model's tokens, in place of Prompt
	Along  []int32 `json:"along,omitempty"`  // what follows it: told is of each of these tokens, not of the one behind Tokens
	Top    int     `json:"top,omitempty"`    // how many of the likeliest tokens are told
	Next   *int32  `json:"next,omitempty"`   // a token that is to be generated in place of the likeliest: the reply tells what its probability is without that
	Whole  int32   `json:"whole,omitempty"`  // a token of whole characters, for servers that tell nothing where they generate half of one; 0 = not known
}

// Score is how likely an option is.
type Score struct {
	LogProb float64 `json:"logprob"` // natural logarithm, summed over the option's tokens
	Tokens  int     `json:"tokens"`
}

// Reply answers one Request.
type Reply struct {
	Text         string     `json:"text,omitempty"`
	Cut          bool       `json:"cut,omitempty"`       // the text ends because MaxTokens were reached
	None         *NoAnswer  `json:"no_answer,omitempty"` // why there is neither text nor scores; nil = there is
	Scores       []Score    `json:"scores,omitempty"`    // one an option
	Shown        [][]Likely `json:"shown,omitempty"`     // the likeliest tokens, the likeliest first: of the next token or, with Along, of each of its
	Read         []Likely   `json:"read,omitempty"`      // with Along or Next: these tokens as the server names them
	PromptTokens int        `json:"prompt_tokens"`       // as the provider counts them
	OutputTokens int        `json:"output_tokens"`
	Calls        int        `json:"-"` // that it took when it was asked first, retries apart
	Cached       bool       `json:"-"` // nothing was asked

	said limits // by the server beside it
}

// Info says what a client asks.
type Info struct {
	Provider string `json:"provider"` // local, openai or overlap
	Model    string `json:"model"`
	Digest   string `json:"digest"` // of what decides its answers: weights and kernel, or URL and name
	CanScore bool   `json:"-"`      // Options are answered
	CanShow  bool   `json:"-"`      // Top is answered, if the server does
}

// Client is a black box. Do returns a reply for each request, in order, or an error and no replies. It may be called from several
// goroutines.
type Client interface {
	Do(ctx context.Context, reqs []Request) ([]Reply, error)
	Info() Info
}

// Label tells a client who asks from now on, if it keeps account of that. The parts, which are all that decides what is asked, make the label.
func Label(c Client, parts ...any) {
	if l, ok := c.(interface{ Label(string) }); ok {
		sum := sha256.Sum256([]byte(fmt.Sprint(parts...))) // fmt sorts maps
		l.Label(hex.EncodeToString(sum[:8]))
	}
}

// Used is how many replies a client has on record as used under the label that holds, over all restarts of a run; 0 if it keeps no account. Partial
// work that says how many it was built on can tell whether they are still there: a copy of a run that is made while it works may lack some.
func Used(c Client) int {
	if u, ok := c.(interface{ Used() int }); ok {
		return u.Used()
	}
	return 0
}

// key is the content address of a request to a model: the SHA-256 of its canonical JSON.
func (i Info) key(r Request) (string, error) {
	data, err := canonical(struct {
		V        int     `json:"v"`
		Provider string  `json:"provider"`
		Model    string  `json:"model"`
		Digest   string  `json:"digest"`
		Request  Request `json:"request"`
	}{1, i.Provider, i.Model, i.Digest, r})
	if err != nil {
		return "", fmt.Errorf("llm: key: %w", err)
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), nil
}

// canonical is JSON in the order of the struct's fields, with nothing escaped without need and no white space.
func canonical(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

// normal checks a request and gives it the one form in which it is keyed and sent: valid UTF-8, and nothing set that is not used.
func (r Request) normal() (Request, error) {
	valid := func(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
	all := func(in []string) []string {
		var out []string
		for _, s := range in {
			out = append(out, valid(s))
		}
		return out
	}
	if r.peek() {
		return r.normalPeek()
	}
	n := Request{Prompt: valid(r.Prompt), Options: all(r.Options), Stop: all(r.Stop), MaxTokens: r.MaxTokens, Chat: r.Chat}
	if len(r.Options) == 0 && r.Temperature > 0 {
		n.Temperature, n.Sample = r.Temperature, r.Sample
	}
	if n.Prompt == "" {
		return n, fmt.Errorf("llm: %w: empty prompt", ErrRequest)
	}
	if len(n.Options) > 0 {
		n.MaxTokens, n.Stop = 0, nil
		for i, o := range n.Options {
			if o == "" {
				return n, fmt.Errorf("llm: %w: option %d is empty", ErrRequest, i+1)
			}
		}
	} else if n.MaxTokens < 1 {
		return n, fmt.Errorf("llm: %w: a completion needs MaxTokens", ErrRequest)
	}
	return n, nil
}
