package llm

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"slm/data/form"
)

// Question is a multiple-choice question, with what is known about it.
type Question struct {
	Knowledge string // "" = none
	Question  string
	Choices   []string
}

// Choice is how a question was answered.
type Choice struct {
	Index  int       // of the choice that was picked; -1 = the reply names none, which counts as wrong
	Scores []float64 // one a choice: mean log-probability of its tokens. Only by cloze
	Margin float64   // best score less second best. Only by cloze
	Text   string    // the reply. Only by letter
	Calls  int       // that the question takes, whether or not they had been stored
	Tokens int       // prompt and output, as reported
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
		r := Request{Prompt: form.Cloze(q.Knowledge, q.Question)}
		for i, c := range q.Choices {
			c = strings.TrimSpace(c)
			if c == "" {
				return Request{}, fmt.Errorf("llm: %w: choice %d is empty", ErrRequest, i+1)
			}
			r.Options = append(r.Options, form.Continuation(c))
		}
		return r, nil
	case Letter:
		return Request{Prompt: form.Letters(q.Knowledge, q.Question, q.Choices), MaxTokens: letterTokens, Chat: true}, nil
	}
	return Request{}, fmt.Errorf("llm: %w: style %q is neither cloze nor letter", ErrRequest, style)
}

// Answer asks a client questions, all in one Do. By cloze the choice with the highest mean log-probability per token is picked, the first
// of equals. Scores that are all equal tell nothing, and are refused with ErrScores instead of being taken for chance.
func Answer(ctx context.Context, c Client, style string, qs []Question) ([]Choice, error) {
	reqs := make([]Request, len(qs))
	for i, q := range qs {
		var err error
		if reqs[i], err = Render(style, q); err != nil {
			return nil, fmt.Errorf("%w (question %d)", err, i+1)
		}
	}
	replies, err := c.Do(ctx, reqs)
	if err != nil {
		return nil, err
	}
	if len(replies) != len(qs) {
		return nil, fmt.Errorf("llm: %w: %d replies to %d questions", ErrReply, len(replies), len(qs))
	}
	out := make([]Choice, len(qs))
	for i, r := range replies {
		out[i] = Choice{Index: -1, Calls: max(1, r.Calls), Tokens: r.PromptTokens + r.OutputTokens}
		if style == Letter {
			out[i].Text = r.Text
			out[i].Index = parseLetter(r.Text, qs[i].Choices)
			continue
		}
		if err := out[i].pick(r, reqs[i].Options); err != nil {
			return nil, fmt.Errorf("%w (question %d)", err, i+1)
		}
	}
	return out, nil
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
	return nil
}

var (
	leadingLetter = regexp.MustCompile(`^[^\pL\pN]*([A-Za-z])[^\pL\pN]*(?:$|[).:,;\]*\n])`)
	namedLetter   = regexp.MustCompile(`(?i)\b(?:answer|option|choice)(?:\s+is)?\s*:?[^\pL\pN]*([A-Z])(?:$|[^\pL\pN'])`)
)

// parseLetter finds the choice that a reply names: a letter on its own at its start, one after "answer" or "option", the text of a choice,
// or else the first capital letter that stands alone and is no article. -1 = none of the choices.
func parseLetter(reply string, choices []string) int {
	reply = strings.TrimSpace(reply)
	index := func(letter byte) int {
		if i := int(letter&^0x20) - 'A'; i >= 0 && i < len(choices) {
			return i
		}
		return -1
	}
	if m := leadingLetter.FindStringSubmatch(reply); m != nil {
		return index(m[1][0])
	}
	if m := namedLetter.FindStringSubmatch(reply); m != nil {
		return index(m[1][0])
	}
	for i, c := range choices {
		if strings.EqualFold(strings.Trim(reply, " ."), strings.Trim(c, " .")) {
			return i
		}
	}
	words := []rune(reply)
	part := func(i int) bool {
		return i >= 0 && i < len(words) && (unicode.IsLetter(words[i]) || unicode.IsDigit(words[i]) || words[i] == '\'')
	}
	for i, r := range words {
		if r < 'A' || r > 'Z' || part(i-1) || part(i+1) {
			continue
		}
		article := r == 'A' && i+2 < len(words) && words[i+1] == ' ' && unicode.IsLower(words[i+2]) && begins(words[:i])
		if k := index(byte(r)); k >= 0 && !article {
			return k
		}
	}
	return -1
}

// begins says that a sentence begins after this text: only there has the article a capital letter.
func begins(before []rune) bool {
	for i := len(before) - 1; i >= 0; i-- {
		if !unicode.IsSpace(before[i]) {
			return strings.ContainsRune(".!?:", before[i])
		}
	}
	return true
}
