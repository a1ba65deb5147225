package writer

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"slm/data/corpus"
	"slm/data/exam"
	"slm/data/form"
	"slm/llm"
	"slm/stages/domain"
	"slm/stages/stagetest"
)

// subjects are what the sections are about: a word, and the answer to a question about it.
var subjects = [][2]string{
	{"apples", "in autumn"}, {"bridges", "the engineer of the town"}, {"candles", "forty hours"}, {"dogs", "on a short lead"},
	{"engines", "oil from Norway"}, {"ferries", "twice a day except Sundays"}, {"gardens", "with permission of neighbours"}, {"hammers", "steel and ash wood"},
}

// newDomain has a section for each subject. Section 1 is held out for development and 2 for the test.
func newDomain(t *testing.T) *domain.Domain {
	t.Helper()
	spec := stagetest.Spec{
		Forms: form.Set{Place: "{title}, section {number}:", Document: []string{"{title}, section {number}:"}, Question: []string{"What does section {number} of {title} say?"}},
		Item: func(i int, item *exam.Item) bool {
			item.Split = []string{exam.Train, exam.Dev, exam.Test, exam.Train}[i%4]
			if i == 2 {
				item.Question = "For how many hours may candles burn in a church at night?"
			}
			return true
		},
	}
	for i, s := range subjects {
		spec.Sections = append(spec.Sections, corpus.Section{
			ID: fmt.Sprintf("Act#%d", i), Title: "Act", Number: fmt.Sprint(i), Source: "act.txt",
			Text: fmt.Sprintf("Rules on %s. Whoever keeps %s in this county shall register them with the clerk before the month of May is over. The measure for %s is %s.", s[0], s[0], s[0], s[1]),
		})
	}
	return stagetest.Domain(t, spec)
}

// fake is a language model that writes what a test says, and judges.
type fake struct {
	t      *testing.T
	name   string
	writes func(section int) string                       // questions about a section
	picks  func(question string, known bool) (right bool) // nil = right with the knowledge alone
	none   func(prompt string) *llm.NoAnswer              // nil = there always is an answer
	fails  func(call int) error                           // nil = never
	calls  int
	asked  []string
}

func (f *fake) Info() llm.Info { return llm.Info{Provider: "fake", Model: f.name, CanScore: true} }

func (f *fake) Do(_ context.Context, reqs []llm.Request) ([]llm.Reply, error) {
	out := make([]llm.Reply, len(reqs))
	for i, r := range reqs {
		f.calls++
		if f.fails != nil {
			if err := f.fails(f.calls); err != nil {
				return nil, err
			}
		}
		f.asked = append(f.asked, r.Prompt)
		out[i] = llm.Reply{Calls: 1, PromptTokens: 10, OutputTokens: 1}
		if f.none != nil {
			if out[i].None = f.none(r.Prompt); out[i].None != nil {
				continue
			}
		}
		switch section := slices.IndexFunc(subjects, func(s [2]string) bool { return strings.Contains(r.Prompt, "Rules on "+s[0]) }); {
		case len(r.Options) > 0:
			f.score(r, &out[i], section >= 0)
		case strings.Contains(r.Prompt, "Write in this form"):
			out[i].Text = f.writes(section)
		case strings.Contains(r.Prompt, "Answer from the text above"):
			out[i].Text = "Answer: " + subjects[section][1] + "\nthat is all"
		default:
			f.t.Errorf("asked something else: %q", r.Prompt)
		}
	}
	return out, nil
}

// score makes the right option the likeliest, or the least likely.
func (f *fake) score(r llm.Request, reply *llm.Reply, known bool) {
	question := r.Prompt[strings.LastIndex(r.Prompt, "Question: "):]
	right := known
	if f.picks != nil {
		right = f.picks(question, known)
	}
	for c, option := range r.Options {
		lp := -5 - float64(c)
		for _, s := range subjects {
			if strings.Contains(question, s[0]) && strings.TrimSpace(option) == s[1] || strings.Contains(question, "allowed") && strings.TrimSpace(option) == "Yes" {
				lp = map[bool]float64{true: -1, false: -20}[right]
			}
		}
		reply.Scores = append(reply.Scores, llm.Score{LogProb: lp, Tokens: 1})
	}
}

// asking is a question whose words depend on the section, so that no two are alike.
func asking(i int) string {
	return fmt.Sprintf([]string{
		"My uncle wants to keep %s, what is the measure?", "How are %s counted around here?", "Tell me: which limit holds when I own %s?", "What size may %s have in our county?",
		"I bought %s yesterday. What must I respect?", "Up to what do %s remain free of charge?", "Who knows the rule about %s at home?", "When somebody sells %s, what applies?",
	}[i], subjects[i][0])
}

func job(t *testing.T, writer, judge *fake) Job {
	t.Helper()
	for _, f := range []*fake{writer, judge} {
		f.t = t
	}
	return Job{Config: Default(), Domain: newDomain(t), Seed: 3, Writer: writer, Judge: judge, Answer: llm.Cloze, Passage: 200, Tell: func(string, int, int) {}}
}
