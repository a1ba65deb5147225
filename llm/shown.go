package llm

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Likely is a token as a server names it, with its log-probability.
type Likely struct {
	ID      *int32  `json:"id,omitempty"`     // nil = the server does not say
	Text    []byte  `json:"text,omitempty"`   // as the server spells it; none where it is a part of a character and has no spelling, or a token without a text
	LogProb float64 `json:"logprob"`          // natural logarithm
	Untold  bool    `json:"untold,omitempty"` // it has neither an id nor a text that tells it from others
}

// peek is a request for the likeliest next tokens: the prompt is tokens, so that both sides mean the same.
func (r Request) peek() bool { return r.Top > 0 }

// places is of how many tokens a reply tells the likeliest ones.
func (r Request) places() int { return max(1, len(r.Along)) }

// named is of how many tokens that the request names a reply tells.
func (r Request) named() int {
	if r.Next != nil {
		return 1
	}
	return len(r.Along)
}

// normalPeek checks a request for next tokens.
func (r Request) normalPeek() (Request, error) {
	n := Request{Tokens: r.Tokens, Along: r.Along, Top: r.Top, Next: r.Next, Whole: r.Whole}
	switch {
	case r.Next != nil && len(r.Along) > 0:
		return n, fmt.Errorf("llm: %w: a token that is generated and tokens that are read do not go together", ErrRequest)
	case r.Prompt != "" || len(r.Options) > 0 || r.Chat || r.MaxTokens > 0:
		return n, fmt.Errorf("llm: %w: next tokens are told of a prompt in tokens, and nothing else with them", ErrRequest)
	case len(r.Tokens) == 0:
		return n, fmt.Errorf("llm: %w: empty prompt", ErrRequest)
	}
	return n, nil
}

// wireToken is a token as chats have it, and llama.cpp's server everywhere.
type wireToken struct {
	ID      *int32   `json:"id"` // llama.cpp
	Token   string   `json:"token"`
	Bytes   []int    `json:"bytes"`
	LogProb *float64 `json:"logprob"`

	Top []wireToken `json:"top_logprobs"`
}

// leastLogProb is below what any server gives a token that it has computed: some write numbers such as −9999 for none.
const leastLogProb = -1000

// floored is a log-probability that a server tells; nil = it tells none.
func floored(p *float64) float64 {
	if p == nil || *p < leastLogProb {
		return leastLogProb
	}
	return *p
}

// byName is a token that is told by its name alone.
func byName(name string, logProb *float64) Likely {
	text := spelled(name)
	return Likely{Text: text, LogProb: floored(logProb), Untold: len(text) == 0}
}

// certain is what is added to the logit of a token that is to be generated. What is told are the probabilities without it.
const certain = 100

// peek is the call for next tokens. One is generated, because servers disagree about what 0 means.
func (p *openAI) peek(r Request) (sampling, any) {
	how := p.dialect.sampling(1, nil)
	var bias map[int32]int
	if r.Next != nil {
		bias = map[int32]int{*r.Next: certain}
	} else if p.dialect.whole() && r.Whole > 0 {
		bias = map[int32]int{r.Whole: certain}
	}
	return how, completionRequest{Bias: bias, Model: p.cfg.Model, Prompt: slices.Concat(r.Tokens, r.Along), sampling: how, Echo: len(r.Along) > 0, LogProbs: &r.Top}
}

// peeked reads the reply to it.
func (p *openAI) peeked(got *completionReply, r Request) (Reply, error) {
	c := got.Choices[0]
	if c.LogProbs == nil && r.Whole > 0 && c.Text != nil && strings.ContainsRune(*c.Text, utf8.RuneError) { // it may have been asked before another call found that out
		p.dialect.learnWhole()
		return Reply{}, &fault{err: fmt.Errorf("llm: %w: %s tells nothing of next tokens where half a character is generated", ErrReply, p.server), again: true, adapted: true, sent: true, billed: true}
	}
	reply, err := peeked(got, r)
	if err == nil {
		return reply, nil
	}
	f := asFault(p.unusable(err.Error(), false))
	if errors.Is(err, ErrNoEcho) {
		f.err = fmt.Errorf("llm: %w (%s)", err, p.server)
	}
	return Reply{}, f
}

// peeked reads what a reply tells of next tokens.
func peeked(got *completionReply, r Request) (Reply, error) {
	lp := got.Choices[0].LogProbs
	switch {
	case lp == nil:
		return Reply{}, errors.New("no log-probabilities came back: this server does not show its next tokens")
	case filled(lp.Content):
		return peekedContent(lp.Content, r)
	}
	return peekedLists(lp, r)
}

// filled says that a value stands in a field.
func filled(raw json.RawMessage) bool {
	raw = bytes.TrimSpace(raw)
	return len(raw) > 0 && !bytes.Equal(raw, []byte("null"))
}

// peekedContent reads the form of chats, which tells of what was generated alone.
func peekedContent(raw json.RawMessage, r Request) (Reply, error) {
	var tokens []wireToken
	if err := json.Unmarshal(raw, &tokens); err != nil {
		return Reply{}, fmt.Errorf("logprobs.content has another form: %w", err)
	}
	switch {
	case len(r.Along) > 0:
		return Reply{}, fmt.Errorf("%w: log-probabilities came back of what is generated alone", ErrNoEcho)
	case len(tokens) == 0:
		return Reply{}, errors.New("no log-probabilities came back: this server does not show its next tokens")
	}
	var place []Likely
	for _, t := range tokens[0].Top {
		place = append(place, t.likely())
	}
	place, err := enough(place, r.Top)
	out := Reply{Shown: [][]Likely{place}}
	if r.Next != nil && err == nil {
		next := tokens[0].likely()
		if next.ID == nil || *next.ID != *r.Next || tokens[0].LogProb == nil {
			return Reply{}, fmt.Errorf("%w: the server does not generate the token that it is made to", ErrNoEcho)
		}
		_, err = enough([]Likely{next}, 1)
		out.Read = []Likely{next}
	}
	return out, err
}

// likely is the token as a reply has it.
func (t wireToken) likely() Likely {
	l := Likely{ID: t.ID, LogProb: floored(t.LogProb)}
	if len(t.Bytes) == 0 {
		l.Text = spelled(t.Token)
	}
	for _, b := range t.Bytes {
		l.Text = append(l.Text, byte(b))
	}
	l.Untold = l.ID == nil && len(l.Text) == 0
	return l
}

// peekedLists reads the form of completions: a list with an entry for each token of prompt and output, or of the output alone.
func peekedLists(lp *wireLogProbs, r Request) (Reply, error) {
	if r.Next != nil {
		return Reply{}, fmt.Errorf("%w: log-probabilities came back without the numbers of tokens", ErrNoEcho)
	}
	var top []map[string]*float64
	if len(lp.Top) > 0 {
		if err := json.Unmarshal(lp.Top, &top); err != nil {
			return Reply{}, fmt.Errorf("top_logprobs has another form: %w", err)
		}
	}
	from := 0
	if len(r.Along) > 0 {
		from = len(r.Tokens)
		// As with likelihoods of options, the generated token must stand behind: a server that leaves it out may have moved the others by one place.
		if want := from + len(r.Along) + 1; len(lp.Tokens) < want || len(lp.TokenLogProbs) != len(lp.Tokens) {
			return Reply{}, fmt.Errorf("%w: log-probabilities of %d tokens came back, not of the %d that were sent and one more", ErrNoEcho, len(lp.Tokens), want-1)
		} else if len(lp.Tokens) > want {
			return Reply{}, fmt.Errorf("log-probabilities of %d tokens came back, where %d were sent and one is generated: the server reads the prompt as other tokens", len(lp.Tokens), want-1)
		}
	}
	var out Reply
	for k := range r.places() {
		if from+k >= len(top) || len(top[from+k]) == 0 {
			return Reply{}, errors.New("no likeliest tokens came back: this server does not show its next tokens")
		}
		var place []Likely
		for name, p := range top[from+k] {
			place = append(place, byName(name, p))
		}
		place, err := enough(place, r.Top)
		if err != nil {
			return Reply{}, err
		}
		if out.Shown = append(out.Shown, place); len(r.Along) == 0 {
			continue
		}
		out.Read = append(out.Read, byName(lp.Tokens[from+k], lp.TokenLogProbs[from+k]))
	}
	return out, nil
}

// enough checks the tokens of a place and puts them into an order that does not depend on the reply's.
func enough(place []Likely, top int) ([]Likely, error) {
	untold := false
	for _, l := range place {
		untold = untold || l.Untold
		if !(l.LogProb <= 1e-3) || math.IsInf(l.LogProb, 0) {
			return nil, fmt.Errorf("a token has the log-probability %v", l.LogProb)
		}
	}
	// Parts of characters may have one name together, so that there are fewer names than tokens.
	if len(place) < top && !untold {
		return nil, fmt.Errorf("%d likeliest tokens came back of the %d that were asked for; ask for as many as the server shows", len(place), top)
	}
	sortLikely(place)
	return place, nil
}

// spelled is a token's text: of a part of a character the bytes that OpenAI's form "bytes:\xe2\x80" has; nothing where replacement characters stand for them.
func spelled(name string) []byte {
	if hex, ok := strings.CutPrefix(name, `bytes:\x`); ok {
		var out []byte
		for _, part := range strings.Split(hex, `\x`) {
			b, err := strconv.ParseUint(part, 16, 8)
			if err != nil || len(part) != 2 {
				return []byte(name)
			}
			out = append(out, byte(b))
		}
		return out
	}
	if strings.ContainsRune(name, utf8.RuneError) {
		return nil
	}
	return []byte(name)
}

// sortLikely puts the likeliest first, and of equals in the order of their names.
func sortLikely(place []Likely) {
	slices.SortFunc(place, func(a, b Likely) int {
		id := func(l Likely) int32 {
			if l.ID == nil {
				return -1
			}
			return *l.ID
		}
		return cmp.Or(cmp.Compare(b.LogProb, a.LogProb), cmp.Compare(id(a), id(b)), bytes.Compare(a.Text, b.Text))
	})
}
