package llm

import (
	"context"
	"fmt"
	"strings"

	"slm/data/form"
)

// Question is a multiple-choice question, with what is known about it.
type Question struct {
	Knowledge string // "" = none
	Question  string
	Choices   []string
	Wording   form.Wording // how it is put
	Norm      string       // how the options' scores are made comparable: Mean, which "" stands for, Sum or PMI. Only by cloze
}

// Ways to make the log-probabilities of options of different length comparable.
const (
	Mean = "mean" // a token
	Sum  = "sum"  // of the whole option
	PMI  = "pmi"  // of the whole option, less that without knowledge and question (Holtzman et al., EMNLP 2021, eq. 3)
)

// Choice is how a question was answered.
type Choice struct {
	Index  int       // of the choice that was picked; -1 = the reply names none, which counts as wrong, or there is no answer
	None   *NoAnswer // why there is no answer, which counts as nothing; nil = there is one
	Scores []float64 // one a choice: mean log-probability of its tokens, or as Question.Norm has it. Only by cloze
	Margin float64   // best score less second best. Only by cloze
	Text   string    // the reply. Only by letter
	Calls  int       // that the question takes, whether or not they had been stored
	Tokens int       // prompt and output, as reported,

	Written int // and of them those of the output
}

// letterTokens is how long a reply that names a letter may be. // tokens
const letterTokens = 16

// Render makes a request of a question. Its words are those of package form.
func Render(style string, q Question) (Request, error) {
	if len(q.Choices) < 2 || len(q.Choices) > 26 {
		return Request{}, fmt.Errorf("llm: %w: a question with %d choices", ErrRequest, len(q.Choices))
	}
	switch style {
	case Cloze:
		r := Request{Prompt: q.Wording.Cloze(q.Knowledge, q.Question)}
		for i, c := range q.Choices {
			c = strings.TrimSpace(c)
			if c == "" {
				return Request{}, fmt.Errorf("llm: %w: choice %d is empty", ErrRequest, i+1)
			}
			r.Options = append(r.Options, form.Continuation(c))
		}
		return r, nil
	case Letter:
		return Request{Prompt: q.Wording.Letters(q.Knowledge, q.Question, q.Choices), MaxTokens: letterTokens, Chat: true}, nil
	}
	return Request{}, fmt.Errorf("llm: %w: style %q is neither cloze nor letter", ErrRequest, style)
}

// Answer asks a client questions, all in one Do. By cloze the choice with the highest score is picked, the first of equals: with the mean
// log-probability per token, unless the question says otherwise. Scores that are all equal tell nothing, and are refused with ErrScores instead of being taken for chance. By letter a reply that
// ends before it has decided, as of a model that thinks, is asked for again with room for as many tokens as the client allows.
func Answer(ctx context.Context, c Client, style string, qs []Question) ([]Choice, error) {
	reqs := make([]Request, len(qs))
	bare := make([]int, len(qs)) // where the bare options' request is; 0 = nowhere
	for i, q := range qs {
		var err error
		if reqs[i], err = Render(style, q); err != nil {
			return nil, fmt.Errorf("%w (question %d)", err, i+1)
		}
		if style == Cloze && q.Norm == PMI {
			bare[i] = len(reqs)
			reqs = append(reqs, Request{Prompt: q.Wording.Bare(), Options: reqs[i].Options})
		}
	}
	replies, err := grow(ctx, c, reqs, func(i int, r Reply) bool { return style == Letter && undecided(r, qs[i].Choices) })
	if err != nil {
		return nil, err
	}
	out := make([]Choice, len(qs))
	for i, r := range replies[:len(qs)] {
		out[i] = Choice{Index: -1, None: r.None, Calls: r.Calls, Tokens: r.PromptTokens + r.OutputTokens, Written: r.OutputTokens}
		switch {
		case r.None != nil:
		case style == Letter:
			out[i].Text, _ = visible(r.Text)
			out[i].Index, _ = parseLetter(r.Text, qs[i].Choices)
		default:
			if err := out[i].pick(r, reqs[i].Options); err != nil {
				return nil, fmt.Errorf("%w (question %d)", err, i+1)
			}
			if err := out[i].normalise(qs[i].Norm, r, replies[bare[i]]); err != nil {
				return nil, fmt.Errorf("%w (question %d)", err, i+1)
			}
		}
	}
	return out, nil
}

// undecided says that a reply came to its end before it named a choice for certain.
func undecided(r Reply, choices []string) bool {
	text, thinking := visible(r.Text)
	if !r.Cut && !thinking {
		return false
	}
	_, sure := parseLetter(text, choices)
	return !sure
}

// Write asks for replies to messages, all in one Do, each of at most so many tokens besides what the model thinks. Texts come without the
// thoughts, also to a listener (Hear), which is told of one message alone.
func Write(ctx context.Context, c Client, messages []string, tokens int) ([]Reply, error) {
	reqs := make([]Request, len(messages))
	for i, m := range messages {
		reqs[i] = Request{Prompt: m, MaxTokens: tokens, Chat: true}
	}
	if ctx = HearAs(ctx, settled); len(messages) > 1 {
		ctx = Hear(ctx, nil)
	}
	replies, err := grow(ctx, c, reqs, func(_ int, r Reply) bool {
		text, thinking := visible(r.Text)
		return text == "" && (r.Cut || thinking)
	})
	for i := range replies {
		replies[i].Text, _ = visible(replies[i].Text)
	}
	return replies, err
}

// pick takes the likeliest option.
func (c *Choice) pick(r Reply, options []string) error {
	if len(r.Scores) != len(options) {
		return fmt.Errorf("llm: %w: %d scores for %d options", ErrScores, len(r.Scores), len(options))
	}
	equal, same := true, true
	for i, s := range r.Scores {
		if s.Tokens < 1 {
			return fmt.Errorf("llm: %w: option %d has no tokens", ErrScores, i+1)
		}
		c.Scores = append(c.Scores, s.LogProb/float64(s.Tokens))
		equal = equal && s == r.Scores[0]
		same = same && options[i] == options[0]
	}
	if equal && !same {
		return fmt.Errorf("llm: %w: all options are equally likely, which no model says", ErrScores)
	}
	c.decide()
	return nil
}

// normalise replaces the scores by those of another normalisation; bare is the reply about the options by themselves.
func (c *Choice) normalise(norm string, r, bare Reply) error {
	switch norm {
	case "", Mean:
		return nil
	case Sum, PMI:
	default:
		return fmt.Errorf("llm: %w: no normalisation is called %q", ErrRequest, norm)
	}
	if norm == PMI {
		c.Calls, c.Tokens, c.Written = c.Calls+bare.Calls, c.Tokens+bare.PromptTokens+bare.OutputTokens, c.Written+bare.OutputTokens
		if bare.None != nil {
			*c = Choice{Index: -1, None: bare.None, Calls: c.Calls, Tokens: c.Tokens, Written: c.Written}
			return nil
		}
		if len(bare.Scores) != len(r.Scores) {
			return fmt.Errorf("llm: %w: %d scores for %d bare options", ErrScores, len(bare.Scores), len(r.Scores))
		}
	}
	for i, s := range r.Scores {
		c.Scores[i] = s.LogProb
		if norm == PMI {
			c.Scores[i] -= bare.Scores[i].LogProb
		}
	}
	c.decide()
	return nil
}

// decide takes the choice of the highest score.
func (c *Choice) decide() {
	c.Index = 0
	for i, s := range c.Scores {
		if s > c.Scores[c.Index] {
			c.Index = i
		}
	}
	second := -1
	for i := range c.Scores {
		if i != c.Index && (second < 0 || c.Scores[i] > c.Scores[second]) {
			second = i
		}
	}
	c.Margin = c.Scores[c.Index] - c.Scores[second]
}
