package llm

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"slm/data/redact"
)

// parrot says what it was asked.
type parrot struct{ asked []Request }

func (p *parrot) Do(_ context.Context, reqs []Request) (out []Reply, err error) {
	p.asked = append(p.asked, reqs...)
	for _, r := range reqs {
		out = append(out, Reply{Text: "You said: " + r.Prompt})
	}
	return out, nil
}
func (p *parrot) Info() Info { return Info{Model: "parrot"} }

func TestRedacted_ModelIsToldNoPersonalData(t *testing.T) {
	r, err := redact.New([]string{"email", "phone"})
	if err != nil {
		t.Fatal(err)
	}
	p := &parrot{}
	c := Redacted(p, r)
	reqs := []Request{
		{Prompt: "Is ann@example.org or +49 30 1234567 right?", Options: []string{" ann@example.org", " neither"}, MaxTokens: 5, Chat: true},
		{Prompt: "And bob@example.org?", MaxTokens: 5},
	}
	replies, err := c.Do(context.Background(), reqs)
	if err != nil {
		t.Fatal(err)
	}
	if told := fmt.Sprint(p.asked); strings.Contains(told, "@") || strings.Contains(told, "1234567") || p.asked[0].Options[0] != " [EMAIL_1]" || p.asked[0].MaxTokens != 5 || !p.asked[0].Chat {
		t.Errorf("it is told %v", p.asked)
	}
	if replies[0].Text != "You said: "+reqs[0].Prompt || replies[1].Text != "You said: "+reqs[1].Prompt || reqs[0].Options[0] != " ann@example.org" {
		t.Errorf("%+v, of %+v", replies, reqs)
	}
	if Label(c, "x"); c.Info().Model != "parrot" {
		t.Error(c.Info())
	}
}
